import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type Clock, systemClock } from "../../src/base/index.ts";
import { type ApiServer, openApiServer } from "../rest/api-server.ts";
import { openCliFolder, runInTerminal, type CliOutcome } from "./recording-terminal.ts";

const folder = openCliFolder();
const preset = ["--rest-preset", "json-server"];
let count = 0;
const newCache = (): string => join(folder.path, `cache-${++count}`);

let api: ApiServer;
beforeAll(async () => {
  api = await openApiServer({
    resources: { users: [] },
    paging: { kind: "offset", offset: "_start", limit: "_limit" },
    total: { header: "X-Total-Count" },
    filter: "suffix",
  });
});
afterEach(() => api.script(undefined));
afterAll(() => api.close());

const urlOf = (): string => api.url("users").href;

/** Commands over one collection and one cache folder. */
function rig(): {
  readonly cache: string;
  run(...argv: string[]): Promise<CliOutcome>;
  write(...argv: string[]): Promise<CliOutcome>;
  listed(): Promise<Record<string, unknown>[]>;
} {
  const cache = newCache();
  const run = (...argv: string[]): Promise<CliOutcome> => runInTerminal([...argv, "--cache", cache]);
  return {
    cache,
    run,
    write: (kind, ...argv) => run(kind ?? "", urlOf(), ...argv, ...preset),
    listed: async () => JSON.parse((await run("queue", "ls", "--json")).out),
  };
}

/** The writes that arrived since the last look: their method, path and content. */
function sent(): string[] {
  const found = api.log.flatMap(({ method, url, text }) =>
    method === "GET" || method === "HEAD" ? [] : [`${method} ${url.pathname} ${text}`.trim()],
  );
  api.clearLog();
  return found;
}

/** The API refuses or fails all writes, or those of one row. */
function refuse(status: number, path = ""): void {
  api.script(({ method, url }) =>
    method !== "GET" && method !== "HEAD" && url.pathname.endsWith(path)
      ? { status, body: { error: "the reason" } }
      : undefined,
  );
}

/** What `--wait` is given where its time is up once a write has failed and will be tried again, at whatever pace. */
const once = ["--wait", "25h"];

async function untilFailed(...argv: string[]): Promise<CliOutcome> {
  const failed = Promise.withResolvers<void>();
  const hear = (message: unknown): void => {
    if (Object(message).type === "writeRetrying") failed.resolve();
  };
  const clock: Clock = {
    ...systemClock,
    setTimer: (callback, delayMs, options) => {
      if (delayMs === 25 * 3_600_000) void failed.promise.then(callback);
      return systemClock.setTimer(callback, delayMs, options);
    },
  };
  subscribe("diorama.event", hear);
  try {
    return await runInTerminal([...argv, ...once], { clock });
  } finally {
    unsubscribe("diorama.event", hear);
  }
}

describe("writes", () => {
  test("CLI63 CLI65 CLI66 insert, patch and delete are sent and confirmed, with their values typed", async () => {
    const { write, cache, listed } = rig();
    sent();
    const inserted = await write("insert", "u1", "name=Ann", "age:=41", 'tags:=["a"]');
    expect([inserted.code, inserted.err]).toEqual([0, ""]);
    expect(inserted.out).toMatch(/^confirmed {2}insert u1 {2}\(op [0-9a-f-]{36}\)\n$/);
    const patched = await write("patch", "u1", "age:=42", "zip=00123", "--json");
    expect(JSON.parse(patched.out)).toEqual({
      op: expect.any(String),
      kind: "patch",
      id: "u1",
      state: "confirmed",
    });
    expect((await write("delete", "u1")).out).toMatch(/^confirmed {2}delete u1 /);
    expect(sent()).toEqual([
      'POST /users {"id":"u1","name":"Ann","age":41,"tags":["a"]}',
      'PATCH /users/u1 {"age":42,"zip":"00123"}',
      "DELETE /users/u1",
    ]);
    expect(await listed()).toEqual([]);
    expect(readdirSync(cache).filter((name) => name.includes("users"))).toHaveLength(1);
  });

  test("CLI66 without an ID the row's own counts, else a UUID is made", async () => {
    const { write } = rig();
    expect((await write("insert", "id=a=b", "n:=1")).out).toMatch(/^confirmed {2}insert a=b /);
    expect((await write("insert", "n:=2", "--json")).out).toMatch(/"id":"[0-9a-f]{8}-[0-9a-f]{4}-7/);
    const both = await write("insert", "u2", "id=u3");
    expect(both.code).toBe(1);
    expect(both.err).toMatch(/\(invalid\)\n$/);
  });

  test("CLI66 where the API chooses the id, that one is told", async () => {
    const { run } = rig();
    const options = folder.write("adds.json", '{"writes": {"add": true}}');
    sent();
    const { out, code } = await run("insert", urlOf(), "n:=3", "--source-options", options, "--json");
    expect(code).toBe(0);
    const [request = ""] = sent();
    expect(request).toBe('POST /users {"n":3}');
    const { id } = JSON.parse(out);
    expect(id).not.toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/);
    expect([...api.resource("users").rows.keys()]).toContain(id);
  });

  test("CLI63 CLI68 what isn't confirmed in time stays queued, and the next command sends it", async () => {
    const { cache, listed, run } = rig();
    refuse(503);
    const queued = await untilFailed("insert", urlOf(), "q1", "name=Quin", "--cache", cache, ...preset);
    expect(queued.code).toBe(0);
    expect(queued.out).toMatch(/^queued {5}insert q1 {2}\(op .*\): .*503.* \(unavailable\)\n$/);
    expect(queued.err).toMatch(/^the next command on http.*\/users sends it; "diorama queue ls" shows it/);
    expect(await listed()).toMatchObject([
      { kind: "insert", id: "q1", state: "queued", error: "unavailable" },
    ]);
    api.script(undefined);
    sent();
    const retried = await run("queue", "retry", urlOf(), "--all", ...preset);
    expect([retried.code, retried.err]).toEqual([0, ""]);
    expect(retried.out).toMatch(/^confirmed {2}insert q1 /);
    expect(sent()).toEqual(['POST /users {"id":"q1","name":"Quin"}']);
    expect(await listed()).toEqual([]);
  });

  test("CLI64 what the API refuses for good is one line, exit code 1, and a dead letter", async () => {
    const { write, listed } = rig();
    refuse(422);
    const failed = await write("insert", "d1", "name=secret-name");
    expect([failed.code, failed.out]).toEqual([1, ""]);
    expect(failed.err).toMatch(
      /^diorama: insert d1 failed: .*422.*; it is kept as a dead letter, op [0-9a-f-]+; "diorama queue ls" shows it\n$/,
    );
    expect(failed.err).not.toContain("secret-name");
    const asJson = await write("delete", "d2", "--json");
    expect(JSON.parse(asJson.err)).toMatchObject({ error: { code: "invalid" } });
    expect(await listed()).toMatchObject([
      { id: "d1", state: "failed", attempts: 1, error: "invalid" },
      { id: "d2", state: "failed" },
    ]);
  });

  test("CLI64 what the copy decides is refused at once, unless the copy turns out to be old", async () => {
    const { write, run, listed } = rig();
    await run("query", urlOf(), ...preset);
    const missing = await write("patch", "nobody", "n:=1");
    expect(missing.code).toBe(1);
    expect(missing.err).toMatch(/^diorama: .*there is no row of this id \(notFound\)\n$/);
    // Somebody else's row, of which the copy doesn't know.
    api.resource("users").rows.set("other", { id: "other", n: 1 });
    expect((await write("patch", "other", "n:=2")).out).toMatch(/^confirmed/);
    expect((await write("insert", "other", "n:=2")).err).toMatch(/ \(conflict\)\n$/);
    api.script(() => ({ status: 404 }));
    const offline = await write("patch", "nobody", "n:=1");
    expect(offline.code).toBe(1);
    expect(offline.err).toMatch(
      /^so says the copy, and the source can't be read: .*\ndiorama: .*\(notFound\)\n$/,
    );
    expect(await listed()).toEqual([]);
  });

  test("CLI65 CLI1 values that can't be are wrong usage, and nothing is queued", async () => {
    const { write, listed } = rig();
    const typed = ["--type", "age:integer"];
    const wrong = await write("insert", "w1", "age=old", ...typed);
    expect([wrong.code, wrong.out]).toEqual([2, ""]);
    expect(wrong.err).toContain('"age" can\'t be "old": the column is an integer');
    expect((await write("patch", "w1", "age")).err).toContain('"age" is no column=value');
    expect((await write("patch", "w1")).code).toBe(2);
    expect((await write("delete", "")).err).toContain("ID is empty");
    expect(await listed()).toEqual([]);
  });

  test("CLI67 a source that takes no writes is one line", async () => {
    const { run } = rig();
    const teas = folder.write("teas.csv", "sku,name\nt1,Green\n");
    for (const argv of [
      ["insert", teas, "x", "name=y"],
      ["patch", teas, "1", "name=y"],
      ["delete", teas, "1"],
    ]) {
      const { code, out, err } = await run(...argv);
      expect([code, out]).toEqual([1, ""]);
      expect(err).toMatch(/^diorama: teas: can't \w+: .* \(unsupported\)\n$/);
      expect(err).toContain("a CSV file is only read");
      expect(err).not.toMatch(/onWrite|canInsert/);
    }
    const undescribed = await run("insert", urlOf(), "x", "name=y");
    expect([undescribed.code, undescribed.out]).toEqual([1, ""]);
    expect(undescribed.err).toMatch(
      /--rest-preset or --source-options says which writes .* \(unsupported\)\n$/,
    );
  });

  test("CLI67 with nothing kept a write is sent, or an error says that it may not have arrived", async () => {
    const none = ["--cache", "none", ...preset];
    expect((await runInTerminal(["insert", urlOf(), "n1", "n:=1", ...none])).out).toMatch(/^confirmed/);
    refuse(503);
    const lost = await untilFailed("insert", urlOf(), "n2", "n:=1", ...none);
    expect([lost.code, lost.out]).toEqual([1, ""]);
    expect(lost.err).toMatch(
      /^diorama: insert n2 was not confirmed in time .*nothing is kept; it may or may not have arrived \(unavailable\)\n$/,
    );
  });
});

describe("queue", () => {
  test("CLI60 lists in order, with what is parked, and row content only with --rows", async () => {
    const { write, run, listed, cache } = rig();
    refuse(422, "/p1");
    api.resource("users").rows.set("p1", { id: "p1", n: 0 });
    api.resource("users").rows.set("p2", { id: "p2", n: 0 });
    await write("patch", "p1", "note=hidden-content");
    refuse(503);
    await untilFailed("patch", urlOf(), "p2", "note=hidden-content", "--cache", cache, ...preset);
    const table = await run("queue", "ls");
    expect(table.code).toBe(0);
    const [header = "", , first = "", second = ""] = table.out.split("\n");
    expect(header.trim().split(/ {2,}/)).toEqual([
      "op",
      "kind",
      "id",
      "state",
      "attempts",
      "error",
      "age",
      "source",
    ]);
    expect(first).toMatch(/^\S{36} {2}patch {2}p1 {2}failed {2,}1 {2}invalid {2,}\d+s {2,}http/);
    expect(second).toMatch(/^\S{36} {2}patch {2}p2 {2}queued {2,}\d+ {2}unavailable {2,}\d+s {2,}http/);
    expect(table.out).not.toContain("hidden-content");
    expect(JSON.stringify(await listed())).not.toMatch(/hidden-content|the reason/);
    const withRows = JSON.parse((await run("queue", "ls", urlOf(), "--rows", "--json")).out);
    expect(withRows[0]).toMatchObject({ row: { note: "hidden-content" }, table: "users" });
    expect(withRows[0].message).toContain("422");
    expect((await run("queue", "ls", "--rows")).out).toContain('{"note":"hidden-content"}');
  });

  test("CLI61 sends named ops again, tells each outcome, and ends with 1 where one failed again", async () => {
    const { write, run, listed } = rig();
    refuse(422);
    for (const id of ["r1", "r2", "r3"]) await write("insert", id, "n:=1");
    const [one = "", two = ""] = (await listed()).map(({ op }) => String(op));
    refuse(422, "/none");
    const named = await run("queue", "retry", urlOf(), one, ...preset);
    expect([named.code, named.out]).toEqual([0, `confirmed  insert r1  (op ${one})\n`]);
    expect(await listed()).toMatchObject([{ id: "r2" }, { id: "r3" }]);
    api.script(({ method, text }) =>
      method === "POST" && text.includes("r2") ? { status: 409 } : undefined,
    );
    const all = await run("queue", "retry", urlOf(), "--all", ...preset);
    expect(all.code).toBe(1);
    expect(all.out.split("\n").toSorted().slice(1)).toEqual([
      expect.stringMatching(/^confirmed {2}insert r3 /),
      expect.stringMatching(new RegExp(`^failed {5}insert r2 {2}\\(op ${two}\\): .* \\(conflict\\)$`)),
    ]);
    expect(all.err).toBe("diorama: 1 write failed again and is a dead letter as before\n");
    expect(await listed()).toMatchObject([{ id: "r2", state: "failed", error: "conflict" }]);
  });

  test("CLI60 CLI61 what was queued behind a write that failed is parked, and nobody waits for it", async () => {
    const { write, run, listed } = rig();
    refuse(503);
    await write("insert", "b1", "n:=1", "--wait", "20ms");
    await write("patch", "b1", "n:=2", "--wait", "20ms");
    refuse(422);
    const { code, out } = await run("queue", "retry", urlOf(), "--all", ...preset);
    expect(code).toBe(1);
    expect(out).toMatch(/^failed {5}insert b1 .*\nparked {5}patch b1 .*\n$/);
    expect(await listed()).toMatchObject([
      { kind: "insert", id: "b1", state: "failed" },
      { kind: "patch", id: "b1", state: "parked" },
    ]);
  });

  test("CLI61 what is still on its way after --wait is told, and is no failure", async () => {
    const { cache } = rig();
    const kept = ["--cache", cache, ...preset];
    refuse(503);
    await untilFailed("insert", urlOf(), "s1", "n:=1", ...kept);
    const { code, out } = await untilFailed("queue", "retry", urlOf(), "--all", ...kept, "--json");
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ id: "s1", state: "queued", error: { code: "unavailable" } });
  });

  test("CLI62 discards named ops and all dead letters, without asking the source", async () => {
    const { write, run, listed } = rig();
    refuse(422);
    for (const id of ["x1", "x2"]) await write("insert", id, "n:=1");
    refuse(503);
    await write("insert", "x3", "n:=1", "--wait", "50ms");
    const [one = "", , three = ""] = (await listed()).map(({ op }) => String(op));
    const before = api.log.length;
    const named = await run("queue", "discard", urlOf(), one, "no-such-op");
    expect(named.code).toBe(1);
    expect(named.out).toBe(`discarded  insert x1  (op ${one})\n`);
    expect(named.err).toContain("as op no-such-op;");
    expect((await run("queue", "discard", urlOf(), "--all")).out).toMatch(/^discarded {2}insert x2 .*\n$/);
    expect(await listed()).toMatchObject([{ id: "x3", state: "queued" }]);
    const last = await run("queue", "discard", urlOf(), three, "--json");
    expect(JSON.parse(last.out)).toEqual([{ op: three, kind: "insert", id: "x3", state: "discarded" }]);
    expect(await listed()).toEqual([]);
    expect(api.log).toHaveLength(before);
    expect((await run("queue", "discard", urlOf(), "--all")).err).toBe("there are no dead letters\n");
  });

  test("CLI61 CLI62 names that aren't queued, and no names at all, are told", async () => {
    const { run, write, listed } = rig();
    expect((await run("queue", "ls")).err).toBe("nothing is queued, and there are no dead letters\n");
    expect((await run("queue", "ls", "--json")).out).toBe("[]\n");
    expect((await run("queue", "retry", urlOf(), ...preset)).code).toBe(2);
    expect((await run("queue", "discard", urlOf(), "a", "--all")).code).toBe(2);
    refuse(422);
    expect((await write("insert", "other", "name=y")).code).toBe(1);
    for (const argv of [["--all"], [(await listed())[0]?.["op"] as string]]) {
      const bare = await run("queue", "retry", urlOf(), ...argv);
      expect(bare.err).toContain("1 write is queued for it under other options");
    }
    const unknown = await run("queue", "retry", urlOf(), "op-9", ...preset);
    expect(unknown.code).toBe(1);
    expect(unknown.err).toMatch(/^diorama: nothing is queued for http.* as op op-9; .* \(notFound\)\n$/);
    const none = await runInTerminal(["queue", "retry", urlOf(), "--all", "--cache", "none"]);
    expect(none.code).toBe(2);
  });
});
