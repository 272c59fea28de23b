import { describe, expect, expectTypeOf, test } from "vitest";
import { isDioramaError } from "../base/index.ts";
import { everything, narrow, orderedBy, searching } from "../query/index.ts";
import type { Row } from "../record/index.ts";
import type { CapabilityName } from "./capabilities.ts";
import type { ChangeEvent } from "./change-event.ts";
import { memory } from "./memory.ts";
import type { StandardSchemaV1 } from "./standard-schema.ts";
import type { Vista } from "./vista.ts";

const failure = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "none",
    (error: unknown) => (isDioramaError(error) ? error.code : `no DioramaError: ${String(error)}`),
  );

const codeOf = (work: () => unknown): string => {
  try {
    work();
    return "none";
  } catch (error) {
    return isDioramaError(error) ? error.code : `no DioramaError: ${String(error)}`;
  }
};

describe("memory", () => {
  test("V25 rows come by id or hold their id; an iterator is read once", async () => {
    const byId = memory("byId", { rows: new Map([["a", { price: 1 }]]) });
    expect([...(await byId.list())]).toEqual([["a", { price: 1 }]]);
    expect(byId.idColumn).toBeUndefined();
    const generate = function* () {
      yield { nr: 7, price: 1 };
      yield { nr: 8n, price: 2 };
    };
    const own = memory<Row>("own", { id: "nr", rows: generate() });
    expect([...(await own.list()).keys()]).toEqual(["7", "8"]);
    expect(own.schema.columns.map(({ type }) => type)).toEqual(["integer", "integer"]);
    const filled = memory<Row>("filled", {
      id: "id",
      columns: { price: "number" },
      rows: new Map([["a", { price: 1 }]]),
    });
    expect(await filled.get("a")).toEqual({ id: "a", price: 1 });
  });

  test("V25 rows that can't be stored are invalid", () => {
    expect(codeOf(() => memory("none", { rows: [{ price: 1 }] }))).toBe("invalid");
    expect(codeOf(() => memory<Row>("absent", { id: "id", rows: [{ price: 1 }] }))).toBe("invalid");
    expect(codeOf(() => memory("twice", { id: "id", rows: [{ id: "a" }, { id: "a" }] }))).toBe("invalid");
    expect(
      codeOf(() => memory<Row>("type", { columns: { a: "text" }, rows: new Map([["x", { a: 1 }]]) })),
    ).toBe("invalid");
    expect(codeOf(() => memory("id", { rows: new Map([["", {}]]) }))).toBe("invalid");
  });

  test("V25 without columns the schema comes from the rows", () => {
    const inferred = memory<Row>("inferred", {
      rows: new Map<string, Row>([
        [
          "a",
          { text: "x", whole: 1, real: 1, flag: true, at: new Date(0), raw: new Uint8Array(1), mixed: 1 },
        ],
        ["b", { text: null, whole: 2n, real: 1.5, list: [], mixed: "x", empty: null }],
      ]),
    });
    expect(Object.fromEntries(inferred.schema.columns.map(({ name, type }) => [name, type]))).toEqual({
      text: "text",
      whole: "integer",
      real: "number",
      flag: "boolean",
      at: "date",
      raw: "bytes",
      mixed: "json",
      list: "json",
      empty: "json",
    });
    expect(inferred.schema.open).toBe(false);
  });

  test("V25 without columns and rows, or with a validator, the schema is open", async () => {
    const open = memory<Row>("open");
    expect(open.schema.open).toBe(true);
    await open.insert("a", { anything: 1 });
    expect(await open.where("anything", 1).search("x").count()).toBe(0);
    const schema: StandardSchemaV1<unknown, { id: string; note?: string }> = {
      "~standard": { version: 1, vendor: "test", validate: (value) => ({ value: value as { id: string } }) },
    };
    const checked = memory("checked", { id: "id", schema, rows: [{ id: "a" }] });
    expect(checked.schema.open).toBe(true);
    expect(await checked.insert("b", { id: "b", note: "x" })).toEqual({ id: "b", note: "x" });
  });

  test("V26 it is changed from outside, at once, whatever it claims", async () => {
    const off = { canInsert: false, canUpdate: false, canDelete: false };
    const rows = [{ id: "a", price: 1 }];
    const { source } = memory("products", { id: "id", rows, capabilities: off });
    source.set("b", { id: "b", price: 2 });
    expect(source.rows.get("b")).toEqual({ id: "b", price: 2 });
    expect([source.remove("a"), source.remove("a")]).toEqual([true, false]);
    source.replaceAll([
      { id: "c", price: 3 },
      { id: "b", price: 2 },
    ]);
    expect([...source.rows.keys()]).toEqual(["c", "b"]);
    expect(
      codeOf(() => source.set("b", { id: "b", price: "2" } as unknown as { id: string; price: number })),
    ).toBe("invalid");
    expect(
      codeOf(() => source.replaceAll([{ id: "x" }, { id: "x" }] as { id: string; price: number }[])),
    ).toBe("invalid");
    expect([...source.rows.keys()]).toEqual(["c", "b"]);
  });

  test("V26 all rows are exchanged in the order given, and what differs is told", async () => {
    const rows = ["a", "b", "c"].map((id) => ({ id, price: 1 }));
    const { source } = memory("products", { id: "id", rows });
    const changes = source.watch({});
    const next = changes.next();
    const kept = source.rows.get("c");
    const version = await source.version();
    source.replaceAll([
      { id: "c", price: 1 },
      { id: "d", price: 4 },
      { id: "a", price: 2 },
    ]);
    expect([...source.rows.keys()]).toEqual(["c", "d", "a"]);
    expect(source.rows.get("c")).toBe(kept);
    expect(await source.version()).not.toBe(version);
    expect((await next).value).toEqual({ type: "deleted", id: "b" });
    expect((await changes.next()).value).toEqual({ type: "inserted", id: "d", row: { id: "d", price: 4 } });
    expect((await changes.next()).value).toEqual({ type: "updated", id: "a", row: { id: "a", price: 2 } });
    const ordered = await source.version();
    source.replaceAll([...source.rows.values()].toReversed());
    expect(await source.version()).not.toBe(ordered);
    const waiting = changes.next();
    source.remove("c");
    expect((await waiting).value).toEqual({ type: "deleted", id: "c" });
  });

  test("V26 only a change of content is a change", async () => {
    const { source } = memory("products", { id: "id", rows: [{ id: "a", price: 5 as number | bigint }] });
    const heard: ChangeEvent[] = [];
    const watching = (async () => {
      for await (const change of source.watch({})) heard.push(change as ChangeEvent);
    })();
    const row = source.rows.get("a");
    const versions = [await source.version()];
    source.set("a", { id: "a", price: 5 });
    expect(source.rows.get("a")).toBe(row);
    expect(await source.replace("a", { price: 5, id: "a" }, {})).toBe(row);
    versions.push(await source.version());
    source.set("a", { id: "a", price: 5n });
    versions.push(await source.version());
    source.replaceAll([{ id: "a", price: 5n }]);
    source.remove("zz");
    versions.push(await source.version());
    source.remove("a");
    versions.push(await source.version());
    await new Promise((resolve) => setTimeout(resolve));
    expect(versions.map((version) => versions.indexOf(version))).toEqual([0, 0, 2, 2, 4]);
    expect(heard.map(({ type }) => type)).toEqual(["updated", "deleted"]);
    expect(source.watcherCount).toBe(1);
    void watching;
  });

  test("V26 another source over other rows never shows the same version", async () => {
    const version = async (): Promise<string | undefined> =>
      memory("products", { rows: new Map() }).version();
    expect(await version()).not.toBe(await version());
  });

  test("V27 an op that comes again has the answer of the first and no second effect", async () => {
    const products = memory<Row>("products", { id: "id", columns: { price: "number" } });
    const first = await products.insert("a", { price: 1 }, { opId: "1" });
    await products.patch("a", { price: 2 }, { opId: "2" });
    expect(await products.insert("a", { price: 1 }, { opId: "1" })).toBe(first);
    expect(await products.get("a")).toMatchObject({ price: 2 });
    await products.delete("a", { opId: "3" });
    await products.delete("a", { opId: "3" });
    expect(await failure(products.delete("a", { opId: "4" }))).toBe("notFound");
    await products.insert("b", { price: 1 });
    await products.deleteAll({ opId: "5" });
    await products.insert("b", { price: 1 });
    await products.deleteAll({ opId: "5" });
    expect(await products.count()).toBe(1);
    expect(await failure(products.insert("b", { price: 1 }, { opId: "6" }))).toBe("conflict");
    await products.delete("b");
    expect(await products.insert("b", { price: 1 }, { opId: "6" })).toMatchObject({ id: "b" });
  });

  test("V27 the answers of the last 10,000 ops are kept", async () => {
    const { source } = memory<Row>("products", { id: "id", columns: { price: "number" } });
    for (let op = 0; op <= 10_000; op++) await source.replace("a", { price: op }, { opId: `${op}` });
    await source.replace("a", { price: -1 }, { opId: "1" });
    expect(source.rows.get("a")).toMatchObject({ price: 10_000 });
    await source.replace("a", { price: -1 }, { opId: "0" });
    expect(source.rows.get("a")).toMatchObject({ price: -1 });
  });

  test.each<[CapabilityName, () => typeof everything]>([
    ["canMatch", () => narrow(everything, ["price", "=", 1])],
    ["canFilter", () => narrow(everything, ["price", "<", 1])],
    ["canOrder", () => orderedBy(everything, "price")],
    ["canSearch", () => searching(everything, "x")],
  ])("V28 without %s it refuses such a query itself", async (capability, query) => {
    const rows = new Map([["a", { price: 1 }]]);
    const { source } = memory("products", { rows, capabilities: { [capability]: false } });
    for (const ask of [
      () => source.read(query(), {}).next(),
      () => source.count(query()),
      () => source.page(query(), { number: 1, size: 1 }),
      () => source.window(query(), { offset: 0, limit: 1 }),
      () => source.next(query(), { token: undefined, size: 1 }),
      () => source.deleteAll(query(), {}),
    ]) {
      expect(await failure(ask())).toBe("unsupported");
    }
  });

  test("V28 pages have no total where it can't count", async () => {
    const rows = new Map([["a", { price: 1 }]]);
    const products = memory("products", { rows, capabilities: { canCount: false } });
    expect(await products.fetchPage(1, 1)).toEqual({ rows });
  });

  test("V29 who falls behind is told that everything may have changed; others are not affected", async () => {
    const { source } = memory<Row>("products", { rows: new Map(), open: true });
    const slow = source.watch({});
    const quick = source.watch({});
    const first = slow.next();
    let heard = 0;
    for (let change = 1; change <= 10_010; change++) {
      const next = quick.next();
      source.set("a", { change });
      if ((await next).value?.type !== "invalidated") heard += 1;
    }
    expect(heard).toBe(10_010);
    expect((await first).value).toMatchObject({ type: "inserted" });
    const second = await slow.next();
    expect(second.value).toEqual({ type: "invalidated" });
    expect((await slow.next()).value).toMatchObject({ type: "updated" });
    await slow.return?.();
    expect(await slow.next()).toEqual({ done: true, value: undefined });
    expect(source.watcherCount).toBe(1);
  });
});

interface Product {
  readonly id: string;
  readonly price: number;
}

describe("types", () => {
  test("V30 rows are typed by an argument, a validator or the rows themselves", async () => {
    const argued = memory<Product>("argued", { id: "id", columns: { price: "number" } });
    expectTypeOf(await argued.get("a")).toEqualTypeOf<Product | undefined>();
    expectTypeOf(argued.where("price", 1)).toEqualTypeOf<Vista<Product>>();
    const inferred = memory("inferred", { id: "id", rows: [{ id: "a", price: 1 }] });
    expectTypeOf(await inferred.list()).toEqualTypeOf<Map<string, { id: string; price: number }>>();
    const mapped = memory("mapped", { rows: new Map([["a", { price: 1 }]]) });
    expectTypeOf(await mapped.first()).toEqualTypeOf<
      readonly [id: string, row: { price: number }] | undefined
    >();
    const schema: StandardSchemaV1<unknown, Product> = {
      "~standard": { version: 1, vendor: "test", validate: (value) => ({ value: value as Product }) },
    };
    const validated = memory("validated", { id: "id", schema });
    expectTypeOf(await validated.first()).toEqualTypeOf<readonly [id: string, row: Product] | undefined>();
    const plain = memory("plain", { id: "id" });
    expectTypeOf(await plain.get("a")).toEqualTypeOf<Row | undefined>();
    const anyVista: Vista<object> = argued;
    expectTypeOf(anyVista.name).toBeString();
  });

  test("V30 a misspelt column does not compile", () => {
    const products = memory<Product>("products", { id: "id", columns: { price: "number" } });
    // @ts-expect-error no such column
    expect(codeOf(() => products.where("prise", 1))).toBe("invalid");
    // @ts-expect-error no such column
    expect(codeOf(() => products.orderBy("prise"))).toBe("invalid");
    // @ts-expect-error no such column
    expect(codeOf(() => memory<Product>("products", { id: "nr" }))).toBe("none");
  });
});
