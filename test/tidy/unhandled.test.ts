import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { projectFiles, read } from "./project.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "diorama-unhandled-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Outcome {
  readonly code: number | null;
  readonly output: string;
}

function run(...args: readonly string[]): Promise<Outcome> {
  const child = spawn(process.execPath, args, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => (output += text));
  return new Promise((resolve, reject) => {
    child.once("error", reject).once("close", (code) => resolve({ code, output }));
  });
}

/** A project of one test that passes, under this project's own settings of the runner. */
function writeProject(): void {
  mkdirSync(join(folder, "test"));
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"), "junction");
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }));
  writeFileSync(join(folder, "test/global-setup.ts"), "export function setup() {}\n");
  writeFileSync(
    join(folder, "test/left-behind.test.ts"),
    `import { expect, test } from "vitest";
test("passes, and leaves a rejection behind", async () => {
  void Promise.reject(new Error("nobody handles this"));
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(1).toBe(1);
});
`,
  );
}

describe("a rejection that nobody handles", () => {
  test("fails the run in which it happens, though every test passes", async () => {
    writeProject();
    const config = join(root, "vitest.config.ts");
    const vitest = join(root, "node_modules/vitest/vitest.mjs");
    const { code, output } = await run(vitest, "run", "--root", folder, "--config", config, "--no-color");
    expect(output).toContain("Unhandled Rejection");
    expect(output).toContain("nobody handles this");
    expect(output).toMatch(/Tests\s+1 passed \(1\)/);
    expect(code).toBe(1);
  });

  test("ends a child process of a test with code 1, also in a worker thread", async () => {
    const rejects = `void Promise.reject(new Error("nobody handles this")); setTimeout(() => {}, 60_000)`;
    const inWorker = `new (require("node:worker_threads").Worker)(${JSON.stringify(rejects)}, { eval: true })`;
    for (const program of [rejects, inWorker]) {
      const { code, output } = await run("-e", program);
      expect([program, code]).toEqual([program, 1]);
      expect(output).toContain("nobody handles this");
    }
  });

  test("is silenced nowhere: only a round of the soak listens for it, and is broken by it", () => {
    const own = "test/tidy/unhandled.test.ts";
    const programs = projectFiles().filter((path) => /\.(?:ts|mjs|js|json)$/.test(path) && path !== own);
    const found = (pattern: RegExp, paths: readonly string[]): string[] =>
      paths.filter((path) => pattern.test(read(path)));
    expect(found(/--unhandled-rejections|dangerouslyIgnoreUnhandledErrors: true/, programs)).toEqual([]);
    // In a test the runner listens too, whoever else does.
    const alone = programs.filter((path) => !path.endsWith(".test.ts"));
    expect(found(/unhandledRejection/, alone)).toEqual(["scripts/soak-round.ts"]);
  });
});
