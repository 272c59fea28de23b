import { describe, expect, test } from "vitest";
import { DioramaError } from "../base/index.ts";
import { isNull, not, or } from "../query/index.ts";
import { memory } from "./memory.ts";
import type { Source } from "./source.ts";
import { vista } from "./vista.ts";

const rows = [
  { id: "a", name: "Lemon tart", category: "tarts", price: 4, note: "fresh" },
  { id: "b", name: "Apple pie", category: "pies", price: 6, note: null },
  { id: "c", name: "Fig tart", category: "tarts", price: 5, note: "is null" },
  { id: "d", name: "Plum tart", category: "tarts", price: 4, note: null },
];
const products = memory("products", { id: "id", rows, title: "name" });
const ids = async (narrowed: { list(): Promise<Map<string, unknown>> }): Promise<string[]> => [
  ...(await narrowed.list()).keys(),
];

/** What a synchronous call throws. */
const thrownBy = (work: () => unknown): DioramaError => {
  try {
    work();
  } catch (error) {
    if (error instanceof DioramaError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
};

describe("narrowing", () => {
  test("V1 a narrowed vista is a new one, and the old one answers as before", async () => {
    const tarts = products.where("category", "tarts");
    const cheap = tarts.where("price", "<", 5);
    expect(await ids(cheap)).toEqual(["a", "d"]);
    expect(await ids(tarts)).toEqual(["a", "c", "d"]);
    expect(await ids(products)).toEqual(["a", "b", "c", "d"]);
    expect(products.query).toEqual({ conditions: [], order: [], search: undefined });
  });

  test("V1 orders accumulate, ties break by id", async () => {
    expect(await ids(products.orderBy("price").orderBy("name", "desc"))).toEqual(["d", "a", "c", "b"]);
    expect(await ids(products.orderBy([["price", "desc"], "name"]))).toEqual(["b", "c", "a", "d"]);
    expect(await ids(products.orderBy("note", "asc", "first"))).toEqual(["b", "d", "a", "c"]);
    expect(await ids(products.orderBy("note", "desc"))).toEqual(["c", "a", "b", "d"]);
  });

  test("V1 a search replaces the one before, a blank one clears it", async () => {
    const apple = products.search("APPLE");
    expect(await ids(apple)).toEqual(["b"]);
    expect(await ids(apple.search("fig"))).toEqual(["c"]);
    expect(await ids(apple.search("  "))).toEqual(["a", "b", "c", "d"]);
  });

  test("V1 narrowedBy adds a further query", async () => {
    const cheapFirst = products.where("price", "<", 6).orderBy("price").query;
    const narrowed = products.where("category", "tarts").search("tart").narrowedBy(cheapFirst);
    expect(await ids(narrowed)).toEqual(["a", "d", "c"]);
    expect(narrowed.query.search).toBe("tart");
    expect(products.search("pie").narrowedBy(products.search("fig").query).query.search).toBe("fig");
  });

  test("V1 a vista of a vista is itself, and shows its source's name, columns and capabilities", () => {
    const of = vista(products.source);
    expect(vista(of)).toBe(of);
    expect([of.name, of.idColumn, of.titleColumns]).toEqual(["products", "id", ["name"]]);
    expect(of.schema).toBe(products.source.schema);
    expect(of.capabilities).toBe(products.source.capabilities);
    expect(of.source).toBe(products.source);
    for (const bad of [{}, null, undefined, "products.csv"]) {
      expect(thrownBy(() => vista(bad as unknown as Source)).code).toBe("invalid");
    }
  });

  test("V2 two arguments are equality, whatever the value says", async () => {
    expect(await ids(products.where("note", "is null"))).toEqual(["c"]);
    expect(await ids(products.where("note", "="))).toEqual([]);
    expect(await ids(products.where("note", null))).toEqual([]);
  });

  test("V2 operators are said in three arguments, in a condition or in a list of them", async () => {
    expect(await ids(products.where("price", "in", [5, 6]))).toEqual(["b", "c"]);
    expect(await ids(products.where(isNull("note")))).toEqual(["b", "d"]);
    expect(await ids(products.where(["note", "is not null"]))).toEqual(["a", "c"]);
    expect(
      await ids(
        products.where([
          ["category", "=", "tarts"],
          ["price", ">", 4],
        ]),
      ),
    ).toEqual(["c"]);
    expect(
      await ids(products.where([or(["price", "=", 6], ["price", "=", 5]), not(["id", "=", "b"])])),
    ).toEqual(["c"]);
    expect(await ids(products.where([]))).toEqual(["a", "b", "c", "d"]);
    expect(await ids(products.withId("b"))).toEqual(["b"]);
    expect(await ids(products.withId("b").withId("c"))).toEqual([]);
  });

  test("V3 an unknown column is invalid at once, with the nearest known name", () => {
    // @ts-expect-error the column is misspelt
    const error = thrownBy(() => products.where("categry", "tarts"));
    expect(error.code).toBe("invalid");
    expect(error.message).toContain("products");
    expect(error.message).toContain('did you mean "category"?');
    // @ts-expect-error as above
    expect(thrownBy(() => products.orderBy("pric")).message).toContain('"price"');
    expect(thrownBy(() => products.where([["nme", "=", 1]])).message).toContain('"name"');
    expect(thrownBy(() => products.where(["constructor" as "name", "=", 1])).code).toBe("invalid");
  });

  test("V3 unknown operators, directions and malformed conditions are invalid", () => {
    // @ts-expect-error no such operator
    expect(thrownBy(() => products.where("price", "contain", 4)).message).toContain('"contains"');
    // @ts-expect-error no such direction
    expect(thrownBy(() => products.orderBy("price", "down")).code).toBe("invalid");
    for (const bad of [
      () => products.where("price", "<", undefined as unknown as number),
      () => products.where("price", undefined as unknown as number),
      () => products.where("price", "in", 4),
      () => products.where(null as unknown as []),
      () => products.where([null] as unknown as []),
      () => Reflect.apply(products.where.bind(products), undefined, []),
      () => Reflect.apply(products.where.bind(products), undefined, ["price", "<", 1, 2]),
      () => Reflect.apply(products.orderBy.bind(products), undefined, []),
      () => products.where("name", "half \ud800 pair"),
      () => products.search(5 as unknown as string),
      () => products.withId(""),
      () => products.withId("x".repeat(1_025)),
      () => products.where("price", Symbol("x") as unknown as number),
    ]) {
      expect(thrownBy(bad).code).toBe("invalid");
    }
  });

  test("V3 an open schema takes any column, and a path starts in a known one", async () => {
    const documents = memory("documents", { rows: new Map([["x", { a: { b: 1 }, "c.d": 2 }]]), open: true });
    expect(await ids(documents.where("a.b", 1))).toEqual(["x"]);
    expect(await ids(documents.where(["whatever", "is null"]))).toEqual(["x"]);
    const closed = memory("closed", { rows: new Map([["x", { a: { b: 1 } }]]) });
    expect(await ids(closed.where("a.b", 1))).toEqual(["x"]);
    expect(thrownBy(() => closed.where("b.a" as "a", 1)).code).toBe("invalid");
  });
});
