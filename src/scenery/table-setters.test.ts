import { describe, expect, test } from "vitest";
import { MapHost } from "../../test/scenery/map-host.ts";
import { DioramaError } from "../base/index.ts";
import { type Query, queryKey } from "../query/index.ts";
import type { Row } from "../record/index.ts";
import { Sceneries } from "./sceneries.ts";
import type { TableScenery } from "./table-scenery.ts";

const row = (id: string, price: number, category: string): Row => ({ id, name: `n${id}`, price, category });

const rows = () =>
  [
    ["a", row("a", 3, "pies")],
    ["b", row("b", 1, "tarts")],
    ["c", row("c", 4, "tarts")],
    ["d", row("d", 2, "pies")],
  ] as const;

const setUp = async () => {
  const host = new MapHost(rows());
  const sceneries = new Sceneries(host);
  const table = await sceneries.table({ orderBy: "price" }).open();
  return { host, sceneries, table };
};

/** Queries with a search are prepared when the test says so. */
const holdSearches = (host: MapHost) => {
  const waiting = new Map<string, PromiseWithResolvers<void>>();
  const held = new Set<string>();
  const keyOf = (query: Query) => query.search ?? "";
  host.feeds.isPrepared = (query) => keyOf(query) === "" || held.has(keyOf(query));
  host.feeds.prepare = async (query) => {
    if (host.feeds.isPrepared(query)) return undefined;
    const wait = Promise.withResolvers<void>();
    waiting.set(keyOf(query), wait);
    return wait.promise;
  };
  return {
    waiting,
    bring: async (search: string) => {
      held.add(search);
      waiting.get(search)?.resolve();
      await host.clock.advance(0);
    },
  };
};

const idsOf = (table: TableScenery): string =>
  table
    .rows(0, Infinity)
    .map((entry) => entry?.id)
    .join("");

describe("setting what a table shows", () => {
  test("S7 order, search and conditions are replaced, each for itself", async () => {
    const { table } = await setUp();
    await table.setWhere(["category", "=", "pies"]);
    expect(idsOf(table)).toBe("da");
    await table.setOrder(["price", "desc"]);
    expect(idsOf(table)).toBe("ad");
    await table.setSearch("nA");
    expect([idsOf(table), table.rowCount, table.total.value]).toEqual(["a", 1, 1]);
    await table.setWhere([]);
    await table.setSearch("");
    expect(idsOf(table)).toBe("cadb");
    await table.setOrder(undefined);
    await table.setWhere(undefined);
    expect(idsOf(table)).toBe("abcd");
  });

  test("S7 the rows are swapped in one step and one tick", async () => {
    const { host, table } = await setUp();
    table.setViewport(0, 2);
    const told: unknown[] = [];
    table.subscribe(
      (change) => void told.push({ ...change, ids: change.ids.toSorted(), shown: idsOf(table) }),
    );
    const swapped = table.setOrder([["price", "desc"]]);
    expect([idsOf(table), table.generation]).toEqual(["bdac", 0]);
    await swapped;
    expect([idsOf(table), table.generation]).toEqual(["cadb", 1]);
    expect(told).toEqual([
      {
        reset: true,
        ranges: [{ start: 0, end: 2 }],
        ids: ["a", "b", "c", "d"],
        properties: [],
        shown: "cadb",
      },
    ]);
    host.put("d", row("d", 9, "pies"));
    expect([idsOf(table), table.viewport]).toEqual(["dcab", { start: 0, end: 2 }]);
    expect([told.length, host.views.size >= 1]).toEqual([2, true]);
  });

  test("S7 the old rows stay, live, until the new ones can be shown", async () => {
    const { host, table } = await setUp();
    const searches = holdSearches(host);
    const told: unknown[] = [];
    table.subscribe(({ properties, reset }) => void told.push([reset, properties]));
    const swapped = table.setSearch("nb");
    await host.clock.advance(0);
    host.put("e", row("e", 0, "tarts"));
    expect([idsOf(table), told]).toEqual(["ebdac", [[false, ["rowCount", "total"]]]]);
    await searches.bring("nb");
    await swapped;
    expect([idsOf(table), told.slice(1)]).toEqual(["b", [[true, ["rowCount", "total"]]]]);
  });

  test("S7 setters of one stretch are one swap, and only the last is looked for", async () => {
    const { host, table } = await setUp();
    const opened = new Set<string>();
    const feedOf = host.feeds.feedOf;
    host.feeds.feedOf = (query) => {
      opened.add(queryKey(query, { order: true }));
      return feedOf(query);
    };
    await Promise.all([
      table.setSearch("n"),
      table.setSearch("na"),
      table.setOrder(["price", "desc"]),
      table.setWhere(["category", "=", "pies"]),
    ]);
    expect([idsOf(table), table.generation, opened.size]).toEqual(["a", 1, 1]);
  });

  test("S7 a newer setter supersedes one that is under way, whose load is given up", async () => {
    const { host, sceneries, table } = await setUp();
    const searches = holdSearches(host);
    const signals: AbortSignal[] = [];
    const { prepare } = host.feeds;
    host.feeds.prepare = (query, signal) => {
      signals.push(signal);
      return prepare(query, signal);
    };
    const first = table.setSearch("na");
    await host.clock.advance(0);
    const second = table.setSearch("nb");
    await first;
    expect([idsOf(table), table.generation]).toEqual(["bdac", 0]);
    await host.clock.advance(0);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
    await searches.bring("na");
    expect(table.generation).toBe(0);
    await searches.bring("nb");
    await second;
    expect([idsOf(table), table.generation, sceneries.openCount]).toEqual(["b", 1, 1]);
  });

  test("S7 back to what is shown, nothing happens", async () => {
    const { host, table } = await setUp();
    holdSearches(host);
    const away = table.setSearch("na");
    await host.clock.advance(0);
    await table.setSearch(" ");
    await away;
    await table.setOrder([{ column: "price", direction: "asc" }]);
    expect([idsOf(table), table.generation]).toEqual(["bdac", 0]);
  });

  test.each<[string, (table: TableScenery) => Promise<void>, string]>([
    ["setOrder", (table) => table.setOrder("prize"), 'products, column "prize"'],
    ["setOrder", (table) => table.setOrder(["price", "up" as "asc"]), 'products, column "up"'],
    ["setSearch", (table) => table.setSearch(5 as unknown as string), "products: a search is text"],
    ["setWhere", (table) => table.setWhere(["nme", "=", 1]), 'did you mean "name"?'],
    ["setWhere", (table) => table.setWhere(["price", "<>" as "=", 1]), 'products, column "price"'],
  ])(
    "S7 a bad %s is invalid and changes nothing, not even what is under way",
    async (_name, set, message) => {
      const { host, table } = await setUp();
      const searches = holdSearches(host);
      const swapped = table.setSearch("nb");
      await host.clock.advance(0);
      await expect(set(table)).rejects.toThrow(message);
      await expect(set(table)).rejects.toMatchObject({ code: "invalid" });
      expect(idsOf(table)).toBe("bdac");
      await searches.bring("nb");
      await swapped;
      expect([idsOf(table), table.generation]).toEqual(["b", 1]);
    },
  );

  test("S7 rows that can't be prepared are shown as far as they are held, with the error", async () => {
    const { host, table } = await setUp();
    const searches = holdSearches(host);
    const swapped = table.setSearch("nb");
    await host.clock.advance(0);
    const error = new DioramaError("unavailable", "down");
    searches.waiting.get("nb")?.reject(error);
    await swapped;
    expect([idsOf(table), table.state]).toEqual(["b", { kind: "error", error }]);
  });

  test("S7 where preparing is invalid the setter rejects, and the old rows stay", async () => {
    const { host, table } = await setUp();
    const searches = holdSearches(host);
    const swapped = table.setSearch("nb");
    const failed = expect(swapped).rejects.toMatchObject({ code: "invalid" });
    await host.clock.advance(0);
    searches.waiting.get("nb")?.reject(new DioramaError("invalid", "not that"));
    await failed;
    expect([idsOf(table), table.generation, table.state.kind]).toEqual(["bdac", 0, "complete"]);
    await table.setOrder(["price", "desc"]);
    expect(idsOf(table)).toBe("cadb");
  });
});

describe("closing a table", () => {
  test("S17 it answers nothing and tells nobody any more", async () => {
    const { host, sceneries, table } = await setUp();
    const told: unknown[] = [];
    table.subscribe((change) => void told.push(change));
    table.setViewport(0, 3);
    table.close();
    table.close();
    table[Symbol.dispose]();
    host.put("e", row("e", 0, "tarts"));
    expect([table.rowCount, table.rows(0, 9), table.row(0), table.indexOf("a")]).toEqual([
      0,
      [],
      undefined,
      -1,
    ]);
    expect([table.total, table.hasMore]).toEqual([{ value: undefined, kind: "unknown" }, false]);
    expect(table.state).toMatchObject({ kind: "error", error: { code: "closed" } });
    expect([told, table.generation, sceneries.openCount, host.listenerCount]).toEqual([[], 0, 0, 0]);
    expect(() => table.setViewport(0, 1)).toThrow("the table is closed");
    for (const set of [table.setOrder("price"), table.setSearch(""), table.setWhere([]), table.loadMore()]) {
      await expect(set).rejects.toMatchObject({ code: "closed" });
    }
    table.subscribe((change) => void told.push(change))();
    expect(told).toEqual([]);
  });

  test("S17 a setter that is under way ends with it", async () => {
    const { host, sceneries, table } = await setUp();
    holdSearches(host);
    const swapped = table.setSearch("nb");
    await host.clock.advance(0);
    table.close();
    await swapped;
    expect([sceneries.openCount, host.listenerCount, host.clock.timerCount]).toEqual([0, 0, 0]);
  });

  test.each(["the Sceneries", "the host"])("S17 where %s close it says so, once", async (who) => {
    const { host, sceneries, table } = await setUp();
    table.setViewport(0, 2);
    const told: unknown[] = [];
    table.subscribe(({ properties, reset }) => {
      told.push([properties, reset, table.state.kind === "error" && table.state.error.code, table.rowCount]);
      table.close();
    });
    if (who === "the host") host.close();
    else sceneries.close();
    sceneries.close();
    await host.clock.advance(0);
    expect(told).toEqual([[["rowCount", "total", "state"], true, "closed", 0]]);
    expect([table.generation, host.listenerCount]).toEqual([1, 0]);
    await expect(sceneries.table().open()).rejects.toMatchObject({ code: "closed" });
    expect(() => sceneries.record("a")).toThrow("closed");
    expect(() => sceneries.value().count()).toThrow("closed");
  });
});
