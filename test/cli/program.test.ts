import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runCli } from "../../src/cli/index.ts";
import { type ApiServer, openApiServer } from "../rest/api-server.ts";
import { openCliFolder, RecordingTerminal, runInTerminal } from "./recording-terminal.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const bin = join(root, "bin/diorama.js");
const folder = openCliFolder();
const teas = folder.write("teas.csv", "sku,name\nt1,Green\n");
const compiled = process.env["NODE_COMPILE_CACHE"];
const environment = {
  PATH: process.env["PATH"],
  DIORAMA_CACHE: "none",
  ...(compiled === undefined ? {} : { NODE_COMPILE_CACHE: compiled }),
};

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const node = (...args: string[]): Ended =>
  spawnSync(process.execPath, args, { encoding: "utf8", env: environment, cwd: folder.path });

describe("the program", () => {
  test("CLI72 in a checkout it runs from the sources as they are", () => {
    expect(node(bin, "query", teas, "--json")).toMatchObject({
      status: 0,
      stdout: '[\n{"sku":"t1","name":"Green"}\n]\n',
      stderr: "",
    });
    expect(node(bin, "qurey")).toMatchObject({ status: 2, stdout: "" });
  });

  test("CLI72 a build that fails is told, and nothing runs", () => {
    const checkout = join(folder.path, "checkout");
    mkdirSync(join(checkout, "src/cli"), { recursive: true });
    mkdirSync(join(checkout, "bin"));
    cpSync(bin, join(checkout, "bin/diorama.js"));
    for (const name of ["tsconfig.json", "tsconfig.build.json"])
      cpSync(join(root, name), join(checkout, name));
    symlinkSync(join(root, "node_modules"), join(checkout, "node_modules"), "junction");
    writeFileSync(join(checkout, "package.json"), '{"type": "module"}');
    const main = join(checkout, "src/cli/main.ts");
    writeFileSync(main, 'console.log("one");\n');
    const start = (): Ended => node(join(checkout, "bin/diorama.js"));
    expect(start()).toMatchObject({ status: 0, stdout: "one\n", stderr: "" });
    writeFileSync(main, 'console.log("two");\n');
    expect(start()).toMatchObject({ status: 0, stdout: "two\n", stderr: "" });
    writeFileSync(main, "const three: number = 'three';\nconsole.log(three);\n");
    const broken = start();
    expect([broken.status, broken.stdout]).toEqual([1, ""]);
    expect(broken.stderr).toMatch(/^diorama: the build failed:\n.*main\.ts.*TS2322/);
  });

  test("CLI72 on a Node that is too old it ends with one line", () => {
    const old = folder.write(
      "old.mjs",
      `Object.defineProperty(process.versions, "node", { value: "20.19.1" });\n` +
        `Object.defineProperty(process, "version", { value: "v20.19.1" });\n`,
    );
    const { status, stdout, stderr } = node("--import", old, bin, "--version");
    expect([status, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(/^diorama: this is Node v20\.19\.1, and 22\.13 or newer is needed: .*\n$/);
  });

  test("CLI73 help loads no Lens, no source and no SQLite", () => {
    const watch = folder.write(
      "watch.mjs",
      `import { registerHooks } from "node:module";\n` +
        `registerHooks({ load(url, context, next) { process.stderr.write(url + "\\n"); return next(url, context); } });\n`,
    );
    const { status, stdout, stderr } = node("--import", watch, join(root, "dist/cli/main.js"), "--help");
    expect(status).toBe(0);
    expect(stdout).toContain("Usage: diorama");
    const loaded = stderr.split("\n").filter((url) => !url.startsWith("node:"));
    expect(loaded.some((url) => url.endsWith("/cli/run-cli.js"))).toBe(true);
    expect(loaded.filter((url) => /\/(?:lens|dio|durable|sources|live|sqlite|vista)\//.test(url))).toEqual(
      [],
    );
    expect(stderr).not.toContain("node:sqlite");
    expect(loaded.length).toBeLessThan(80);
  });
});

describe("writes that are cut short", () => {
  let api: ApiServer;
  beforeAll(async () => {
    api = await openApiServer({ resources: { users: [] }, paging: { kind: "none" } });
  });
  afterAll(() => api.close());
  const insert = (id: string, cache: string): string[] => [
    "insert",
    api.url("users").href,
    id,
    "n:=1",
    "--rest-preset",
    "json-server",
    "--cache",
    cache,
    "--wait",
    "30s",
  ];

  /** Resolves when the API has been sent a row; it never answers. */
  function hangOnWrite(): Promise<void> {
    return new Promise((resolve) => {
      api.script(({ method }) => {
        if (method !== "POST") return undefined;
        resolve();
        return { hang: true };
      });
    });
  }

  test("CLI68 whoever interrupts the waiting is told that the write is queued", async () => {
    const cache = join(folder.path, "interrupted");
    const arrived = hangOnWrite();
    const terminal = new RecordingTerminal({});
    const ended = runCli(insert("i1", cache), terminal);
    await arrived;
    terminal.stop();
    expect(await ended).toBe(130);
    expect(terminal.out).toBe("");
    expect(terminal.err).toMatch(/^the next command on .*\/users sends it; /);
    const listed = JSON.parse((await runInTerminal(["queue", "ls", "--cache", cache, "--json"])).out);
    expect(listed).toMatchObject([{ kind: "insert", id: "i1", state: "queued" }]);
  });

  test("CLI68 CLI56 a killed program's write is listed, and the next command sends it", async () => {
    const cache = join(folder.path, "killed");
    const arrived = hangOnWrite();
    const child = spawn(process.execPath, [join(root, "dist/cli/main.js"), ...insert("k1", cache)], {
      env: environment,
      stdio: "ignore",
    });
    await arrived;
    const held = await runInTerminal(["queue", "ls", "--cache", cache]);
    expect(held.err).toContain(`is in use by process ${child.pid}`);
    child.kill("SIGKILL");
    await once(child, "close");
    const listed = JSON.parse((await runInTerminal(["queue", "ls", "--cache", cache, "--json"])).out);
    expect(listed).toMatchObject([{ kind: "insert", id: "k1", state: "queued" }]);
    api.script(undefined);
    const url = api.url("users").href;
    const retried = await runInTerminal([
      "queue",
      "retry",
      url,
      "--all",
      "--rest-preset",
      "json-server",
      "--cache",
      cache,
    ]);
    expect(retried).toMatchObject({ code: 0, out: expect.stringMatching(/^confirmed {2}insert k1 /) });
    expect(api.resource("users").rows.get("k1")).toEqual({ id: "k1", n: 1 });
  });
});
