import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { seedDemoMaster } from "../../src/cli/demo-master.ts";
import { runCli } from "../../src/cli/index.ts";
import { FileCache } from "../../src/live/index.ts";
import { openApiServer, type ApiServer } from "../rest/api-server.ts";
import { openCliFolder, RecordingTerminal, runInTerminal } from "./recording-terminal.ts";

const folder = openCliFolder();
let caches = 0;
const newCache = (): string => join(folder.path, `cache-${++caches}`);
const run = (...argv: string[]) => runInTerminal(argv);

const users = Array.from({ length: 25 }, (_, at) => ({
  id: at + 1,
  name: `user ${at + 1}`,
  age: 20 + (at % 5),
}));
const odd = [
  { id: "a/b c", note: "slash and space" },
  { id: "🦊", note: "emoji" },
  { id: "..", note: "dots" },
];

let api: ApiServer;
beforeAll(async () => {
  api = await openApiServer({
    resources: { users, odd },
    paging: { kind: "offset", offset: "_start", limit: "_limit" },
    total: { header: "X-Total-Count" },
    filter: "suffix",
    order: { kind: "pair", sort: "_sort", direction: "_order" },
    search: "q",
    defaultSize: 1_000,
  });
});
afterAll(() => api.close());

/** What was asked for since the last look, HEAD requests left out. */
function asked(): string[] {
  const found = api.log.flatMap(({ method, url }) =>
    method === "HEAD" ? [] : [`${method} ${url.pathname}${url.search}`],
  );
  api.clearLog();
  return found;
}

const urlOf = (path: string): string => api.url(path).href;

describe("an API", () => {
  test("CLI25 is asked for what the options say that it can do", async () => {
    const preset = ["--rest-preset", "json-server", "--json"];
    const page = await run(
      "query",
      urlOf("users"),
      ...preset,
      "--page",
      "2",
      "--page-size",
      "2",
      "--columns",
      "id",
    );
    expect(page.out).toBe('[\n{"id":3},\n{"id":4}\n]\n');
    expect(asked()).toEqual(["GET /users?_start=2&_limit=2"]);
    const found = await run(
      "query",
      urlOf("users"),
      ...preset,
      "--where",
      "name = 'user 7'",
      "--columns",
      "age",
    );
    expect(found.out).toBe('[\n{"age":21}\n]\n');
    expect(asked()[0]).toMatch(/^GET \/users\?name=user\+7/);
  });

  test("CLI25 without any is read whole, and the rest is done here", async () => {
    const { out } = await run(
      "query",
      urlOf("users"),
      "--where",
      "age >= 24",
      "--order",
      "name",
      "--limit",
      "2",
      "--json",
    );
    expect(out).toBe('[\n{"id":10,"name":"user 10","age":24},\n{"id":15,"name":"user 15","age":24}\n]\n');
    expect(asked()).toEqual(["GET /users"]);
    expect(
      (await run("query", urlOf("users"), "--where", "age >= 24", "--format", "csv", "--columns", "id")).out,
    ).toBe("id\n5\n10\n15\n20\n25\n");
  });

  test("CLI25 further pages that the API links to are read too", async () => {
    api.script(({ url: { searchParams } }) => {
      const at = Number(searchParams.get("p") ?? 1);
      const link = at < 3 ? { link: `<${urlOf(`users?p=${at + 1}`)}>; rel="next"` } : {};
      return { body: [{ id: at }], headers: link, noValidators: true };
    });
    expect((await run("query", urlOf("users"), "--format", "csv")).out).toBe("id\n1\n2\n3\n");
    api.script(undefined);
    api.clearLog();
  });

  test("CLI27 get asks for the one row, whatever its id is made of", async () => {
    for (const { id, note } of odd) {
      const { out } = await run("get", urlOf("odd"), id, "--columns", "note", "--format", "csv");
      expect([id, out]).toEqual([id, `note\n${note}\n`]);
    }
    expect((await run("get", urlOf("odd"), "nothing/there")).code).toBe(3);
  });

  test("CLI21 --rows-at, --id, --type and --source-options say how it is read", async () => {
    const items = [{ key: "a", at: "2026-05-31T08:00:00Z" }];
    api.script(() => ({ body: { data: { items } }, noValidators: true }));
    const how = ["--rows-at", "data.items", "--id", "key", "--type", "at:date"];
    const { out } = await run("query", urlOf("users"), ...how, "--json");
    expect(out).toBe('[\n{"key":"a","at":"2026-05-31T08:00:00.000Z"}\n]\n');
    api.script(undefined);
    const options = folder.write("api.json", JSON.stringify({ pagng: { kind: "none" } }));
    const refused = await run("query", urlOf("users"), "--source-options", options);
    expect(refused.code).toBe(1);
    expect(refused.err).toMatch(/^diorama: .*pagng.*paging.* \(invalid\)\n$/);
    api.clearLog();
  });

  test("CLI13 hidden columns are printed where they are named, and only there", async () => {
    const file = folder.write(
      "hidden.json",
      JSON.stringify({ open: true, columns: { name: { type: "text", flags: ["hidden"] } } }),
    );
    const how = [urlOf("users"), "--source-options", file];
    expect((await run("query", ...how, "--limit", "1", "--json")).out).toBe('[\n{"id":1,"age":20}\n]\n');
    expect((await run("get", ...how, "1", "--json")).out).toBe('{"id":1,"age":20}\n');
    expect((await run("get", ...how, "1", "--columns", "name", "--json")).out).toBe('{"name":"user 1"}\n');
    api.clearLog();
  });

  test("CLI1 CLI2 what fails is one line and 1: HTML, a status, rows that are none, nobody there", async () => {
    const closed = await openApiServer();
    await closed.close();
    const failing: [argv: string[], why: RegExp][] = [
      [["count", urlOf("users")], /HTML|html/],
      [["count", urlOf("users")], /403.*\(rejected\)/],
      [["count", urlOf("users")], /\(rejected\)|\(invalid\)/],
      [["count", closed.url("users").href], /\(unavailable\)/],
    ];
    const turns = [
      { raw: "<html><body>Log in</body></html>", type: "text/html" },
      { status: 403, body: {} },
      { body: [1, 2, 3] },
      undefined,
    ];
    for (const [at, [argv, why]] of failing.entries()) {
      const turn = turns[at];
      api.script(turn === undefined ? undefined : () => turn);
      const { code, out, err } = await run(...argv);
      expect([code, out]).toEqual([1, ""]);
      expect(err).toMatch(/^diorama: [^\n]*\n$/);
      expect(err).toMatch(why);
    }
    api.script(undefined);
    api.clearLog();
  });

  test.each(["", "live:"])("CLI28 CLI26 watch %sURL reads it again by time", async (prefix) => {
    const source = `${prefix}${urlOf("users")}`;
    const last = { id: 25, name: "user 25", age: 24 };
    const terminal: RecordingTerminal = new RecordingTerminal({
      onText: () => {
        if (terminal.err.includes("watching")) api.resource("users").rows.delete("25");
        if (terminal.out.includes("deleted")) terminal.stop();
      },
    });
    api.script(() => ({ noValidators: true }));
    const code = await runCli(["watch", source, "--every", "100ms", "--json"], terminal);
    api.script(undefined);
    api.resource("users").rows.set("25", last);
    expect(code).toBe(130);
    expect(JSON.parse(terminal.out)).toMatchObject({ type: "deleted", id: "25" });
    api.clearLog();
  });
});

describe("its copy", () => {
  test("CLI24 serves while it is young, is read again when it is old, and is served old where that fails", async () => {
    api.script(() => ({ noValidators: true }));
    const count = ["count", urlOf("users"), "--cache", newCache(), "--where", "age > 0"];
    expect((await run(...count)).out).toBe("25\n");
    expect(asked()).toEqual(["GET /users"]);
    expect((await run(...count)).out).toBe("25\n");
    expect(asked()).toEqual([]);
    expect((await run(...count, "--fresh-for", "0s")).out).toBe("25\n");
    expect(asked()).toEqual(["GET /users"]);
    expect((await run(...count, "--refresh")).out).toBe("25\n");
    expect(asked()).toEqual(["GET /users"]);
    api.script(() => ({ status: 503, retryAfter: 0 }));
    const old = await run(...count, "--fresh-for", "0s");
    expect([old.code, old.out]).toEqual([0, "25\n"]);
    expect(old.err).toMatch(/^the source can't be read, so the copy of \d{4}-.*Z is served: .*503.*\n$/);
    const refreshed = await run(...count, "--refresh");
    expect([refreshed.code, refreshed.out]).toEqual([1, ""]);
    expect(refreshed.err).toMatch(/^diorama: .*503.* \(unavailable\)\n$/);
    api.script(undefined);
    api.clearLog();
  });

  test("CLI24 what single reads have left of an API is no copy: a row is asked for again", async () => {
    const argv = ["get", urlOf("users"), "1", "--cache", newCache(), "--columns", "name", "--format", "csv"];
    expect((await run(...argv)).out).toBe("name\nuser 1\n");
    api.resource("users").rows.set("1", { id: 1, name: "renamed", age: 20 });
    expect((await run(...argv)).out).toBe("name\nrenamed\n");
    api.resource("users").rows.delete("1");
    expect((await run(...argv)).code).toBe(3);
    api.resource("users").rows.clear();
    for (const user of users) api.resource("users").rows.set(String(user.id), user);
    api.clearLog();
  });

  test("CLI22 no secret is told or kept anywhere, and another one has a copy of its own", async () => {
    const cache = newCache();
    const url = new URL(urlOf("users"));
    url.username = "ann";
    url.password = "hunter2";
    url.searchParams.set("q", "");
    url.searchParams.set("key", "s3cret");
    api.script(({ headers, url: { searchParams } }) =>
      headers["x-key"] === "t0ken" && searchParams.get("key") === "s3cret"
        ? { body: users, noValidators: true }
        : { status: 403, body: { message: `no: ${JSON.stringify(headers)}` } },
    );
    const argv = ["--cache", cache, "--header", "X-Key: t0ken"];
    const told: string[] = [];
    const tell = async (...all: string[]): Promise<number> => {
      const { code, out, err } = await run(...all);
      told.push(out, err);
      return code;
    };
    expect(await tell("count", url.href, ...argv)).toBe(0);
    expect(await tell("count", url.href, "--cache", cache, "--header", "X-Key: wr0ng")).toBe(1);
    expect(await tell("explain", url.href, ...argv)).toBe(0);
    expect(await tell("get", url.href, "999", ...argv)).toBeGreaterThan(0);
    api.script(() => ({ drop: true }));
    expect(await tell("count", url.href, ...argv, "--refresh")).toBe(1);
    api.script(undefined);
    const folders = readdirSync(cache).filter((name) => name !== "folder-key");
    expect(folders).toHaveLength(2);
    for (const name of folders) told.push(name, readFileSync(join(cache, name, "source.json"), "utf8"));
    expect(told.join("\n")).toContain("127.0.0.1");
    expect(told.join("\n")).not.toMatch(/hunter2|s3cret|t0ken|wr0ng/);
    api.clearLog();
  });

  test("CLI6 whenever a command is interrupted, it lets go of its folder", async () => {
    const cache = newCache();
    for (const delayMs of [0, 1, 5, 20, 60]) {
      const terminal = new RecordingTerminal();
      const ended = runCli(["count", urlOf("users"), "--cache", cache], terminal);
      await new Promise((resolve) => setTimeout(resolve, delayMs));
      terminal.stop();
      const code = await ended;
      expect([0, 130]).toContain(code);
      const next = await run("count", urlOf("users"), "--cache", cache);
      expect([delayMs, next.out, next.err]).toEqual([delayMs, "25\n", ""]);
    }
    api.clearLog();
  });

  test("CLI6 a command that is interrupted while the API is silent ends with 130 and lets go of its folder", async () => {
    const cache = newCache();
    api.clearLog();
    api.script(({ method }) => (method === "HEAD" ? undefined : { hang: true }));
    const terminal = new RecordingTerminal();
    const ended = runCli(["query", urlOf("users"), "--cache", cache], terminal);
    while (!api.log.some(({ method }) => method === "GET"))
      await new Promise((resolve) => setTimeout(resolve, 5));
    terminal.stop();
    expect(await ended).toBe(130);
    expect([terminal.out, terminal.err]).toEqual(["", ""]);
    api.script(undefined);
    const next = await run("count", urlOf("users"), "--cache", cache);
    expect([next.out, next.err]).toEqual(["25\n", ""]);
    api.clearLog();
  });
});

describe("live:SOURCE", () => {
  test("CLI26 keeps pages: a second look asks nothing, --refresh asks again", async () => {
    const cache = newCache();
    const argv = ["query", `live:${urlOf("users")}`, "--rest-preset", "json-server", "--cache", cache];
    const onTerminal = (...more: string[]) =>
      runInTerminal([...argv, "--page", "1", "--page-size", "3", "--columns", "name", ...more], {
        isTerminal: true,
      });
    const first = await onTerminal();
    expect(first.out).toContain("user 3");
    expect(first.err).toMatch(/rows 1–3 of 25, from a LiveTable: 0 hits, 1 miss, /);
    expect(asked()).toEqual(["GET /users?_start=0&_limit=100"]);
    const second = await onTerminal();
    expect(second.out).toBe(first.out);
    expect(second.err).toMatch(/from a LiveTable: 1 hit, 0 misses, /);
    expect(asked()).toEqual([]);
    const third = await onTerminal("--refresh");
    expect(third.out).toBe(first.out);
    expect(asked()).toEqual(["GET /users?_start=0&_limit=100"]);
    const [name = ""] = readdirSync(cache).filter((entry) => entry !== "folder-key");
    expect(name).toMatch(/^live-/);
    expect(readdirSync(join(cache, name))).toContain("vlive.db");
    expect(readdirSync(join(cache, name))).not.toContain("cache.db");
  });

  test("CLI26 CLI23 where another one holds its folder, pages are in memory, and that is said", async () => {
    const cache = newCache();
    const argv = ["count", `live:${urlOf("users")}`, "--rest-preset", "json-server", "--cache", cache];
    await run(...argv);
    const [name = ""] = readdirSync(cache).filter((entry) => entry !== "folder-key");
    const holder = await FileCache.open(join(cache, name));
    const { code, out, err } = await run(...argv);
    await holder.close();
    expect([code, out]).toEqual([0, "25\n"]);
    expect(err).toMatch(/^kept in memory for this time: .* in use by .*\n$/);
    api.clearLog();
  });

  test("CLI26 get and count come from it too", async () => {
    const source = `live:${urlOf("users")}`;
    expect((await run("get", source, "7", "--columns", "name", "--format", "csv")).out).toBe(
      "name\nuser 7\n",
    );
    expect((await run("count", source, "--rest-preset", "json-server", "--where", "age = 20")).out).toBe(
      "5\n",
    );
    api.clearLog();
  });
});

describe("a demo database", () => {
  test("CLI21 is a source by its name", async () => {
    const file = join(folder.path, "master.db");
    expect((await run("count", file)).code).toBe(1);
    seedDemoMaster(file, { rows: 20, seed: 1 });
    const { code, out } = await run("count", file);
    expect([code, out]).toEqual([0, "20\n"]);
  });
});
