import { DioramaError, type Row, vista } from "vantage-diorama";
import { type Cache, LiveTable, ManualLiveStream, MemCache } from "vantage-diorama/live";
import { describe, expect, test } from "vitest";
import { bareOf, createRows, createStage, FlakyCache, idOf, settle, ways } from "./setup.ts";

/** A cache whose reads wait until they are let go. */
function createGate(): { cache: Cache; isShut: boolean; open(): void } {
  const kept = new MemCache();
  let gate = Promise.withResolvers<void>();
  const gated = {
    isShut: false,
    cache: {
      get: async (key: string) => {
        if (gated.isShut) await gate.promise;
        return kept.get(key);
      },
      put: (key, rows) => kept.put(key, rows),
      invalidatePrefix: (prefix) => kept.invalidatePrefix(prefix),
      delete: (key) => kept.delete(key),
    } satisfies Cache,
    open: () => {
      gated.isShut = false;
      gate.resolve();
      gate = Promise.withResolvers();
    },
  };
  return gated;
}

describe("a cache that answers late", () => {
  const readers = {
    list: (live: LiveTable<Row>, signal?: AbortSignal) => vista(live).list({ signal }),
    first: (live: LiveTable<Row>, signal?: AbortSignal) => vista(live).first({ signal }),
    read: async (live: LiveTable<Row>) => {
      for await (const batch of live.read({ conditions: [], order: [], search: undefined }, {})) void batch;
    },
    window: (live: LiveTable<Row>) =>
      live.window({ conditions: [], order: [], search: undefined }, { offset: 0, limit: 1 }, {}),
  };

  test.each(Object.keys(readers) as (keyof typeof readers)[])(
    "LT28 who waits for it is closed at once, and asks no master afterwards: %s",
    async (way) => {
      const gate = createGate();
      const { live, source } = createStage({ cache: gate.cache });
      await live.get(idOf(1));
      const asked = source.history.length;
      gate.isShut = true;
      const waiting = readers[way](live);
      const outcome = expect(waiting).rejects.toMatchObject({ code: "closed" });
      await settle();
      await live.close();
      await outcome;
      gate.open();
      await settle();
      expect(source.history).toHaveLength(asked);
    },
  );

  test("LT4 LT28 a list that waited while its table was closed puts nothing under the next one's pages", async () => {
    const gate = createGate();
    const rows = createRows(30);
    const first = new LiveTable<Row>(rows, "k", gate.cache, { pageSize: 10, stream: false });
    await first.get(idOf(1));
    gate.isShut = true;
    const waiting = vista(first).list();
    waiting.catch(() => undefined);
    await settle();
    await first.close();
    const next = new LiveTable<Row>(rows, "k", gate.cache, { pageSize: 20, stream: false });
    gate.open();
    await settle();
    expect((await vista(next).fetchPage(2, 20)).rows.size).toBe(10);
    expect((await vista(next).fetchPage(1, 20)).rows.size).toBe(20);
  });
});

describe("an answer at the moment at which nobody waits any more", () => {
  test.each(Array.from({ length: 16 }, (_, ticks) => ticks))(
    "LT19 it is not kept across a drop, %i ticks after it came",
    async (ticks) => {
      const rows = createRows(5, ways.whole);
      const answer = Promise.withResolvers<void>();
      let price = 1;
      const live = new LiveTable<Row>(
        {
          ...bareOf(rows),
          get: async (id: string) => {
            const row = { id, price };
            if (price === 1) await answer.promise;
            return row;
          },
        },
        "k",
        new MemCache(),
        { stream: false },
      );
      // What the cache holds is of this master from here on.
      await vista(live).fetchPage(1, 5);
      const leaving = new AbortController();
      const reading = live.get(idOf(1), { signal: leaving.signal });
      reading.catch(() => undefined);
      await settle();
      answer.resolve();
      for (let tick = 0; tick < ticks; tick++) await Promise.resolve();
      leaving.abort();
      price = 2;
      await live.invalidate();
      await settle();
      expect(await live.get(idOf(1))).toEqual({ id: idOf(1), price: 2 });
    },
  );
});

describe("a cache that is wrong", () => {
  test("LT17 a note that could not be stored is stored with the next write", async () => {
    const cache = new FlakyCache();
    const { vista: table, rows, source } = createStage({ cache });
    await table.fetchPage(1, 10);
    cache.failing.add("put");
    await table.patch(idOf(1), { price: "none" }).catch(() => undefined);
    source.failNext("patch", new DioramaError("invalid", "made up"));
    await table.patch(idOf(1), { price: 2 }).catch(() => undefined);
    cache.failing.clear();
    source.setFaults({ latencyMs: { patch: [1_000, 1_000] } });
    // It is under way when the process ends.
    table.patch(idOf(1), { price: 3 }).catch(() => undefined);
    await settle();
    rows.set(idOf(1), { id: idOf(1), price: 3 });
    const live = new LiveTable<Row>(source, "products", inNextProcess(cache), {
      pageSize: 10,
      stream: false,
    });
    const { rows: page } = await vista(live).fetchPage(1, 10);
    expect(page.get(idOf(1))).toMatchObject({ price: 3 });
  });

  test.each([
    ["a text", "page"],
    ["no rows", { fetchedAt: 1 }],
    ["rows as an object", { rows: {}, fetchedAt: 1 }],
    ["rows as a list", { rows: [["a", {}]], fetchedAt: 1 }],
    ["no time", { rows: new Map() }],
    ["a time that is none", { rows: new Map(), fetchedAt: "now" }],
    ["a total that is none", { rows: new Map(), fetchedAt: 1, total: "5" }],
  ])("LT20 an entry that is none (%s) is a miss and told", async (_what, entry) => {
    const kept = new MemCache();
    const cache: Cache = {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what a cache without a compiler may say
      get: async (key) => ((await kept.get(key)) === undefined ? undefined : (entry as never)),
      put: (key, page) => kept.put(key, page),
      invalidatePrefix: (prefix) => kept.invalidatePrefix(prefix),
    };
    const { vista: table, rows, told } = createStage({ count: 15, cache, ttl: 1_000 });
    for (let turn = 0; turn < 3; turn++) expect(await table.get(idOf(1))).toEqual(rows.rows.get(idOf(1)));
    expect((await table.fetchPage(2, 10)).rows.size).toBe(5);
    expect((await table.fetchWindow(5, 10)).rows.size).toBe(10);
    expect(await table.count()).toBe(15);
    expect(await table.first()).toEqual([idOf(0), rows.rows.get(idOf(0))]);
    expect((await table.list()).size).toBe(15);
    expect(told("cacheFailed").length).toBeGreaterThan(0);
    expect(told("hit")).toEqual([]);
    await table.patch(idOf(1), { price: 7 });
    expect(await table.get(idOf(1))).toMatchObject({ price: 7 });
  });

  test("LT20 null is a miss, and what was put is a hit", async () => {
    const kept = new MemCache();
    const cache: Cache = {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as above
      get: async (key) => (await kept.get(key)) ?? (null as never),
      put: (key, page) => kept.put(key, page),
      invalidatePrefix: (prefix) => kept.invalidatePrefix(prefix),
    };
    const { vista: table, told } = createStage({ cache });
    await table.fetchPage(1, 10);
    await table.fetchPage(1, 10);
    expect(told("hit", "miss", "cacheFailed")).toEqual(["miss page_1", "hit page_1"]);
  });
});

/** The same entries, as another process finds them. */
function inNextProcess(cache: Cache): Cache {
  return {
    get: (key) => cache.get(key),
    put: (key, page) => cache.put(key, page),
    invalidatePrefix: (prefix) => cache.invalidatePrefix(prefix),
  };
}

describe("what is left behind", () => {
  test("LT17 a write is not sent before its note is kept", async () => {
    const kept = new MemCache();
    const noting = Promise.withResolvers<void>();
    let isSlow = false;
    const cache: Cache = {
      ...inNextProcess(kept),
      put: async (key, page) => {
        if (isSlow) await noting.promise;
        await kept.put(key, page);
      },
    };
    const { vista: table, source } = createStage({ cache });
    await table.get(idOf(1));
    isSlow = true;
    const writing = table.patch(idOf(1), { price: 100 });
    await settle();
    expect(source.calls("patch")).toBe(0);
    noting.resolve();
    expect(await writing).toMatchObject({ price: 100 });
  });

  test("LT4 what is cached after a drop is there for the next process", async () => {
    const cache = new MemCache();
    const { vista: table, live } = createStage({ cache });
    await table.get(idOf(1));
    await live.invalidate();
    await table.get(idOf(1));
    const next = createStage({ cache: inNextProcess(cache) });
    expect(await next.vista.get(idOf(1))).toMatchObject({ price: 1 });
    expect(next.source.calls()).toBe(0);
  });

  test("LT10 pages behind the end of what was read whole are gone", async () => {
    const { vista: table, rows } = createStage({ count: 35 });
    expect((await table.fetchPage(4, 10)).rows.size).toBe(5);
    for (let number = 15; number < 35; number++) rows.remove(idOf(number));
    expect((await table.list()).size).toBe(15);
    expect((await table.fetchPage(4, 10)).rows.size).toBe(0);
  });
});

describe("drops that meet", () => {
  test("LT13 LT19 what was read again behind is not kept across a drop", async () => {
    const { vista: table, live, rows, source, clock, steps } = createStage({ ttl: 1_000 });
    await table.get(idOf(1));
    await clock.advance(2_000);
    source.setFaults({ latencyMs: { get: [100, 100] } });
    // Served at once, and the master has answered behind it: the answer is on its way.
    await table.get(idOf(1));
    await settle();
    rows.set(idOf(1), { id: idOf(1), price: 7 });
    await live.invalidate();
    await clock.advance(100);
    await settle();
    expect(steps.filter((step) => step.kind === "fetched").map((step) => step.isKept)).toEqual([true, false]);
    expect(await clock.until(table.get(idOf(1)))).toMatchObject({ price: 7 });
  });

  test("LT18 a drop that failed behind an earlier one is not made good by it", async () => {
    const kept = new FlakyCache();
    const gate = Promise.withResolvers<void>();
    let isSlow = false;
    const cache: Cache = {
      get: (key) => kept.get(key),
      put: (key, page) => kept.put(key, page),
      delete: (key) => kept.delete(key),
      invalidatePrefix: async (prefix) => {
        const dropped = kept.invalidatePrefix(prefix);
        if (isSlow) await gate.promise;
        await dropped;
      },
    };
    const stream = new ManualLiveStream();
    const { vista: table, live, rows } = createStage({ cache, stream });
    await table.fetchPage(1, 10);
    isSlow = true;
    const dropping = live.invalidate();
    expect((await table.fetchPage(1, 10)).rows.size).toBe(10);
    kept.failing.add("delete");
    rows.set(idOf(1), { id: idOf(1), price: 7 });
    stream.emit({ type: "updated", id: idOf(1) });
    await settle();
    isSlow = false;
    gate.resolve();
    await dropping;
    expect((await table.fetchPage(1, 10)).rows.get(idOf(1))).toMatchObject({ price: 7 });
    await live.close();
  });

  test("LT21 a deleted row goes from the first row too, where a page behind shows it as well", async () => {
    const stream = new ManualLiveStream();
    const { vista: table, live, rows } = createStage({ count: 25, stream });
    expect([...(await table.fetchWindow(0, 1)).rows.keys()]).toEqual([idOf(0)]);
    // It has moved, and nobody told.
    const [moved, ...others] = [...rows.rows.values()];
    rows.replaceAll(moved === undefined ? others : others.toSpliced(12, 0, moved));
    expect([...(await table.fetchPage(2, 10)).rows.keys()]).toContain(idOf(0));
    rows.remove(idOf(0));
    stream.emit({ type: "deleted", id: idOf(0) });
    await settle();
    expect([...(await table.fetchWindow(0, 1)).rows.keys()]).toEqual([idOf(1)]);
    await live.close();
  });

  test("LT25 who watches is told when the drop is done, not before", async () => {
    const kept = new MemCache();
    const gate = Promise.withResolvers<void>();
    let isSlow = false;
    const cache: Cache = {
      ...inNextProcess(kept),
      invalidatePrefix: async (prefix) => {
        if (isSlow) await gate.promise;
        await kept.invalidatePrefix(prefix);
      },
    };
    const stream = new ManualLiveStream();
    const { vista: table, live } = createStage({ cache, stream });
    await table.fetchPage(1, 10);
    let isTold = false;
    const told = live
      .watch({})
      [Symbol.asyncIterator]()
      .next()
      .then(() => (isTold = true));
    isSlow = true;
    stream.emit({ type: "changed" });
    await settle();
    expect(isTold).toBe(false);
    gate.resolve();
    await told;
    await live.close();
  });
});
