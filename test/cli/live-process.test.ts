import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { FileCache } from "../../src/live/index.ts";
import { type CliOutcome, openCliFolder } from "./recording-terminal.ts";

const program = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));
const root = openCliFolder();
/** A command that hangs is a failure. */
const ENDS_WITHIN_MS = 60_000;

/** `diorama live …` as a process of its own. */
function run(
  cwd: string,
  ...argv: readonly string[]
): Promise<CliOutcome & { readonly signal: string | null }> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [program, "live", ...argv],
      { cwd, timeout: ENDS_WITHIN_MS, killSignal: "SIGKILL" },
      (_, out, err) => resolve({ code: child.exitCode ?? -1, signal: child.signalCode, out, err }),
    );
  });
}

test(
  "CLI34 the list of a second process is a hit, which compares with the miss of the first",
  { timeout: 120_000 },
  async () => {
    const cwd = mkdtempSync(join(root.path, "place-"));
    expect(await run(cwd, "local", "seed", "--rows", "100")).toMatchObject({ code: 0, err: "" });
    const miss = await run(cwd, "local", "list", "--limit", "3");
    const hit = await run(cwd, "local", "list", "--limit", "3");
    expect([miss.code, hit.code, hit.out]).toEqual([0, 0, miss.out]);
    expect(miss.err).toMatch(/^miss: .*, kept for the next time\n$/);
    expect(hit.err).toMatch(/^hit: .* faster than the miss \([\d.]+ m?s\)\n$/);
    expect(await run(cwd, "api", "users", "get", "3", "--json")).toMatchObject({ code: 0, signal: null });
  },
);

test(
  "CLI32 a cache folder below one where none can be made, or that is in use, is one line",
  { timeout: 120_000 },
  async () => {
    const cwd = mkdtempSync(join(root.path, "place-"));
    await run(cwd, "local", "seed", "--rows", "5");
    const held = await FileCache.open(join(cwd, "demo-cache"));
    const [refused, inUse] = await Promise.all([
      run(cwd, "local", "list", "--cache", "/proc/nowhere/cache"),
      run(cwd, "local", "list"),
    ]);
    await held.close();
    expect(refused).toMatchObject({
      code: 1,
      signal: null,
      out: "",
      err: expect.stringMatching(/^diorama: .*\/proc\/nowhere\/cache.*\n$/),
    });
    expect(inUse).toMatchObject({ code: 1, signal: null, out: "" });
    expect(inUse.err).toMatch(new RegExp(`^diorama: .*${process.pid}.* \\(inUse\\)\n$`));
  },
);

test(
  "CLI41 serve answers other processes until Ctrl-C, then ends with 130",
  { timeout: 120_000 },
  async () => {
    const server = spawn(process.execPath, [program, "live", "api", "serve", "--port", "0", "--json"], {
      stdio: ["ignore", "pipe", "ignore"],
      timeout: ENDS_WITHIN_MS,
    });
    const ended = once(server, "close");
    const [text] = (await once(server.stdout.setEncoding("utf8"), "data")) as [string];
    const { base } = JSON.parse(text) as { base: string };
    const cwd = mkdtempSync(join(root.path, "place-"));
    const listed = await run(cwd, "api", "albums", "list", "--base-url", base, "--json", "--cache", "none");
    expect([listed.code, (JSON.parse(listed.out) as unknown[]).length]).toEqual([0, 20]);
    server.kill("SIGINT");
    expect(await ended).toEqual([130, null]);
  },
);
