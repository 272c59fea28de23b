import { describe, expect, test } from "vitest";
import { isDioramaError } from "../base/index.ts";
import type { Entry, Row } from "../record/index.ts";
import { createCapabilities } from "./capabilities.ts";
import { createSchema } from "./create-schema.ts";
import { memory } from "./memory.ts";
import type { Source, WriteOptions } from "./source.ts";
import type { StandardIssue, StandardSchemaV1 } from "./standard-schema.ts";
import { vista } from "./vista.ts";

const failure = async (work: Promise<unknown>): Promise<Error> =>
  work.then(
    () => expect.unreachable("it should have failed"),
    (error: unknown) => (error instanceof Error ? error : expect.unreachable("no Error was thrown")),
  );

const codeOf = async (work: Promise<unknown>): Promise<string> => {
  const error = await failure(work);
  return isDioramaError(error) ? error.code : `no DioramaError: ${String(error)}`;
};

const columns = {
  name: { type: "text", flags: ["mandatory"] },
  category: "text",
  price: "number",
  stock: "integer",
  cost: "decimal",
  isFresh: "boolean",
  madeAt: "date",
  photo: "bytes",
  extra: "json",
  margin: { type: "number", flags: ["calculated"] },
} as const;

const createProducts = () =>
  memory<Row>("products", {
    id: "id",
    columns,
    rows: [
      { id: "a", name: "Lemon tart", category: "tarts", price: 4 },
      { id: "b", name: "Apple pie", category: "pies", price: 6 },
      { id: "c", name: "Fig tart", category: "tarts", price: 5 },
    ],
  });

describe("written rows", () => {
  test("V15 values of every type are stored exactly, null and absent too", async () => {
    const row = {
      id: "x",
      name: "x",
      price: -0,
      stock: 2n ** 70n,
      cost: "-12.50",
      isFresh: false,
      madeAt: new Date(5),
      photo: new Uint8Array([1, 2]),
      extra: { deep: [1, null, { __proto__: null, a: 1n }] },
      category: null,
    };
    const products = createProducts();
    const stored = await products.insert("x", row);
    expect(stored).toEqual({ ...row, extra: { deep: [1, null, { a: 1n }] } });
    expect(Object.is(stored["price"], -0)).toBe(true);
    expect(await products.get("x")).toBe(stored);
  });

  test.each<[string, Record<string, unknown>, string, string]>([
    ["an unknown column", { name: "x", prise: 4 }, "prise", 'did you mean "price"?'],
    ["a text for a number", { name: "x", price: "4" }, "price", "a number or bigint"],
    ["a fraction for an integer", { name: "x", stock: 1.5 }, "stock", "a number with a fraction"],
    ["a number for a text", { name: 5 }, "name", "a string"],
    ["a number for a decimal", { name: "x", cost: 5 }, "cost", "decimal"],
    ["no decimal text", { name: "x", cost: "1,5" }, "cost", "decimal"],
    ["a text for a boolean", { name: "x", isFresh: "yes" }, "isFresh", "true or false"],
    ["a text for a date", { name: "x", madeAt: "2026-01-01" }, "madeAt", "a Date"],
    ["an invalid date", { name: "x", madeAt: new Date(Number.NaN) }, "madeAt", "date"],
    ["a list for bytes", { name: "x", photo: [1] }, "photo", "a list"],
    ["a function", { name: "x", extra: () => 1 }, "extra", "function"],
    ["half a surrogate pair", { name: "x\ud800" }, "name", "surrogate"],
    ["a calculated column", { name: "x", margin: 1 }, "margin", "calculated"],
    ["a mandatory column left out", { price: 1 }, "name", "mandatory"],
    ["a mandatory column that is null", { name: null }, "name", "mandatory"],
    ["a name of every object's", { name: "x", constructor: 1 }, "constructor", "no such column"],
  ])("V15 %s is invalid before the source sees the row", async (_what, row, column, said) => {
    const products = createProducts();
    const before = await products.version();
    for (const write of [
      products.insert("x", row as Row),
      products.replace("a", row as Row),
      products.add(row as Row),
      ...(Object.hasOwn(row, column) ? [products.patch("a", row as Row)] : []),
    ]) {
      const error = await failure(write);
      expect(error).toMatchObject({ code: "invalid", place: { vista: "products", column } });
      expect(error.message).toContain(said);
    }
    expect(await products.version()).toBe(before);
  });

  test("V15 an open schema takes other columns, and keeps such names as data", async () => {
    const open = memory<Row>("open", { id: "id", columns: { price: "number" }, open: true });
    const row = JSON.parse('{"__proto__": {"polluted": true}, "constructor": 1, "price": 2}') as Row;
    const stored = await open.insert("x", row);
    expect(Object.keys(stored)).toEqual(["id", "__proto__", "constructor", "price"]);
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
    expect(await codeOf(open.insert("y", { price: "2" }))).toBe("invalid");
  });

  test("V15 what was handed over may change afterwards", async () => {
    const products = createProducts();
    const row = { name: "x", extra: { list: [1] } };
    await products.insert("x", row);
    row.extra.list.push(2);
    expect((await products.get("x"))?.["extra"]).toEqual({ list: [1] });
  });

  test("V16 the id column is filled in, in its own type, and must agree", async () => {
    const products = createProducts();
    expect(await products.insert("x", { name: "x" })).toEqual({ id: "x", name: "x" });
    expect(await products.replace("x", { id: null, name: "y" })).toEqual({ id: "x", name: "y" });
    const error = await failure(products.insert("y", { id: "z", name: "x" }));
    expect(error).toMatchObject({ code: "invalid", place: { column: "id" } });
    expect(await codeOf(products.patch("a", { id: "z" }))).toBe("invalid");
    expect(await products.patch("a", { id: "a", price: 1 })).toMatchObject({ id: "a", price: 1 });
    const numbered = memory<Row>("numbered", { id: "nr", columns: { nr: "integer" } });
    expect(await numbered.insert("12", {})).toEqual({ nr: 12 });
    expect(await numbered.insert("13", { nr: 13n })).toEqual({ nr: 13n });
    expect(await numbered.insert("9007199254740993", {})).toEqual({ nr: 9007199254740993n });
    const dated = memory<Row>("dated", { id: "at", columns: { at: "date" } });
    expect(await dated.insert("2026-01-01T00:00:00.000Z", {})).toEqual({
      at: new Date(Date.UTC(2026, 0, 1)),
    });
    expect(await codeOf(dated.insert("yesterday", {}))).toBe("invalid");
    const switches = memory<Row>("switches", { id: "on", columns: { on: "boolean" } });
    expect(await switches.insert("true", {})).toEqual({ on: true });
    expect(await codeOf(switches.insert("yes", {}))).toBe("invalid");
    const priced = memory<Row>("priced", { id: "cost", columns: { cost: "decimal" } });
    expect(await priced.insert("1.50", {})).toEqual({ cost: "1.50" });
    expect(await codeOf(priced.insert("1,5", {}))).toBe("invalid");
    const scaled = memory<Row>("scaled", { id: "size", columns: { size: "number" } });
    expect(await scaled.insert("1.5", {})).toEqual({ size: 1.5 });
    const blobs = memory<Row>("blobs", { id: "blob", columns: { blob: "bytes" } });
    expect(await codeOf(blobs.insert("1", {}))).toBe("invalid");
    for (const id of ["x", "1.5", "007", "1e3", " 1"])
      expect(await codeOf(numbered.insert(id, {}))).toBe("invalid");
  });

  test("V16 ids are text of 1 to 1,024 bytes", async () => {
    const products = createProducts();
    for (const id of ["", "x".repeat(1_025), "ä".repeat(513), "\ud800", 5 as unknown as string]) {
      expect(await codeOf(products.insert(id, { name: "x" }))).toBe("invalid");
      expect(await codeOf(products.replace(id, { name: "x" }))).toBe("invalid");
      expect(await codeOf(products.patch(id, { name: "x" }))).toBe("invalid");
      expect(await codeOf(products.delete(id))).toBe("invalid");
    }
    for (const id of ["x".repeat(1_024), "ä".repeat(512), "../..", "🍰", "a\0b", "__proto__"]) {
      expect((await products.insert(id, { name: "x" }))["id"]).toBe(id);
      expect((await products.get(id))?.["id"]).toBe(id);
    }
  });

  test("V17 add answers with the source's id, the row's own, or a UUIDv7", async () => {
    const products = createProducts();
    const id = await products.add({ name: "x" });
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(await products.get(id)).toEqual({ id, name: "x" });
    expect(await products.add({ id: "own", name: "x" })).toBe("own");
    expect(await codeOf(products.add({ id: "own", name: "x" }))).toBe("conflict");
    const choosing: Source = {
      name: "choosing",
      schema: createSchema({
        id: "nr",
        columns: { nr: { type: "integer", flags: ["mandatory"] }, name: "text" },
      }),
      capabilities: createCapabilities({ canInsert: true }),
      fingerprint: () => "",
      async *read() {},
      add: async (row): Promise<Entry> => ["41", { nr: 41, ...row }],
    };
    expect(await vista(choosing).add({ name: "x" })).toBe("41");
    expect(await codeOf(vista(choosing).add({ nme: "x" }))).toBe("invalid");
    const silent = { ...choosing, add: async () => undefined as unknown as Entry };
    expect(await codeOf(vista(silent).add({}))).toBe("rejected");
  });
});

describe("writes under a narrowing", () => {
  test("V18 deleteAll deletes the rows shown and no others", async () => {
    const products = createProducts();
    await products.where("category", "tarts").orderBy("price").deleteAll();
    expect([...(await products.list()).keys()]).toEqual(["b"]);
    await products.search("zzz").deleteAll();
    expect(await products.count()).toBe(1);
    await products.deleteAll();
    expect(await products.count()).toBe(0);
  });

  test("V18 a row that isn't shown can't be patched, replaced or deleted", async () => {
    const products = createProducts();
    const tarts = products.where("category", "tarts");
    expect(await codeOf(tarts.patch("b", { price: 1 }))).toBe("notFound");
    expect(await codeOf(tarts.delete("b"))).toBe("notFound");
    expect(await codeOf(tarts.replace("b", { name: "x" }))).toBe("conflict");
    expect(await codeOf(tarts.delete("zz"))).toBe("notFound");
    expect(await products.get("b")).toMatchObject({ price: 6 });
    expect(await tarts.patch("a", { price: 1 })).toMatchObject({ price: 1 });
    expect(await tarts.replace("zz", { name: "new" })).toEqual({ id: "zz", name: "new" });
    expect(await tarts.insert("y", { name: "other", category: "pies" })).toMatchObject({ category: "pies" });
    await tarts.delete("c");
    expect([...(await products.list()).keys()]).toEqual(["a", "b", "zz", "y"]);
  });

  test("V18 an un-narrowed write asks the source once and hands its options on", async () => {
    const products = createProducts();
    const calls: [string, WriteOptions][] = [];
    const { source } = products;
    const watched: Source = {
      name: source.name,
      schema: source.schema,
      capabilities: source.capabilities,
      fingerprint: () => source.fingerprint(),
      read: () => expect.unreachable("nothing is read"),
      get: () => expect.unreachable("nothing is read"),
      insert: (id, row, call) => (calls.push(["insert", call]), source.insert(id, row, call)),
      patch: (id, partial, call) => (calls.push(["patch", call]), source.patch(id, partial, call)),
      delete: (id, call) => (calls.push(["delete", call]), source.delete(id, call)),
    };
    const { signal } = new AbortController();
    await vista(watched).insert("x", { name: "x" }, { opId: "1", signal });
    await vista(watched).patch("x", { price: 1 }, { opId: "2" });
    await vista(watched).delete("x", { opId: "3" });
    expect(calls).toEqual([
      ["insert", { opId: "1", signal }],
      ["patch", { opId: "2" }],
      ["delete", { opId: "3" }],
    ]);
  });
});

interface Product {
  readonly id: string;
  readonly name: string;
  readonly price: number;
}

/** What a schema library would make: names trimmed, prices not negative. */
function createValidator(isAsync: boolean): StandardSchemaV1<unknown, Product> {
  const check = (
    value: unknown,
  ): { readonly value: Product } | { readonly issues: readonly StandardIssue[] } => {
    const { id, name, price } = value as Record<string, unknown>;
    const issues: StandardIssue[] = [];
    if (typeof id !== "string") issues.push({ message: "an id is due", path: ["id"] });
    if (typeof name !== "string") issues.push({ message: "a text is due", path: [{ key: "name" }] });
    if (typeof price !== "number" || price < 0)
      issues.push({ message: "a price is due", path: ["price", 0] });
    return issues.length > 0
      ? { issues }
      : { value: { id: String(id), name: String(name).trim(), price: Number(price) } };
  };
  return {
    "~standard": {
      version: 1,
      vendor: "test",
      validate: (value) => (isAsync ? Promise.resolve(check(value)) : check(value)),
    },
  };
}

describe.each([
  ["a synchronous", false],
  ["an asynchronous", true],
])("%s validator", (_kind, isAsync) => {
  const schema = createValidator(isAsync);
  const columns = { name: "text", price: "number" } as const;

  test("V19 a stored row that fails is rejected, by every read, naming id, column and issue", async () => {
    const products = memory("products", { id: "id", columns, schema });
    products.source.set("a", { id: "a", name: " Tart ", price: 1 });
    products.source.set("b", { id: "b", name: "Pie", price: -1 });
    for (const read of [
      products.get("b"),
      products.list(),
      products.fetchPage(1, 10),
      products.fetchWindow(0, 10),
      products.fetchNext(),
      products.batches().next(),
      products.where("price", "<", 0).first(),
    ]) {
      const error = await failure(read);
      expect(error).toMatchObject({
        code: "rejected",
        place: { vista: "products", id: "b", column: "price.0" },
      });
      expect(error.message).toContain("a price is due");
    }
    expect(await products.get("a")).toEqual({ id: "a", name: "Tart", price: 1 });
    expect(await products.where("price", ">", 0).first()).toEqual(["a", { id: "a", name: "Tart", price: 1 }]);
    expect(await products.get("zz")).toBeUndefined();
    expect(await products.count()).toBe(2);
  });

  test("V19 a row to be written that fails is invalid, and what passes is stored as the validator has it", async () => {
    const products = memory("products", { id: "id", columns, schema });
    const error = await failure(products.insert("a", { id: "a", name: "Tart", price: -1 }));
    expect(error).toMatchObject({ code: "invalid", place: { id: "a" } });
    expect(products.source.rows.size).toBe(0);
    expect(await products.insert("a", { name: " Tart ", price: 1 } as Product)).toEqual({
      id: "a",
      name: "Tart",
      price: 1,
    });
    expect(await codeOf(products.replace("a", { id: "a", name: "Tart", price: -1 }))).toBe("invalid");
    expect(await codeOf(products.add({ name: "Tart" }))).toBe("invalid");
  });

  test("V19 a patch is checked as the row that it would make", async () => {
    const products = memory("products", { id: "id", columns, schema });
    await products.insert("a", { id: "a", name: "Tart", price: 1 });
    expect(await codeOf(products.patch("a", { price: -1 }))).toBe("invalid");
    expect(await products.patch("a", { name: " Pie " })).toEqual({ id: "a", name: "Pie", price: 1 });
    expect(await codeOf(products.patch("zz", { name: "Pie" }))).toBe("notFound");
    products.source.set("b", { id: "b", name: "Bad", price: -1 });
    expect(await products.patch("b", { price: 1 })).toEqual({ id: "b", name: "Bad", price: 1 });
  });

  test("V19 a change whose row fails arrives without it", async () => {
    const products = memory("products", { id: "id", columns, schema });
    const changes = products.watch();
    const first = changes.next();
    products.source.set("a", { id: "a", name: "Tart", price: -1 });
    expect((await first).value).toEqual({ type: "inserted", id: "a" });
    products.source.set("b", { id: "b", name: " Pie ", price: 1 });
    expect((await changes.next()).value).toMatchObject({ row: { name: "Pie" } });
  });
});
