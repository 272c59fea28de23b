import { spawn } from "node:child_process";
import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";

const examples = fileURLToPath(new URL("../../examples/", import.meta.url));
const zipcodes = fileURLToPath(new URL("../data/zipcodes.csv", import.meta.resolve("vega-datasets")));
const folder = mkdtempSync(join(tmpdir(), "diorama-examples-"));

afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs one example on the built package, in a folder of its own that holds the data set. */
function run(example: string, ...args: readonly string[]): Promise<Outcome> {
  const cwd = mkdtempSync(join(folder, "run-"));
  copyFileSync(zipcodes, join(cwd, "zipcodes.csv"));
  const child = spawn(process.execPath, [join(examples, example), ...args], {
    cwd,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  return new Promise((resolve, reject) => {
    child.once("error", reject).once("close", (code) => resolve({ code, stdout, stderr }));
  });
}

describe.concurrent("the examples run on the built package", () => {
  // First, so that it does not stand alone at the end.
  test("the tour of npm start, cold and then warm", { timeout: 120_000 }, async () => {
    const cache = join(folder, "tour");
    for (const _start of ["cold", "warm"]) {
      const { code, stdout } = await run("tour/main.ts", "--json", "--cache", cache, "--rows", "20000");
      expect(code).toBe(0);
      expect(JSON.parse(stdout)).toBeTypeOf("object");
    }
  });

  test.each(readdirSync(examples).filter((name) => name.endsWith(".ts")))(
    "%s",
    { timeout: 60_000 },
    async (example) => {
      const { code, stdout, stderr } = await run(example);
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      const expected = join(examples, example.replace(/\.ts$/, ".out.txt"));
      if (existsSync(expected)) expect(stdout).toBe(readFileSync(expected, "utf8"));
    },
  );
});
