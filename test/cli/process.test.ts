import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { openCliFolder } from "./recording-terminal.ts";

const program = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));
const folder = openCliFolder();
const cache = join(folder.path, "cache");
const compiled = process.env["NODE_COMPILE_CACHE"];

interface Running {
  readonly child: ChildProcess;
  out: string;
  err: string;
  readonly ended: Promise<readonly [code: number | null, signal: string | null]>;
  /** Resolves when one of the streams has it. */
  until(text: string): Promise<void>;
}

/** The program as a user starts it, with both streams in pipes. */
function start(...argv: string[]): Running {
  const child = spawn(process.execPath, [program, ...argv], {
    cwd: folder.path,
    env: {
      PATH: process.env["PATH"],
      DIORAMA_CACHE: cache,
      ...(compiled === undefined ? {} : { NODE_COMPILE_CACHE: compiled }),
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const waiting = new Set<() => void>();
  const running: Running = {
    child,
    out: "",
    err: "",
    ended: once(child, "close").then(([code, signal]): [number | null, string | null] => [code, signal]),
    until: (text) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (running.out.includes(text) || running.err.includes(text)) resolve();
        };
        waiting.add(look);
        look();
      }),
  };
  const grow = (stream: "out" | "err") => (text: string) => {
    running[stream] += text;
    for (const look of waiting) look();
  };
  child.stdout.setEncoding("utf8").on("data", grow("out"));
  child.stderr.setEncoding("utf8").on("data", grow("err"));
  return running;
}

const many = folder.write(
  "many.csv",
  `n,text\n${Array.from({ length: 20_000 }, (_, at) => `${at},text of row ${at}\n`).join("")}`,
);

test("CLI1 CLI3 the program prints results to stdout, in a pipe whole and without colour, and ends by itself", async () => {
  const running = start("query", "many.csv", "--where", "n >= 19998", "--columns", "n,text");
  expect(await running.ended).toEqual([0, null]);
  expect(running.out).toBe(
    "#          n  text\n─────  ─────  ─────────────────\n" +
      "19999  19998  text of row 19998\n20000  19999  text of row 19999\n",
  );
  expect(running.err).toBe("");
  const wrong = start("query", "many.csv", "--where", "n >");
  expect(await wrong.ended).toEqual([2, null]);
  expect(wrong.err).toBe("diorama: --where, character 4: a value should be here\n  n >\n     ^\n");
});

test("CLI7 when the reader has seen enough it ends with 0 and says nothing", async () => {
  const running = start("query", many, "--format", "ndjson");
  await running.until('"n":0');
  running.child.stdout?.destroy();
  expect(await running.ended).toEqual([0, null]);
  expect(running.err).toBe("");
  expect(running.out.length).toBeLessThan(400_000);
});

test("CLI6 CLI1 Ctrl-C ends a watch with 130, TERM with 143, and the folder is free again", async () => {
  for (const [signal, code] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const) {
    const file = folder.write(`${signal}.csv`, "id,n\na,1\n");
    const running = start("watch", file, "--id", "id", "--json");
    await running.until("watching");
    await writeFile(`${file}.new`, "id,n\na,2\n");
    await rename(`${file}.new`, file);
    await running.until('"updated"');
    running.child.kill(signal);
    expect(await running.ended).toEqual([code, null]);
    expect(running.err).toBe(`{"note":"watching ${file}; Ctrl-C ends it"}\n`);
    const [name = ""] = readdirSync(cache).filter((entry) => entry.startsWith(signal));
    expect(readdirSync(join(cache, name))).not.toContain("holder.json");
  }
});
