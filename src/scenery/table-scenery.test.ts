import { describe, expect, test } from "vitest";
import { MapHost } from "../../test/scenery/map-host.ts";
import { DioramaError } from "../base/index.ts";
import type { Row } from "../record/index.ts";
import { Sceneries } from "./sceneries.ts";
import type { TableChange } from "./table-change.ts";
import type { TableSceneryOptions } from "./table-query.ts";
import type { TableScenery } from "./table-scenery.ts";

interface Product {
  readonly id: string;
  readonly name: string;
  readonly category: string;
  readonly price: number;
}

const product = (id: string, price: number, category = "tarts"): Row => ({
  id,
  name: `name of ${id}`,
  category,
  price,
});

const entry = (id: string, price: number, category?: string) => [id, product(id, price, category)] as const;

/** a to h for 1 to 8; d and h are pies. */
const eight = () =>
  "abcdefgh".split("").map((id, at) => entry(id, at + 1, id === "d" || id === "h" ? "pies" : "tarts"));

const setUp = (rows: Iterable<readonly [string, Row]> = eight()) => {
  const host = new MapHost(rows);
  return { host, sceneries: new Sceneries(host) };
};

const idsOf = (table: TableScenery): string =>
  table
    .rows(0, Infinity)
    .map((row) => row?.id ?? "-")
    .join("");

/** What the listeners of a table are told, from now on. */
const listen = (table: TableScenery): TableChange[] => {
  const told: TableChange[] = [];
  table.subscribe((change) => void told.push(change));
  return told;
};

const byPrice: TableSceneryOptions = { orderBy: [["price", "desc"]] };

describe("opening a table", () => {
  test("S1 conditions, order and search in all their forms", async () => {
    const { sceneries } = setUp();
    const open = async (options: TableSceneryOptions) => idsOf(await sceneries.table(options).open());
    expect(await open({})).toBe("abcdefgh");
    expect(await open({ where: [["category", "=", "pies"]], orderBy: [["price", "desc"]] })).toBe("hd");
    expect(await open({ where: ["category", "=", "pies"], orderBy: ["price", "desc"] })).toBe("hd");
    expect(await open({ where: { kind: "null", column: "stock", operator: "is null" } })).toBe("abcdefgh");
    expect(
      await open({
        where: [
          ["category", "=", "tarts"],
          ["price", ">", 4],
        ],
      }),
    ).toBe("efg");
    expect(await open({ orderBy: "category" })).toBe("dhabcefg");
    expect(await open({ orderBy: ["category", "price"] })).toBe("dhabcefg");
    expect(await open({ orderBy: [["category"], ["price", "desc"]] })).toBe("hdgfecba");
    expect(await open({ orderBy: { column: "price", direction: "desc", nulls: "first" } })).toBe("hgfedcba");
    expect(await open({ search: "OF C" })).toBe("c");
    expect(await open({ search: "  " })).toBe("abcdefgh");
  });

  test.each<[TableSceneryOptions, string]>([
    [{ orderBy: "prize" }, 'products, column "prize": there is no such column; did you mean "price"?'],
    [{ where: [["prize", "=", 1]] }, 'products, column "prize"'],
    [{ where: [["price", "is" as "=", 1]] }, "products, column"],
    [{ where: 5 as unknown as [] }, "products: a condition is"],
    [{ orderBy: [["price", "down" as "desc"]] }, 'products, column "price": unknown direction'],
    [{ search: 7 as unknown as string }, "products: a search is text"],
    [{ pageSize: 0 }, "products: a page size"],
    [{ pageSize: 1.5 }, "products: a page size"],
  ])("S1 bad options are invalid: %o", async (options, message) => {
    const { host, sceneries } = setUp();
    const opened = sceneries.table(options).open();
    await expect(opened).rejects.toThrow(message);
    await expect(opened).rejects.toMatchObject({ code: "invalid", place: { vista: "products" } });
    expect([sceneries.openCount, host.listenerCount, host.views.size]).toEqual([0, 0, 0]);
  });

  test("S2 opening it twice shares rows and loads, not the handle", async () => {
    const { host, sceneries } = setUp();
    let prepared = 0;
    let isPrepared = false;
    host.feeds.isPrepared = () => isPrepared;
    host.feeds.prepare = async () => {
      prepared += 1;
      isPrepared = true;
    };
    const description = sceneries.table(byPrice);
    const [one, two] = await Promise.all([description.open(), description.open()]);
    expect([prepared, host.views.size, sceneries.openCount]).toEqual([1, 1, 2]);
    one.setViewport(0, 2);
    const [toldOne, toldTwo] = [listen(one), listen(two)];
    host.put("z", product("z", 0));
    expect([toldOne.length, toldTwo.length]).toEqual([1, 1]);
    expect([toldOne[0]?.properties, toldOne[0]?.ranges]).toEqual([["rowCount", "total"], []]);
    one.close();
    expect(two.row(0)?.id).toBe("h");
    expect(() => one.setViewport(0, 1)).toThrow("closed");
  });

  test("S2 the rows have the application's type", async () => {
    const { sceneries } = setUp();
    const table = await sceneries.table<Product>(byPrice).open();
    const names: (string | undefined)[] = table.rows(0, 2).map((row) => row?.row.name);
    expect([names, table.row(0)?.row.price]).toEqual([["name of h", "name of g"], 8]);
  });
});

describe("reading a table", () => {
  test("S3 reads are right in the middle of a stretch, before anybody is told", async () => {
    const { host, sceneries } = setUp();
    const table = await sceneries.table(byPrice).open();
    const told = listen(table);
    table.setViewport(0, 3);
    expect(idsOf(table)).toBe("hgfedcba");
    host.set("z", product("z", 9));
    expect([table.row(0)?.id, table.indexOf("z"), table.rowCount, table.total.value]).toEqual(["z", 0, 9, 9]);
    expect(table.rows(0, 3).map((row) => row?.id)).toEqual(["z", "h", "g"]);
    host.set("z", undefined);
    expect(idsOf(table)).toBe("hgfedcba");
    host.publish();
    expect([told, table.generation]).toEqual([[], 0]);
  });

  test("S3 a row that shows the same is the same object, wherever it stands", async () => {
    const { host, sceneries } = setUp();
    const table = await sceneries.table(byPrice).open();
    table.setViewport(0, 4);
    const before = table.rows(0, 4);
    host.put("z", product("z", 5.5));
    const after = table.rows(0, 4);
    expect(after.map((row) => row?.id)).toEqual(["h", "g", "f", "z"]);
    host.put("x", product("x", 99));
    expect(table.rows(0, 4).slice(1)).toEqual(after.slice(0, 3));
    for (const at of [0, 1, 2]) {
      expect(after[at]).toBe(before[at]);
      expect(table.row(at + 1)).toBe(before[at]);
    }
    expect(table.row(0)).toBe(table.row(0));
  });

  test("S3 positions and ids that are not there have no rows", async () => {
    const { sceneries } = setUp();
    const table = await sceneries.table(byPrice).open();
    for (const viewport of [undefined, 3] as const) {
      if (viewport !== undefined) table.setViewport(0, viewport);
      for (const index of [-1, 8, 1e9, 0.5, NaN, Infinity, -Infinity])
        expect([index, table.row(index)]).toEqual([index, undefined]);
      expect([table.indexOf("nobody"), table.indexOf("")]).toEqual([-1, -1]);
      expect(table.rows(6, 100).map((row) => row?.id)).toEqual(["b", "a"]);
      expect(table.rows(-5, 2).map((row) => row?.id)).toEqual(["h", "g"]);
      for (const [start, end] of [
        [8, 9],
        [5, 5],
        [5, 4],
        [1e9, 2e9],
        [NaN, 3],
        [0, NaN],
        [-3, -1],
      ] as const)
        expect(table.rows(start, end)).toEqual([]);
    }
  });

  test("S3 what is handed out is nobody else's", async () => {
    const { sceneries } = setUp();
    const table = await sceneries.table(byPrice).open();
    (table.rows(0, 3) as unknown[]).length = 0;
    expect(table.rows(0, 3)).toHaveLength(3);
  });

  test("S11 a row tells how it stands, and why a write of it failed", async () => {
    const { host, sceneries } = setUp();
    const table = await sceneries.table(byPrice).open();
    table.setViewport(0, 2);
    const told = listen(table);
    const error = new DioramaError("rejected", "no");
    host.setStatus("h", "failed", error);
    host.setStatus("g", "pending");
    host.setStatus("a", "stale");
    host.publish();
    expect(table.rows(0, 3).map((row) => [row?.status, row?.error])).toEqual([
      ["failed", error],
      ["pending", undefined],
      ["fresh", undefined],
    ]);
    expect(told.map(({ ids, ranges }) => [ids, ranges])).toEqual([[["h", "g"], [{ start: 0, end: 2 }]]]);
    host.setStatus("a", "fresh");
    host.publish();
    expect(table.generation).toBe(1);
  });
});

describe("being told", () => {
  test("S4 once for each publication, only for what is shown", async () => {
    const { host, sceneries } = setUp();
    const table = await sceneries.table({ ...byPrice, where: [["category", "=", "tarts"]] }).open();
    const told = listen(table);
    host.set("x", product("x", 100));
    host.set("y", product("y", 101));
    host.set("a", undefined);
    host.publish();
    expect([told.length, table.generation]).toEqual([1, 1]);
    expect(told[0]?.ids.toSorted()).toEqual(["a", "x", "y"]);
    host.put("d", product("d", 50, "pies"));
    host.publish();
    expect(told).toHaveLength(1);
    table.setViewport(0, 2);
    expect([told.length, table.viewport]).toEqual([1, { start: 0, end: 2 }]);
    host.put("b", product("b", 2.5));
    expect(told).toHaveLength(1);
    host.put("x", product("x", 102));
    expect(told.slice(1).map(({ ids, ranges, reset }) => ({ ids, ranges, reset }))).toEqual([
      { ids: ["x"], ranges: [{ start: 0, end: 2 }], reset: false },
    ]);
  });

  test("S4 a row that comes and goes in one stretch was never there", async () => {
    const { host, sceneries } = setUp();
    const table = await sceneries.table(byPrice).open();
    table.setViewport(0, 50);
    const told = listen(table);
    host.set("x", product("x", 100));
    host.settle();
    host.set("x", undefined);
    host.publish();
    expect(told).toEqual([]);
  });

  test("S5 a change set names the positions and the rows that came, left or changed", async () => {
    const { host, sceneries } = setUp();
    const table = await sceneries.table(byPrice).open();
    table.setViewport(2, 6);
    const told = listen(table);
    host.put("x", product("x", 5.5));
    host.put("f", { ...product("f", 6), name: "other" });
    host.put("x", undefined);
    host.put("a", product("a", 4.5));
    host.put("h", undefined);
    expect(told.map(({ ids, ranges }) => [ids, ranges])).toEqual([
      [["x", "c"], [{ start: 3, end: 6 }]],
      [["f"], [{ start: 2, end: 3 }]],
      [["c", "x"], [{ start: 3, end: 6 }]],
      [["a", "c"], [{ start: 4, end: 6 }]],
      [["c", "f"], [{ start: 2, end: 6 }]],
    ]);
  });

  test("S5 rows that were replaced altogether", async () => {
    const { host, sceneries } = setUp();
    const [whole, window] = [await sceneries.table(byPrice).open(), await sceneries.table(byPrice).open()];
    window.setViewport(0, 2);
    const [toldWhole, toldWindow] = [listen(whole), listen(window)];
    host.replaceAll([entry("g", 7), entry("h", 8), entry("i", 9)]);
    host.publish();
    expect(idsOf(whole)).toBe("ihg");
    expect(toldWhole.map(({ reset, properties }) => [reset, properties])).toEqual([
      [true, ["rowCount", "total"]],
    ]);
    expect(toldWindow.map(({ ranges }) => ranges)).toEqual([[{ start: 0, end: 2 }]]);
    host.replaceAll(host.rows().entries().toArray());
    host.publish();
    expect(toldWindow).toHaveLength(1);
  });

  test("S18 a listener that throws disturbs nobody, and is logged without the row", async () => {
    const { host, sceneries } = setUp();
    const table = await sceneries.table(byPrice).open();
    table.subscribe(() => {
      throw new Error("bad listener");
    });
    const told = listen(table);
    host.put("x", product("x", 1));
    expect([told.length, host.logged]).toEqual([1, ["a listener of a Scenery failed"]]);
  });

  test("S18 a listener may come, leave, close or write while others are being told", async () => {
    const { host, sceneries } = setUp();
    const table = await sceneries.table(byPrice).open();
    const calls: string[] = [];
    const stop = table.subscribe(() => {
      calls.push("first");
      stop();
      stopSecond();
      table.subscribe(() => void calls.push("late"));
      host.set("y", product("y", 99));
      expect(table.row(0)?.id).toBe("y");
    });
    const stopSecond = table.subscribe(() => void calls.push("second"));
    host.put("x", product("x", 98));
    expect(calls).toEqual(["first"]);
    expect(table.row(0)?.id).toBe("y");
    host.publish();
    expect(calls).toEqual(["first", "late"]);
    table.subscribe(() => table.close());
    table.subscribe(() => void calls.push("after close"));
    host.put("z", product("z", 97));
    expect(calls).toEqual(["first", "late", "late"]);
    stop();
  });
});

describe("a viewport", () => {
  test.each([
    [-1, 5],
    [5, 4],
    [0.5, 2],
    [0, 2.5],
    [NaN, 2],
    [0, NaN],
    [0, Infinity],
    [0, 2 ** 60],
    ["0" as unknown as number, 2],
  ])("S6 from %s to %s is invalid and changes nothing", async (start, end) => {
    const { sceneries } = setUp();
    const table = await sceneries.table(byPrice).open();
    table.setViewport(1, 3);
    expect(() => table.setViewport(start, end)).toThrow("a viewport is two whole numbers");
    expect([table.viewport, table.generation]).toEqual([{ start: 1, end: 3 }, 0]);
  });

  test("S6 one past the end shows nothing until rows come there", async () => {
    const { host, sceneries } = setUp();
    const table = await sceneries.table(byPrice).open();
    const told = listen(table);
    table.setViewport(8, 10);
    host.put("Z", product("Z", 0));
    expect(told.map(({ ids, ranges }) => [ids, ranges])).toEqual([[["Z"], [{ start: 8, end: 9 }]]]);
    table.setViewport(3, 3);
    host.put("c", product("c", 77));
    expect(told).toHaveLength(1);
    table.setViewport(0, 1_000_000);
    host.put("c", product("c", 78));
    expect(told).toHaveLength(2);
  });
});
