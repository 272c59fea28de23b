import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, openSync, readdirSync } from "node:fs";
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
const start = (...argv: string[]): Running => startWith({ DIORAMA_CACHE: cache }, argv);

function startWith(env: Readonly<Record<string, string>>, argv: readonly string[]): Running {
  const child = spawn(process.execPath, [program, ...argv], {
    cwd: folder.path,
    env: {
      PATH: process.env["PATH"],
      ...env,
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

test.skipIf(process.env["CI"] !== "true" && !existsSync("/dev/full"))(
  "CLI7 results that can't be written are an error",
  () => {
    const full = openSync("/dev/full", "w");
    const { status, stderr } = spawnSync(process.execPath, [program, "count", many, "--cache", "none"], {
      encoding: "utf8",
      stdio: ["ignore", full, "pipe"],
    });
    closeSync(full);
    expect(stderr).toMatch(/^diorama: the results can't be written: ENOSPC[^\n]*\n$/);
    expect(status).toBe(1);
  },
);

test("CLI23 the user's own cache folder that can't be used is noted, and the copy is in memory", async () => {
  const file = folder.write("small.csv", "a\n1\n");
  const home = folder.write("no-home", "");
  const running = startWith({ XDG_CACHE_HOME: home, HOME: home, LOCALAPPDATA: home }, ["count", file]);
  expect(await running.ended).toEqual([0, null]);
  expect(running.out).toBe("1\n");
  expect(running.err).toMatch(
    /^kept in memory for this time: the cache folder .*no-home.* can't be used .*\n$/,
  );
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
