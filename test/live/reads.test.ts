import { DioramaError, memory, type Row, type Source, vista } from "vantage-diorama";
import { type Cache, LiveTable, MemCache, NoCache } from "vantage-diorama/live";
import { createScheduler } from "vantage-diorama/testing";
import { describe, expect, test } from "vitest";
import { bareOf, createRows, createStage, FlakyCache, idOf, idsOf, rowOf, settle, ways } from "./setup.ts";

describe("options", () => {
  const master = createRows(3);
  const cache = new MemCache();
  const make = (...given: readonly unknown[]) => {
    const [key = "products", options = {}, kept = cache] = given;
    // Callers without a compiler may hand over anything.
    return () => new LiveTable(master, key as string, kept as MemCache, options as object);
  };

  test.each<[string, ReturnType<typeof make>, RegExp]>([
    ["an empty key", make(""), /cache key/],
    ["a key with a slash", make("a/b"), /"a\/b".*"\/"/],
    ["a key that is no text", make(7), /cache key/],
    ["half of a surrogate pair", make("\ud800"), /surrogate/],
    ["a cache that is none", make("a", {}, { get: () => undefined }), /cache .*put\(\)/],
    ["a page size of 0", make("a", { pageSize: 0 }), /pageSize .*not 0/],
    ["a page size and a half", make("a", { pageSize: 1.5 }), /pageSize .*1\.5/],
    ["a misspelt option", make("a", { pagesize: 10 }), /did you mean pageSize/],
    ["a duration that is none", make("a", { ttl: "soon" }), /ttl: "soon"/],
    ["staleFor without ttl", make("a", { staleFor: 5 }), /give ttl/],
    ["a stream that is none", make("a", { stream: true }), /stream .*subscribe/],
    ["a clock that is none", make("a", { clock: {} }), /clock .*now/],
    ["a logger that is none", make("a", { logger: console.log }), /logger .*error/],
    ["a write target that is none", make("a", { writeTarget: 7 }), /vista is made of a source/],
    ["options that are none", make("a", null), /options/],
  ])("LT2 %s is invalid", (_what, create, message) => {
    expect(create).toThrow(DioramaError);
    expect(create).toThrow(message);
    expect(create).toThrow(expect.objectContaining({ code: "invalid" }));
  });

  test("LT2 LT1 a prefix to drop is a text, a query is everything", async () => {
    const { live } = createStage();
    await expect(live.invalidate("")).rejects.toMatchObject({ code: "invalid" });
    const ordered = vista(createRows(1)).orderBy("price").query;
    await expect(live.window(ordered, { offset: 0, limit: 1 }, {})).rejects.toMatchObject({
      code: "unsupported",
    });
    await expect(live.deleteAll(vista(createRows(1)).where("price", 1).query, {})).rejects.toMatchObject({
      code: "unsupported",
    });
  });
});

describe("hits and misses", () => {
  test("LT3 pages, records, counts and the first row are cached under their keys, and asked for once", async () => {
    const cache = new MemCache();
    const { vista: table, source } = createStage({ cache });
    for (let turn = 0; turn < 2; turn++) {
      expect(await table.first()).toEqual([idOf(0), rowOf(0)]);
      expect([...(await table.fetchPage(2, 10)).rows.keys()]).toEqual(idsOf(10, 20));
      expect(await table.get(idOf(3))).toEqual(rowOf(3));
      expect(await table.get("nobody")).toBeUndefined();
      expect(await table.count()).toBe(95);
    }
    expect([
      source.calls("window"),
      source.calls("page"),
      source.calls("get"),
      source.calls("count"),
    ]).toEqual([1, 1, 2, 1]);
    for (const key of ["first", "page_2", `id/${idOf(3)}`, "id/nobody", "count", "origin"]) {
      expect(await cache.get(`products/${key}`), key).toBeDefined();
    }
    expect((await cache.get("products/page_2"))?.total).toBe(95);
    expect(await cache.get("products/page_1")).toBeUndefined();
  });

  test("LT3 the first row comes from page 1 where that is held", async () => {
    const { vista: table, source, told } = createStage();
    await table.fetchPage(1, 10);
    expect(await table.first()).toEqual([idOf(0), rowOf(0)]);
    expect(source.calls()).toBe(1);
    expect(told("hit")).toEqual(["hit page_1"]);
  });

  test.each(Object.entries(ways))(
    "LT3 the first row of a master that has %s",
    async (_name, capabilities) => {
      const { vista: table } = createStage({ capabilities });
      expect(await table.first()).toEqual([idOf(0), rowOf(0)]);
      expect(await table.first()).toEqual([idOf(0), rowOf(0)]);
      expect(await createStage({ capabilities, count: 0 }).vista.first()).toBeUndefined();
    },
  );

  test("LT3 ids hold slashes, spaces, emoji and what looks like another key", async () => {
    const ids = ["a/b", "a b", "😀", "../page_1", "__proto__", "count", "%2F", "a/b/"];
    const master = memory<Row>("odd", { rows: new Map(ids.map((id, price) => [id, { price }])) }).source;
    const table = vista(new LiveTable<Row>(master, "odd 😀", new MemCache()));
    for (let turn = 0; turn < 2; turn++) {
      for (const [price, id] of ids.entries()) expect(await table.get(id)).toEqual({ price });
    }
    await table.patch("a/b", { price: 70 });
    expect(await table.get("a/b")).toEqual({ price: 70 });
    expect(await table.get("a/b/")).toEqual({ price: 7 });
  });

  test("LT4 what another page size, master, narrowing or order left under the key is dropped first", async () => {
    const cache = new MemCache();
    const master = createRows(30);
    const open = async (from: ConstructorParameters<typeof LiveTable<Row>>[0], pageSize: number) => {
      const live = new LiveTable<Row>(from, "k", cache, { pageSize });
      const ids = [...(await vista(live).fetchPage(1, 20)).rows.keys()];
      await live.close();
      return ids;
    };
    expect(await open(master, 10)).toEqual(idsOf(0, 20));
    expect(await open(master, 25)).toEqual(idsOf(0, 20));
    expect(await open(vista(master).orderBy("price", "desc"), 25)).toEqual(idsOf(10, 30).toReversed());
    expect(await open(vista(master).where("price", "<", 5), 25)).toEqual(idsOf(0, 5));
    expect(await open(createRows(7), 25)).toEqual(idsOf(0, 7));
    const other = memory<Row>("other", { id: "id", rows: [{ id: "x", price: 1 }] }).source;
    expect(await open(other, 25)).toEqual(["x"]);
    expect(await open(master, 25)).toEqual(idsOf(0, 20));
  });

  test("LT4 the same origin finds what was kept, in a new LiveTable too", async () => {
    const cache = new MemCache();
    const first = createStage({ cache });
    await first.vista.fetchPage(1, 10);
    await first.live.close();
    const second = createStage({ cache });
    await second.vista.fetchPage(1, 10);
    expect(second.source.calls()).toBe(0);
  });

  test("LT4 two at a time that differ are invalid; after the first has closed, the other may open", async () => {
    const cache = new MemCache();
    const { live } = createStage({ cache });
    expect(() => createStage({ cache, pageSize: 20 })).toThrow(/in use with another pageSize/);
    await live.close();
    await live.close();
    const { vista: table } = createStage({ cache, pageSize: 20 });
    expect((await table.fetchPage(1, 20)).rows.size).toBe(20);
  });

  test("LT4 an origin that can't be read keeps nothing and drops nothing", async () => {
    const cache = new FlakyCache();
    const first = createStage({ cache });
    await first.vista.fetchPage(1, 10);
    await first.live.close();
    // Another cache object over the same entries: as after a restart.
    const reopened = {
      get: (key: string) => cache.get(key),
      put: cache.put.bind(cache),
      invalidatePrefix: cache.invalidatePrefix.bind(cache),
    };
    cache.failing.add("get");
    const { vista: table, source } = createStage({ cache: reopened });
    expect((await table.fetchPage(1, 10)).rows.size).toBe(10);
    expect(cache.calls.filter((call) => call.startsWith("invalidatePrefix"))).toHaveLength(1);
    cache.failing.clear();
    await table.fetchPage(1, 10);
    expect(source.calls("page")).toBe(1);
  });
});

describe("flights", () => {
  test("LT5 10,000 misses at once are one call", async () => {
    const { vista: table, source, clock } = createStage();
    source.setFaults({ latencyMs: [50, 50] });
    const reads = [
      ...Array.from({ length: 10_000 }, () => table.fetchPage(1, 10)),
      ...Array.from({ length: 1_000 }, () => table.get(idOf(1))),
    ];
    const answers = await clock.until(Promise.all(reads));
    expect(answers).toHaveLength(11_000);
    expect([source.calls("page"), source.calls("get")]).toEqual([1, 1]);
  });

  test("LT5 LiveTables that share cache and key share their flights; a failed one does not stick", async () => {
    const cache = new MemCache();
    const [one, other] = [createStage({ cache }), createStage({ cache })];
    one.source.setFaults({ latencyMs: [50, 50] });
    one.source.failNext("page", new DioramaError("unavailable", "down (made up)"));
    const failed = [one.vista.fetchPage(1, 10), other.vista.fetchPage(1, 10)].map((read) =>
      read.catch((error: unknown) => error),
    );
    expect(await one.clock.until(Promise.all(failed))).toEqual([
      expect.objectContaining({ code: "unavailable" }),
      expect.objectContaining({ code: "unavailable" }),
    ]);
    const again = [one.vista.fetchPage(1, 10), other.vista.fetchPage(1, 10)];
    await one.clock.until(Promise.all(again));
    expect([one.source.calls("page"), other.source.calls("page")]).toEqual([2, 0]);
  });

  test("LT5 another LiveTable's close ends nobody else's flight", async () => {
    const cache = new MemCache();
    const [one, other] = [createStage({ cache }), createStage({ cache })];
    one.source.setFaults({ latencyMs: [50, 50] });
    const left = one.vista.fetchPage(1, 10).catch((error: unknown) => error);
    const waiting = other.vista.fetchPage(1, 10);
    await one.live.close();
    expect(await left).toMatchObject({ code: "closed" });
    expect((await one.clock.until(waiting)).rows.size).toBe(10);
  });

  test.each(Object.entries(ways))(
    "LT6 who aborts leaves alone, over a master that has %s",
    async (_name, capabilities) => {
      const { vista: table, source, clock, told } = createStage({ capabilities });
      source.setFaults({ latencyMs: [50, 50], batchLatencyMs: [50, 50] });
      const aborted = new AbortController();
      const left = table.fetchPage(2, 10, { signal: aborted.signal }).catch((error: unknown) => error);
      const waiting = table.fetchPage(2, 10);
      await settle();
      aborted.abort(new Error("enough"));
      expect(await left).toMatchObject({ message: "enough" });
      expect([...(await clock.until(waiting)).rows.keys()]).toEqual(idsOf(10, 20));
      expect(told("fetchFailed")).toEqual([]);
    },
  );

  test("LT6 the last one to leave aborts the flight, and who comes then begins another", async () => {
    const { vista: table, source, clock } = createStage();
    source.setFaults({ hangRate: 1 });
    const aborted = new AbortController();
    const left = table.fetchPage(1, 10, { signal: aborted.signal }).catch((error: unknown) => error);
    await settle();
    aborted.abort(new Error("enough"));
    expect(await left).toMatchObject({ message: "enough" });
    source.heal();
    expect((await clock.until(table.fetchPage(1, 10))).rows.size).toBe(10);
    expect(source.calls("page")).toBe(2);
  });

  test.each(Object.entries(ways))(
    "LT6 the call of a master that has %s is told to stop",
    async (_name, capabilities) => {
      const rows = createRows(5, capabilities);
      const signals: (AbortSignal | undefined)[] = [];
      const hang = (...given: readonly unknown[]): Promise<never> => {
        const call = given.at(-1);
        // The last argument of each of them is the call's options.
        signals.push((call as { signal?: AbortSignal }).signal);
        return new Promise(() => undefined);
      };
      const hanging: Source<Row> = {
        ...bareOf(rows),
        read: (query, call) => ({ [Symbol.asyncIterator]: () => ({ next: () => hang(query, call) }) }),
        page: hang,
        window: hang,
        next: hang,
      };
      const table = vista(new LiveTable<Row>(hanging, "k", new MemCache(), { stream: false }));
      const leaving = [new AbortController(), new AbortController()];
      const left = leaving.map(({ signal }) =>
        table.fetchPage(1, 10, { signal }).catch((error: unknown) => error),
      );
      await settle();
      leaving[0]?.abort("enough");
      await settle();
      expect(signals.map((signal) => signal?.aborted)).toEqual([false]);
      leaving[1]?.abort("enough");
      expect(await Promise.all(left)).toEqual(["enough", "enough"]);
      expect(signals.map((signal) => signal?.aborted)).toEqual([true]);
    },
  );

  test("LT6 a reader of the list that stops early ends the read of the master", async () => {
    const { live, source, clock } = createStage({ count: 3_000 });
    source.setFaults({ batchLatencyMs: [50, 50], latencyMs: [50, 50] });
    const aborted = new AbortController();
    const read = (async () => {
      for await (const _page of live.read(vista(source).query, { signal: aborted.signal })) break;
    })();
    await clock.until(read);
    expect(await clock.until(vista(live).list())).toHaveProperty("size", 3_000);
    // The first one was ended and kept nothing: otherwise the list would have joined it.
    expect(source.calls("read")).toBe(2);
  });
});

describe("pages of other sizes", () => {
  describe.each(Object.entries(ways))("of a master that has %s", (_name, capabilities) => {
    test.each([
      [1, 95],
      [3, 25],
      [1, 500],
      [4, 7],
      [10, 10],
      [11, 10],
      [2, 95],
    ])("LT7 page %i of %i rows is the master's", async (number, size) => {
      const { vista: table } = createStage({ capabilities });
      const expected = idsOf((number - 1) * size, Math.min(95, number * size));
      for (let turn = 0; turn < 2; turn++) {
        const { rows, total } = await table.fetchPage(number, size);
        expect([...rows.keys()]).toEqual(expected);
        expect([95, undefined]).toContain(total);
      }
    });
  });

  test("LT7 a short page is followed by others where its total says so, and a full one always", async () => {
    const { vista: table, rows, source } = createStage({ count: 30 });
    const page = rows.page.bind(rows);
    // Page 1 comes short, and every total is one row too small.
    const lying = {
      ...source,
      page: async (...given: Parameters<typeof page>) => {
        const answer = await page(...given);
        return given[1].number === 1
          ? { rows: answer.rows.slice(0, 7), total: 30 }
          : { ...answer, total: 20 };
      },
    };
    const wrong = vista(new LiveTable<Row>(lying, "k", new MemCache(), { pageSize: 10, stream: false }));
    expect([...(await wrong.fetchWindow(0, 30)).rows.keys()]).toEqual([...idsOf(0, 7), ...idsOf(10, 30)]);
    expect((await table.fetchWindow(0, 30)).rows.size).toBe(30);
  });

  test("LT8 a walk keeps the pages it passes and begins nowhere twice", async () => {
    const { vista: table, source, told } = createStage({ capabilities: ways.steps, cache: new MemCache() });
    expect([...(await table.fetchPage(4, 10)).rows.keys()]).toEqual(idsOf(30, 40));
    expect(source.calls("next")).toBe(4);
    for (const number of [1, 2, 3, 4]) await table.fetchPage(number, 10);
    expect(source.calls("next")).toBe(4);
    await table.fetchPage(6, 10);
    expect(source.calls("next")).toBe(6);
    expect(told("miss")).toEqual(["miss page_4", "miss page_6"]);
    expect((await table.fetchPage(20, 10)).rows.size).toBe(0);
    expect(source.calls("next")).toBe(10);
    expect((await table.fetchPage(21, 10)).rows.size).toBe(0);
    expect(source.calls("next")).toBe(11);
  });

  test("LT8 walks at the same time go one after the other, also where nothing is kept", async () => {
    const { vista: table, source } = createStage({ capabilities: ways.steps, cache: new NoCache() });
    const numbers = [5, 2, 5, 8, 1];
    const answers = await Promise.all(numbers.map((number) => table.fetchPage(number, 10)));
    for (const [at, { rows }] of answers.entries()) {
      const number = numbers[at] ?? 0;
      expect([...rows.keys()]).toEqual(idsOf((number - 1) * 10, number * 10));
    }
    // To 5, to 2, to 8 from 5 on, and 1.
    expect(source.calls("next")).toBeLessThanOrEqual(5 + 1 + 3 + 1);
  });

  test("LT8 short steps fill a page, and a forgotten token begins the walk anew", async () => {
    const rows = createRows(40, ways.steps);
    let epoch = 1;
    let calls = 0;
    const master = {
      ...bareOf(rows),
      next: async (_query: unknown, from: { token: string | undefined; size: number }) => {
        calls += 1;
        const [asked = epoch, at = 0] = from.token?.split(":").map(Number) ?? [];
        if (asked !== epoch) throw new DioramaError("invalid", "the token is too old");
        const entries = [...rows.rows].slice(at, at + Math.min(3, from.size));
        const end = at + entries.length;
        return end < rows.rows.size ? { rows: entries, token: `${epoch}:${end}` } : { rows: entries };
      },
    };
    const table = vista(new LiveTable<Row>(master, "k", new MemCache(), { pageSize: 10, stream: false }));
    expect([...(await table.fetchPage(2, 10)).rows.keys()]).toEqual(idsOf(10, 20));
    expect(calls).toBe(8);
    epoch = 2;
    expect([...(await table.fetchPage(3, 10)).rows.keys()]).toEqual(idsOf(20, 30));
    expect([...(await table.fetchPage(4, 10)).rows.keys()]).toEqual(idsOf(30, 40));
  });

  test("LT8 a walk that leads nowhere is rejected", async () => {
    const rows = createRows(40, ways.steps);
    let at = 0;
    const master = {
      ...bareOf(rows),
      next: async () => ({ rows: [], token: String((at += 1)) }),
    };
    const table = vista(new LiveTable<Row>(master, "k", new MemCache(), { stream: false }));
    await expect(table.fetchPage(1, 10)).rejects.toMatchObject({ code: "rejected" });
    const same = { ...master, next: async () => ({ rows: [...rows.rows].slice(0, 1), token: "t" }) };
    const repeating = vista(new LiveTable<Row>(same, "k2", new MemCache(), { stream: false }));
    await expect(repeating.fetchPage(1, 10)).rejects.toThrow(/came twice/);
  });

  test("LT9 a master that can only be read is read once for all pages and the count", async () => {
    const capabilities = { ...ways.whole, canCount: false };
    const { vista: table, source } = createStage({ capabilities });
    await Promise.all([table.fetchPage(3, 10), table.fetchPage(1, 10), table.list()]);
    for (let number = 1; number <= 10; number++) {
      const { rows, total } = await table.fetchPage(number, 10);
      expect([...rows.keys()]).toEqual(idsOf((number - 1) * 10, Math.min(95, number * 10)));
      expect(total).toBe(95);
    }
    expect(source.calls("read")).toBe(1);
    await table.fetchPage(77, 10);
    await table.fetchPage(77, 10);
    expect(source.calls("read")).toBe(2);
  });
});

describe("lists", () => {
  test.each(Object.entries(ways))(
    "LT10 the second list asks nobody, over a master that has %s",
    async (_name, capabilities) => {
      for (const count of [95, 0, 10, 9]) {
        const { vista: table, source } = createStage({ capabilities, count });
        for (let turn = 0; turn < 3; turn++)
          expect([...(await table.list()).keys()]).toEqual(idsOf(0, count));
        expect(source.calls()).toBe(1);
        expect((await table.fetchPage(1, 10)).total).toBe(count);
        expect(source.calls()).toBe(1);
      }
    },
  );

  test("LT10 pages that were fetched one by one make a list", async () => {
    const { vista: table, source, told } = createStage({ count: 25 });
    for (const number of [3, 1, 2]) await table.fetchPage(number, 10);
    expect([...(await table.list()).keys()]).toEqual(idsOf(0, 25));
    expect(source.calls("read")).toBe(0);
    expect(told("hit")).toEqual(["hit page_1", "hit page_2", "hit page_3"]);
  });

  test("LT10 a list is given on as it comes, to those who join later too", async () => {
    const { live, source, clock } = createStage({ count: 3_000, capabilities: ways.whole });
    source.setFaults({ batchLatencyMs: [1_000, 1_000] });
    const { query } = vista(source);
    const early = live.read(query, {});
    const first = await clock.until(early.next());
    expect(first.value?.[0]?.[0]).toBe(idOf(0));
    const late = live.read(query, {});
    expect((await late.next()).value?.[0]?.[0]).toBe(idOf(0));
    const met: string[] = [];
    await clock.until(
      (async () => {
        for await (const page of late) met.push(...page.map(([id]) => id));
      })(),
    );
    expect(met).toEqual(idsOf(10, 3_000));
    expect(source.calls("read")).toBe(1);
    await early.return();
  });

  test("LT10 a read that fails on its way fails its readers, keeps nothing, and the next one begins anew", async () => {
    const { vista: table, source, told } = createStage({ count: 3_000, capabilities: ways.whole });
    source.failNext("read", new DioramaError("unavailable", "broken (made up)"));
    await expect(table.list()).rejects.toMatchObject({ code: "unavailable" });
    expect(told("fetchFailed")).toEqual(["fetchFailed products"]);
    expect((await table.list()).size).toBe(3_000);
  });

  test("LT10 an id that comes twice in a read of the master is rejected", async () => {
    const rows = createRows(3, ways.whole);
    const twice = {
      ...bareOf(rows),
      async *read() {
        yield [...rows.rows];
        yield [...rows.rows];
      },
    };
    const table = vista(new LiveTable<Row>(twice, "k", new MemCache(), { stream: false }));
    await expect(table.list()).rejects.toMatchObject({ code: "rejected" });
    await expect(table.fetchPage(1, 10)).rejects.toMatchObject({ code: "rejected" });
  });
});

describe("parts of one answer", () => {
  test("LT11 pages that show a row twice are read again together", async () => {
    const { vista: table, rows, source } = createStage({ count: 30, capabilities: { canCount: false } });
    await table.fetchPage(1, 10);
    rows.replaceAll([{ id: "new", price: 0 }, ...rows.rows.values()]);
    // Row 9 is the last of the old page 1 and the first of the new page 2.
    expect([...(await table.fetchWindow(0, 20)).rows.keys()]).toEqual(["new", ...idsOf(0, 19)]);
    expect(source.calls("page")).toBe(4);
    await table.fetchPage(3, 10);
    expect([...(await table.list()).keys()]).toHaveLength(31);
  });

  test("LT11 pages that state other totals are read again together; a list is then read whole", async () => {
    const { vista: table, rows, live, source } = createStage({ count: 25 });
    for (const number of [1, 2, 3]) await table.fetchPage(number, 10);
    rows.remove(idOf(5));
    await live.invalidate("page_2");
    expect([...(await table.fetchWindow(0, 20)).rows.keys()]).toEqual([...idsOf(0, 5), ...idsOf(6, 21)]);
    rows.remove(idOf(0));
    await live.invalidate("page_1");
    await table.fetchPage(1, 10);
    expect([...(await table.list()).keys()]).toEqual([...idsOf(1, 5), ...idsOf(6, 25)]);
    expect(source.calls("read")).toBe(1);
  });

  test("LT11 a drop between two parts begins the answer anew", async () => {
    const scheduler = createScheduler(1);
    const rows = createRows(30);
    const cache = new MemCache();
    const live = new LiveTable<Row>(scheduler.wrapSource(rows), "k", cache, { pageSize: 10, stream: false });
    const reading = vista(live).fetchWindow(0, 20);
    while ((await cache.get("k/page_1")) === undefined) await scheduler.waitOne();
    // Neither ids nor totals show it.
    for (const id of rows.rows.keys()) rows.set(id, { id, price: 500 });
    await live.invalidate();
    const { rows: found } = await scheduler.waitFor(reading);
    expect([...found.values()]).toEqual(idsOf(0, 20).map((id) => ({ id, price: 500 })));
  });

  test("LT11 a list is not made of pages from before and after a drop", async () => {
    const kept = new MemCache();
    const gate = Promise.withResolvers<void>();
    let isGated = false;
    const cache: Cache = {
      get: async (key) => {
        const found = await kept.get(key);
        if (!isGated || !key.endsWith("page_1")) return found;
        isGated = false;
        await gate.promise;
        return found;
      },
      put: (key, entry) => kept.put(key, entry),
      invalidatePrefix: (prefix) => kept.invalidatePrefix(prefix),
    };
    const { vista: table, rows, live } = createStage({ cache, count: 25 });
    await table.list();
    isGated = true;
    const reading = table.list();
    await settle();
    for (const id of rows.rows.keys()) rows.set(id, { id, price: 500 });
    await live.invalidate();
    await table.fetchPage(2, 10);
    await table.fetchPage(3, 10);
    gate.resolve();
    expect(new Set([...(await reading).values()].map((row) => row["price"]))).toEqual(new Set([500]));
  });

  test("LT11 a master that disagrees with itself is taken as it is, and hits stay hits", async () => {
    const rows = createRows(30);
    let calls = 0;
    let step = 8;
    const overlapping = {
      ...bareOf(rows),
      page: async (_query: unknown, { number }: { number: number }) => {
        calls += 1;
        const start = (number - 1) * step;
        return { rows: [...rows.rows].slice(start, start + 10), total: step === 8 ? 30 + calls : 30 };
      },
    };
    const live = new LiveTable<Row>(overlapping, "k", new MemCache(), { pageSize: 10, stream: false });
    const table = vista(live);
    for (let turn = 0; turn < 3; turn++) {
      expect([...(await table.fetchWindow(0, 20)).rows.keys()]).toEqual(idsOf(0, 18));
    }
    expect(calls).toBe(4);
    // Once it is mended, pages are looked at as ever.
    step = 10;
    await live.invalidate("page_");
    await table.fetchPage(1, 10);
    rows.replaceAll([{ id: "new", price: 0 }, ...rows.rows.values()]);
    expect([...(await table.fetchWindow(0, 20)).rows.keys()]).toEqual(["new", ...idsOf(0, 19)]);
  });
});

describe("counts", () => {
  test("LT12 without a count of its own the master's stated total is it, else the rows are", async () => {
    const rows = createRows(30, { canCount: false });
    const { page } = rows;
    const stating = Object.assign(Object.create(rows) as typeof rows, {
      page: async (...given: Parameters<typeof page>) => ({ ...(await rows.page(...given)), total: 30 }),
      name: rows.name,
      schema: rows.schema,
      capabilities: rows.capabilities,
      fingerprint: () => rows.fingerprint(),
      read: rows.read.bind(rows),
      get: rows.get.bind(rows),
      window: rows.window.bind(rows),
    });
    const live = new LiveTable<Row>(stating, "k", new MemCache(), { pageSize: 10, stream: false });
    const table = vista(live);
    await expect(table.count()).rejects.toMatchObject({ code: "unsupported" });
    await table.fetchPage(1, 10);
    expect(live.capabilities.canCount).toBe(true);
    expect(await table.count()).toBe(30);
    expect(await table.count()).toBe(30);
  });
});
