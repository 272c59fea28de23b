import { DioramaError, type Logger, memory, type Row, type StandardSchemaV1, vista } from "vantage-diorama";
import { type Cache, LiveTable, MemCache } from "vantage-diorama/live";
import { createRandom } from "vantage-diorama/testing";
import { describe, expect, test } from "vitest";
import { createRows, createStage, FlakyCache, idOf, rowOf, settle } from "./setup.ts";

const code = (error: unknown): unknown => (error instanceof DioramaError ? error.code : error);
const outcome = (work: Promise<unknown>): Promise<unknown> => work.catch(code);

describe("the queue", () => {
  test("LT15 100 writers at once each get their own outcome, in the order of their calls", async () => {
    const { vista: table, source, rows, clock, told } = createStage({ count: 20 });
    source.setFaults({ latencyMs: [0, 20] });
    const settled: number[] = [];
    const random = createRandom(5);
    const writers = Array.from({ length: 100 }, (_, writer) => {
      const id = idOf(random.integer(0, 29));
      const work =
        writer % 3 === 0 ? table.insert(id, { id, price: writer }) : table.patch(id, { price: writer });
      return { id, writer, kind: writer % 3 === 0, done: outcome(work).finally(() => settled.push(writer)) };
    });
    const expected = new Map(createRows(20).rows);
    const outcomes = await clock.until(Promise.all(writers.map(({ done }) => done)));
    for (const [at, { id, writer, kind }] of writers.entries()) {
      const isThere = expected.has(id);
      if (kind === isThere) expect(outcomes[at]).toBe(kind ? "conflict" : "notFound");
      else {
        expected.set(id, { id, price: writer });
        expect(outcomes[at]).toEqual({ id, price: writer });
      }
    }
    expect(settled).toEqual(Array.from({ length: 100 }, (_, writer) => writer));
    expect(new Map(rows.rows)).toEqual(expected);
    expect(told("writeQueued")).toHaveLength(100);
    expect(told("writeConfirmed", "writeFailed")).toHaveLength(100);
  });

  test("LT15 every kind of write goes to the write target, with its opId", async () => {
    const target = createRows(0);
    const { vista: table, rows, steps } = createStage({ count: 3, writeTarget: target });
    const ops: (string | undefined)[] = [];
    const ending = new AbortController();
    const feed = target.watch({ signal: ending.signal });
    const hear = (async () => {
      for await (const change of feed) ops.push(change.opId);
    })();
    await table.insert("a", { id: "a", price: 1 }, { opId: "op-1" });
    await table.replace("a", { id: "a", price: 2 }, { opId: "op-2" });
    await table.patch("a", { price: 3 }, { opId: "op-3" });
    expect(target.rows.get("a")).toEqual({ id: "a", price: 3 });
    const added = await table.add({ price: 4 }, { opId: "op-4" });
    expect(target.rows.get(added)).toEqual({ id: added, price: 4 });
    await table.delete("a", { opId: "op-5" });
    await table.deleteAll({ opId: "op-6" });
    expect(target.rows.size).toBe(0);
    await settle();
    ending.abort();
    await hear;
    expect(ops).toEqual(["op-1", "op-2", "op-3", "op-4", "op-5", "op-6"]);
    expect(rows.rows.size).toBe(3);
    const confirmed = steps.flatMap((step) =>
      step.kind === "writeConfirmed" ? [`${step.op} ${step.opId}`] : [],
    );
    expect(confirmed).toEqual([
      "insert op-1",
      "replace op-2",
      "patch op-3",
      "insert op-4",
      "delete op-5",
      "deleteAll op-6",
    ]);
  });

  test("LT15 LT1 writes are claimed as the write target has them, and add is the target's own where it has one", async () => {
    const reading = createRows(3, { canInsert: false, canUpdate: false, canDelete: false });
    const { live } = createStage({ view: () => reading });
    expect(live.capabilities).toMatchObject({ canInsert: false, canUpdate: false, canDelete: false });
    await expect(vista(live).insert("a", { id: "a" })).rejects.toMatchObject({ code: "unsupported" });
    const target = Object.assign(Object.create(createRows(0)) as ReturnType<typeof createRows>, {
      name: "chooser",
      schema: reading.schema,
      capabilities: createRows(0).capabilities,
      add: async (row: Partial<Row>) => ["chosen", { ...row, id: "chosen" }] as const,
    });
    const choosing = createStage({ view: () => reading, writeTarget: target });
    const row = await choosing.live.add?.({ price: 1 }, {});
    expect(row).toEqual(["chosen", { id: "chosen", price: 1 }]);
    expect(await choosing.vista.add({ price: 1 })).toBe("chosen");
    await expect(choosing.vista.add({ nothing: 1 })).rejects.toMatchObject({ code: "invalid" });
    const wrong = createStage({
      writeTarget: Object.assign(target, { add: async () => undefined as never }),
      cache: new MemCache(),
    });
    await expect(wrong.vista.add({ price: 1 })).rejects.toMatchObject({ code: "rejected" });
  });

  test("LT15 a validator of the master checks rows once on their way in, and what is written", async () => {
    let checks = 0;
    const schema: StandardSchemaV1<unknown, { id: string; price: number }> = {
      "~standard": {
        version: 1,
        vendor: "test",
        validate: (value) => {
          checks += 1;
          const row = value as { id: string; price: number };
          return row.price < 0 ? { issues: [{ message: "too cheap", path: ["price"] }] } : { value: row };
        },
      },
    };
    const master = memory("checked", { id: "id", schema, rows: [{ id: "a", price: 1 }] });
    const table = vista(new LiveTable(master, "k", new MemCache(), { stream: false }));
    for (let turn = 0; turn < 3; turn++) expect(await table.get("a")).toEqual({ id: "a", price: 1 });
    expect(checks).toBe(1);
    await expect(table.patch("a", { price: -1 })).rejects.toMatchObject({ code: "invalid" });
  });

  test("LT16 an aborted writer whose turn has not come is taken out", async () => {
    const { vista: table, source, rows, clock, told } = createStage({ count: 5 });
    source.setFaults({ latencyMs: [50, 50] });
    const aborted = new AbortController();
    const first = table.patch(idOf(0), { price: 10 });
    const left = outcome(table.patch(idOf(1), { price: 10 }, { signal: aborted.signal }));
    const direct = outcome(
      table.source.patch?.(idOf(2), { price: 10 }, { signal: aborted.signal }) ?? Promise.resolve(),
    );
    const last = table.patch(idOf(3), { price: 10 });
    aborted.abort("enough");
    expect([await left, await direct]).toEqual(["enough", "enough"]);
    await clock.until(Promise.all([first, last]));
    expect([...rows.rows.values()].map((row) => row["price"])).toEqual([10, 1, 2, 10, 4]);
    expect(source.calls("patch")).toBe(2);
    expect(told("writeFailed")).toHaveLength(2);
    expect(told("invalidated")).toHaveLength(2);
  });

  test("LT16 a write that has begun and is aborted counts as done: the cache is dropped, and the next one goes", async () => {
    const { vista: table, source, live } = createStage({ count: 5 });
    expect(await table.get(idOf(0))).toEqual(rowOf(0));
    source.setFaults({ hangRate: { patch: 1 } });
    const aborted = new AbortController();
    const left = outcome(live.patch(idOf(0), { price: 10 }, { signal: aborted.signal }));
    await settle();
    aborted.abort("enough");
    expect(await left).toBe("enough");
    source.heal();
    await table.get(idOf(0));
    expect(source.calls("get")).toBe(2);
    expect(await table.patch(idOf(1), { price: 10 })).toMatchObject({ price: 10 });
  });
});

describe("the drop", () => {
  test("LT17 everything under the key is gone before the writer hears of it", async () => {
    const { vista: table, told, steps } = createStage({ count: 15 });
    const shown = async () => [
      (await table.fetchPage(1, 10)).rows.get(idOf(1))?.["price"],
      (await table.get(idOf(1)))?.["price"],
      await table.count(),
      [...(await table.list()).values()].map((row) => row["price"]).slice(0, 2),
    ];
    expect(await shown()).toEqual([1, 1, 15, [0, 1]]);
    await table.patch(idOf(1), { price: 100 });
    expect(await shown()).toEqual([100, 100, 15, [0, 100]]);
    await table.delete(idOf(0));
    expect(await shown()).toEqual([100, 100, 14, [100, 2]]);
    await table.insert("zzz", { id: "zzz", price: 7 });
    expect((await table.list()).size).toBe(15);
    await table.deleteAll();
    expect((await table.list()).size).toBe(0);
    expect(told("invalidated")).toEqual(Array.from({ length: 4 }, () => "invalidated products"));
    const order = steps
      .map(({ kind }) => kind)
      .filter((kind) => kind === "invalidated" || kind === "writeConfirmed");
    expect(order.slice(0, 2)).toEqual(["invalidated", "writeConfirmed"]);
  });

  test("LT17 another table's keys stay", async () => {
    const cache = new MemCache();
    const { vista: table } = createStage({ cache });
    const other = new LiveTable<Row>(createRows(5), "products_old", cache, { stream: false });
    await vista(other).fetchPage(1, 100);
    await table.patch(idOf(1), { price: 100 });
    expect(await cache.get("products_old/page_1")).toBeDefined();
  });

  test.each(["unavailable", "timeout", "conflict", "notFound", "rejected"] as const)(
    "LT17 a write that fails as %s may have happened",
    async (failure) => {
      const { vista: table, source, rows } = createStage();
      await table.get(idOf(1));
      source.failNext("patch", new DioramaError(failure, "made up"));
      rows.set(idOf(1), { ...rowOf(1), price: 100 });
      await expect(table.patch(idOf(1), { price: 100 })).rejects.toMatchObject({ code: failure });
      expect(await table.get(idOf(1))).toMatchObject({ price: 100 });
    },
  );

  test("LT17 one that was done though its answer was lost; one that threw something else", async () => {
    const { vista: table, source } = createStage();
    await table.get(idOf(1));
    source.setFaults({ lostAnswerRate: 1 });
    await expect(table.patch(idOf(1), { price: 100 })).rejects.toMatchObject({ code: "unavailable" });
    expect(await table.get(idOf(1))).toMatchObject({ price: 100 });
    source.heal();
    source.failNext("patch", "a text");
    await expect(table.patch(idOf(1), { price: 101 })).rejects.toBeInstanceOf(Error);
    await table.get(idOf(1));
    expect(source.calls("get")).toBe(3);
  });

  test("LT17 a process that ends before the drop leaves a note, and the next one drops everything", async () => {
    const cache = new MemCache();
    const inNextProcess = (): Cache => ({
      get: (key) => cache.get(key),
      put: (key, rows) => cache.put(key, rows),
      invalidatePrefix: (prefix) => cache.invalidatePrefix(prefix),
    });
    const { vista: table, rows, source } = createStage({ cache });
    await table.get(idOf(1));
    // A write that is refused leaves no note behind.
    source.failNext("patch", new DioramaError("unsupported", "made up"));
    await expect(table.patch(idOf(1), { price: 1 })).rejects.toMatchObject({ code: "unsupported" });
    const spared = createStage({ cache: inNextProcess() });
    await spared.vista.get(idOf(1));
    expect(spared.source.calls()).toBe(0);
    // The master has done it, and its answer never comes.
    source.setFaults({ hangRate: { patch: 1 } });
    const ending = new AbortController();
    void table.patch(idOf(1), { price: 100 }, { signal: ending.signal }).catch(() => undefined);
    await settle();
    rows.set(idOf(1), { ...rowOf(1), price: 100 });
    // Read and cached while it is on its way.
    await table.get(idOf(2));
    const next = createStage({ cache: inNextProcess(), view: () => source });
    expect(await next.vista.get(idOf(1))).toMatchObject({ price: 100 });
    expect(await cache.get(`products/id/${idOf(2)}`)).toBeUndefined();
    ending.abort();
    await settle();
    // Afterwards everything is as ever.
    source.heal();
    await table.patch(idOf(1), { price: 101 });
    await table.get(idOf(1));
    const last = createStage({ cache: inNextProcess() });
    expect(await last.vista.get(idOf(1))).toMatchObject({ price: 101 });
    expect(last.source.calls()).toBe(0);
  });

  test("LT17 one that was refused before it was sent drops nothing", async () => {
    const { vista: table, source, told } = createStage();
    await table.get(idOf(1));
    await expect(table.patch(idOf(1), { price: "cheap" })).rejects.toMatchObject({ code: "invalid" });
    source.failNext("patch", new DioramaError("unsupported", "made up"));
    await expect(table.patch(idOf(1), { price: 1 })).rejects.toMatchObject({ code: "unsupported" });
    await table.get(idOf(1));
    expect(source.calls("get")).toBe(1);
    expect(told("invalidated")).toEqual([]);
  });
});

describe("a cache that fails", () => {
  const createLog = (): { readonly logger: Logger; readonly errors: string[] } => {
    const errors: string[] = [];
    const ignore = (): void => undefined;
    return { logger: { error: (message) => errors.push(message), info: ignore, debug: ignore }, errors };
  };

  test("LT18 what it could not drop is never served, until the drop works", async () => {
    const cache = new FlakyCache();
    const { logger, errors } = createLog();
    const { vista: table, source, steps } = createStage({ cache, logger });
    await table.get(idOf(1));
    await table.fetchPage(1, 10);
    cache.failing.add("invalidatePrefix");
    expect(await table.patch(idOf(1), { price: 100 })).toMatchObject({ price: 100 });
    for (let turn = 0; turn < 3; turn++) {
      expect(await table.get(idOf(1))).toMatchObject({ price: 100 });
      expect((await table.fetchPage(1, 10)).rows.get(idOf(1))).toMatchObject({ price: 100 });
    }
    expect([source.calls("get"), source.calls("page")]).toEqual([4, 4]);
    expect(steps.flatMap((step) => (step.kind === "fetched" ? [step.isKept] : [])).slice(2)).not.toContain(
      true,
    );
    expect(errors).toEqual([expect.stringContaining("could not drop")]);
    cache.failing.clear();
    for (let turn = 0; turn < 2; turn++) expect(await table.get(idOf(1))).toMatchObject({ price: 100 });
    expect(source.calls("get")).toBe(5);
  });

  test("LT18 another LiveTable of the same key does not serve it either", async () => {
    const cache = new FlakyCache();
    const [one, other] = [createStage({ cache }), createStage({ cache })];
    await other.vista.get(idOf(1));
    cache.failing.add("invalidatePrefix");
    await one.vista.patch(idOf(1), { price: 100 });
    other.rows.set(idOf(1), { ...rowOf(1), price: 100 });
    expect(await other.vista.get(idOf(1))).toMatchObject({ price: 100 });
  });

  test("LT20 it never fails a read, and the log hears of it once", async () => {
    const cache = new FlakyCache();
    const { logger, errors } = createLog();
    const { vista: table, told } = createStage({ cache, logger });
    await table.get(idOf(0));
    cache.failing.add("put");
    for (let turn = 0; turn < 2; turn++) expect(await table.get(idOf(1))).toEqual(rowOf(1));
    expect((await table.list()).size).toBe(95);
    cache.failing.add("get");
    for (let turn = 0; turn < 2; turn++) expect(await table.get(idOf(0))).toEqual(rowOf(0));
    expect((await table.list()).size).toBe(95);
    await settle();
    expect(errors).toEqual([
      expect.stringContaining("the cache failed: put fails"),
      expect.stringContaining("the cache failed: get fails"),
    ]);
    expect(told("cacheFailed")).toContain(`cacheFailed id/${idOf(1)}`);
    cache.failing.clear();
    await table.get(idOf(0));
    cache.failing.add("get");
    await table.get(idOf(0));
    expect(errors).toHaveLength(3);
  });

  test("LT20 one that hangs as it stores holds up nobody", async () => {
    const kept = new MemCache();
    const cache = {
      get: kept.get.bind(kept),
      invalidatePrefix: kept.invalidatePrefix.bind(kept),
      put: () => new Promise<void>(() => undefined),
    };
    const { vista: table } = createStage({ cache });
    expect(await table.get(idOf(0))).toEqual(rowOf(0));
    expect((await table.list()).size).toBe(95);
  });
});
