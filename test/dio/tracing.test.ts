import { AsyncLocalStorage } from "node:async_hooks";
import { execFile } from "node:child_process";
import { subscribe, tracingChannel, unsubscribe } from "node:diagnostics_channel";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { inspect, promisify } from "node:util";
import { type DioEvent, DioramaError, Lens, memory, seedFromMaster } from "vantage-diorama";
import type { TracedCall, TracedEvent, TracedRun, TracedWrite } from "vantage-diorama";
import { describe, expect, onTestFinished, test } from "vitest";

const SECRET = "s3cr3t-content";
const works = ["call", "write", "run", "cache.commit", "queue.commit"] as const;

interface Told<M> {
  readonly stage: string;
  readonly message: M;
}

/** What is told of one kind of work, from now on. */
function listenTo<M extends object>(name: (typeof works)[number]): Told<M>[] {
  const told: Told<M>[] = [];
  for (const stage of ["start", "end", "asyncStart", "asyncEnd", "error"]) {
    hear<M>(`tracing:diorama.${name}:${stage}`, (message) => told.push({ stage, message }));
  }
  return told;
}

function hear<M extends object>(channel: string, note: (message: M) => void): void {
  const listener = (message: unknown): void => note(message as M);
  subscribe(channel, listener);
  onTestFinished(() => void unsubscribe(channel, listener));
}

const of = <M>(told: readonly Told<M>[], stage: string): M[] =>
  told.filter((each) => each.stage === stage).map(({ message }) => message);

function products() {
  const rows = [1, 2, 3].map((n) => ({ id: `p${n}`, name: `${SECRET} ${n}`, price: n }));
  return memory("products", { id: "id", columns: { name: "text", price: "integer" }, rows });
}

async function open(master = products()) {
  const lens = await Lens.builder().onStart(seedFromMaster).build();
  onTestFinished(() => lens.close({ drain: 0 }));
  return lens.makeDio(master, { table: "goods" });
}

test("TR2 every event is told, as it came, with the name of its Dio", async () => {
  const told: TracedEvent[] = [];
  const atHandler: number[] = [];
  hear<TracedEvent>("diorama.event", (message) => told.push(message));
  const dio = await open();
  dio.on("recordInserted", () => atHandler.push(told.length));
  const events = dio.subscribeEvents();
  const from = told.length;
  await dio.vista().insert("p4", { id: "p4", name: "Tea", price: 4 });
  await dio.flush();
  const heard: DioEvent[] = [];
  for await (const event of events) {
    heard.push(event);
    if (event.type === "writeConfirmed") break;
  }
  expect(told.slice(from).map(({ seq, type }) => ({ seq, type }))).toEqual(
    heard.map(({ seq, type }) => ({ seq, type })),
  );
  expect(new Set(told.map(({ dio: name }) => name))).toEqual(new Set(["goods"]));
  expect(told.slice(from).find(({ type }) => type === "recordInserted")).toMatchObject({ id: "p4" });
  expect(told.at(-1)?.op).toMatchObject({ kind: "insert", id: "p4", attempt: 1 });
  expect(heard.at(-1)).toHaveProperty("op.opId", told.at(-1)?.op?.opId);
  // It is told on the channel first.
  expect(atHandler).toEqual([from + 1]);
});

describe("calls of the master", () => {
  test("TR4 reads, with how many rows came", async () => {
    const told = listenTo<TracedCall>("call");
    const lens = await Lens.builder().build();
    onTestFinished(() => lens.close());
    const dio = await lens.makeDio(products());
    await dio.vista().get("p2");
    await dio.vista().list();
    const ended = of(told, "asyncEnd").filter(({ operation }) => operation !== "version");
    expect(ended).toMatchObject([
      { dio: "products", vista: "products", operation: "get", rows: 1 },
      { operation: "read", rows: 3 },
    ]);
    expect(of(told, "start")).toEqual(of(told, "end"));
    expect(of(told, "error")).toEqual([]);
  });

  test("TR4 a read that fails, one that its reader leaves, a feed that ends", async () => {
    const told = listenTo<TracedCall>("call");
    const master = products();
    const failure = new DioramaError("unavailable", "products: down");
    const read = master.source.read.bind(master.source);
    let fails = true;
    master.source.read = (...args) => {
      if (fails) throw failure;
      return read(...args);
    };
    const lens = await Lens.builder().build();
    onTestFinished(() => lens.close());
    const dio = await lens.makeDio(master);
    await expect(dio.vista().list()).rejects.toBe(failure);
    expect(of(told, "error")).toMatchObject([{ operation: "read", rows: 0, error: failure }]);
    fails = false;
    told.length = 0;
    const watching = dio.watch();
    await watching.stop();
    for await (const _row of dio.master) break;
    expect(of(told, "asyncEnd").map(({ operation }) => operation)).toEqual(["watch", "read"]);
    expect(of(told, "start")).toHaveLength(2);
    expect(of(told, "error")).toEqual([]);
  });

  test("TR4 TR5 each attempt of a write, with its call inside the context that was bound", async () => {
    const storage = new AsyncLocalStorage<string>();
    const { start } = tracingChannel<string, TracedWrite>("diorama.write");
    start.bindStore(storage, ({ ops }) => `attempt ${ops[0]?.attempt}`);
    onTestFinished(() => void start.unbindStore(storage));
    const inside: unknown[] = [];
    const master = products();
    const patch = master.source.patch.bind(master.source);
    let failures = 1;
    master.source.patch = async (...args) => {
      inside.push(storage.getStore());
      if (failures-- > 0) throw new DioramaError("unavailable", "products: down");
      return patch(...args);
    };
    const calls = listenTo<TracedCall>("call");
    const writes = listenTo<TracedWrite>("write");
    const lens = await Lens.builder().build();
    onTestFinished(() => lens.close());
    const dio = await lens.makeDio(master);
    const { opId, confirmed } = dio.submit({ kind: "patch", id: "p1", partial: { price: 9 } });
    await confirmed;
    const op = { opId, kind: "patch", id: "p1" };
    expect(of(writes, "asyncEnd")).toMatchObject([
      { dio: "products", route: "master", ops: [{ ...op, attempt: 1 }] },
      { route: "master", ops: [{ ...op, attempt: 2 }] },
    ]);
    expect(of(writes, "error")).toHaveLength(1);
    expect(of(calls, "asyncEnd").filter(({ operation }) => operation === "patch")).toMatchObject([
      { opId, error: { code: "unavailable" } },
      { opId },
    ]);
    expect(inside).toEqual(["attempt 1", "attempt 2"]);
  });

  test("TR5 what a source does for a read runs in the context that was bound, batch by batch", async () => {
    const storage = new AsyncLocalStorage<string>();
    const { start } = tracingChannel<string, TracedCall>("diorama.call");
    start.bindStore(storage, ({ operation }) => operation);
    onTestFinished(() => void start.unbindStore(storage));
    const inside: unknown[] = [];
    const master = products();
    const read = master.source.read.bind(master.source);
    master.source.read = async function* (...args) {
      inside.push(storage.getStore());
      for await (const batch of read(...args)) yield batch;
      inside.push(storage.getStore());
    };
    await open(master);
    expect(inside).toEqual(["read", "read"]);
    expect(storage.getStore()).toBeUndefined();
  });

  test("TR5 the routes of a Lens, one by one and in batches", async () => {
    const writes = listenTo<TracedWrite>("write");
    const lens = await Lens.builder().build();
    onTestFinished(() => lens.close());
    const one = await lens.makeDio(products(), { table: "one", onWrite: async () => undefined });
    await one.submit({ kind: "delete", id: "p1" }).confirmed;
    const many = await lens.makeDio(products(), { table: "many", onWriteBatch: async () => undefined });
    await Promise.all(["p1", "p2"].map((id) => many.submit({ kind: "delete", id }).confirmed));
    const routes = of(writes, "asyncEnd").map(({ dio, route, ops }) => [dio, route, ops.length]);
    expect(routes[0]).toEqual(["one", "onWrite", 1]);
    expect(new Set(routes.slice(1).map(([dio, route]) => `${dio} ${route}`))).toEqual(
      new Set(["many onWriteBatch"]),
    );
    expect(routes.slice(1).reduce((sum, [, , ops]) => sum + Number(ops), 0)).toBe(2);
  });
});

test("TR6 what runs for a Dio, and what fails there", async () => {
  const told = listenTo<TracedRun>("run");
  const dio = await open();
  await dio.refresh();
  await dio.handleEvent({ type: "deleted", id: "p3" });
  expect(of(told, "asyncEnd").map(({ dio: name, kind }) => [name, kind])).toEqual([
    ["goods", "start"],
    ["goods", "refresh"],
    ["goods", "event"],
  ]);
  const failing = await Lens.builder()
    .onStart(() => Promise.reject(new DioramaError("rejected", "no")))
    .build();
  onTestFinished(() => failing.close());
  await expect(failing.makeDio(products())).rejects.toThrow("no");
  expect(of(told, "error")).toMatchObject([{ kind: "start", error: { code: "rejected" } }]);
});

test("TR7 what is handed to the cache and to the queue, with its sizes", async () => {
  const folder = mkdtempSync(join(tmpdir(), "diorama-tracing-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const commits = listenTo<{ dio: string; puts: number; deletes: number }>("cache.commit");
  const batches = listenTo<{ dio: string; puts: number; removes: number }>("queue.commit");
  const lens = await Lens.builder().cacheAt(folder).onStart(seedFromMaster).build();
  const dio = await lens.makeDio(products(), { table: "goods" });
  await dio.vista().delete("p1");
  await dio.flush();
  await lens.close();
  const sum = (numbers: readonly number[]): number => numbers.reduce((total, n) => total + n, 0);
  const kept = of(commits, "asyncEnd");
  expect(sum(kept.map(({ puts }) => puts))).toBeGreaterThanOrEqual(2);
  expect(sum(kept.map(({ deletes }) => deletes))).toBeLessThanOrEqual(1);
  expect(of(batches, "asyncEnd")[0]).toMatchObject({ dio: "goods", puts: 1, removes: 0 });
  expect(sum(of(batches, "asyncEnd").map(({ removes }) => removes))).toBe(1);
  expect(of(commits, "start")).toHaveLength(kept.length);
});

test("TR8 an event that carries an error is a failure, told once", async () => {
  const failures: TracedEvent[] = [];
  hear<TracedEvent>("diorama.failure", (message) => failures.push(message));
  const lens = await Lens.builder()
    .onRefresh(() => Promise.reject(new DioramaError("unavailable", "down")))
    .build();
  onTestFinished(() => lens.close());
  const dio = await lens.makeDio(products());
  const heard: unknown[] = [];
  dio.on("refreshFailed", ({ error }) => heard.push(error));
  await dio.refresh().catch(() => undefined);
  await dio.vista().insert("p4", { id: "p4", name: "Tea", price: 4 });
  expect(failures).toMatchObject([
    { dio: "products", type: "refreshFailed", error: { code: "unavailable" } },
  ]);
  expect(failures[0]?.error).toBe(heard[0]);
});

test("TR3 no message holds what is in a row", async () => {
  const told: string[] = [];
  const note = (message: object): void => void told.push(inspect(message, { depth: 12 }));
  for (const name of ["event", "failure"]) hear(`diorama.${name}`, note);
  for (const name of works) {
    for (const stage of ["start", "end", "asyncStart", "asyncEnd", "error"]) {
      hear(`tracing:diorama.${name}:${stage}`, note);
    }
  }
  const master = products();
  const dio = await open(master);
  const row = { id: "p9", name: SECRET, price: 9 };
  await dio.vista().where("name", "=", SECRET).list();
  await dio.vista().insert("p9", row);
  await dio.vista().patch("p9", { name: `${SECRET} again` });
  await dio.vista().replace("p9", row);
  await dio.handleEvent({ type: "updated", id: "p1", row: { id: "p1", name: `${SECRET} more`, price: 2 } });
  await dio.flush();
  master.source.insert = () => Promise.reject(new DioramaError("rejected", "products: no"));
  const refused = dio.submit({ kind: "insert", id: "p8", row: { ...row, id: "p8" } });
  await refused.confirmed.catch(() => undefined);
  await dio.refresh();
  await dio.vista().where("name", "contains", SECRET).deleteAll();
  await dio.flush();
  expect(told.length).toBeGreaterThan(50);
  expect(told.filter((text) => text.includes(SECRET))).toEqual([]);
});

test("TR9 a subscriber that throws: the Dio goes on, the error is uncaught", async () => {
  const dist = fileURLToPath(new URL("../../dist/index.js", import.meta.url));
  const program = `
    import { subscribe } from "node:diagnostics_channel";
    import { Lens, memory, seedFromMaster } from ${JSON.stringify(dist)};
    let uncaught = 0;
    process.on("uncaughtException", () => (uncaught += 1));
    const names = ${JSON.stringify(works)}.flatMap((name) =>
      ["start", "end", "asyncStart", "asyncEnd"].map((stage) => "tracing:diorama." + name + ":" + stage));
    let after = 0;
    for (const name of ["diorama.event", ...names]) {
      subscribe(name, () => { throw new Error("a bad subscriber"); });
      subscribe(name, () => (after += 1));
    }
    const lens = await Lens.builder().onStart(seedFromMaster).build();
    const dio = await lens.makeDio(memory("rows", { id: "id", columns: { n: "integer" }, rows: [{ id: "a", n: 1 }] }));
    await dio.vista().insert("b", { id: "b", n: 2 });
    await dio.flush();
    const rows = await dio.vista().list();
    await lens.close();
    await new Promise((resolve) => setImmediate(resolve));
    console.log(JSON.stringify({ rows: rows.size, same: uncaught === after, some: after > 10 }));`;
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", program]);
  expect(JSON.parse(stdout)).toEqual({ rows: 2, same: true, some: true });
});
