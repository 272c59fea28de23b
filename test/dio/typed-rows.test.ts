import {
  type ChangeEvent,
  type Dio,
  type DioramaError,
  type Lens,
  Lens as LensClass,
  memory,
  reconcileWithMaster,
  type Row,
  seedFromMaster,
  type StandardSchemaV1,
  type WriteHandle,
  type WriteOp,
} from "vantage-diorama";
import { csv } from "vantage-diorama/sources/csv";
import { describe, expectTypeOf, test } from "vitest";

interface Product {
  readonly id: string;
  readonly name: string;
  readonly price: number;
  readonly tags?: readonly string[];
}

// Checked by the compiler: a call here is never made, and a wrong one that compiles is an error.

describe("a Dio is typed by its rows", () => {
  test("L6 V30 the rows given, an interface, a validator or a CSV's type argument say what they are", () => {
    const make = async (lens: Lens, schema: StandardSchemaV1<unknown, Product>): Promise<void> => {
      const inferred = await lens.makeDio(memory("p", { id: "id", rows: [{ id: "a", price: 1 }] }));
      expectTypeOf(inferred).toEqualTypeOf<Dio<{ id: string; price: number }>>();
      const typed = await lens.makeDio(memory<Product>("p", { id: "id", rows: [] }));
      expectTypeOf(typed).toEqualTypeOf<Dio<Product>>();
      const validated = await lens.makeDio(memory("p", { id: "id", schema, rows: [] }));
      expectTypeOf(validated).toEqualTypeOf<Dio<Product>>();
      expectTypeOf(await lens.makeDio(await csv("p.csv", { schema }))).toEqualTypeOf<Dio<Product>>();
      expectTypeOf(await lens.makeDio(await csv<Product>("p.csv"))).toEqualTypeOf<Dio<Product>>();
      const untyped = await lens.makeDio(await csv("p.csv"));
      expectTypeOf(untyped).toEqualTypeOf<Dio<Row>>();
      untyped.vista().where("any column", 1);
    };
    expectTypeOf(make).toBeFunction();
  });

  test("L6 callbacks of one Dio are typed by its rows, those of a Lens take any", () => {
    const make = async (lens: Lens): Promise<void> => {
      await lens.makeDio(memory<Product>("p", { id: "id", rows: [] }), {
        async onStart(dio, call) {
          expectTypeOf(dio).toEqualTypeOf<Dio<Product>>();
          expectTypeOf(call.signal).toEqualTypeOf<AbortSignal>();
          await dio.cache.insertAll(await dio.master.list());
          await dio.cache.insertAll([{ id: "a", name: "b", price: 1 }]);
          return seedFromMaster(dio, call);
        },
        onRefresh: reconcileWithMaster,
        onWrite(_dio, op) {
          expectTypeOf(op).toEqualTypeOf<WriteOp<Product>>();
          if (op.kind === "patch") expectTypeOf(op.partial).toEqualTypeOf<Partial<Product>>();
          if (op.kind === "insert") expectTypeOf(op.row).toEqualTypeOf<Product>();
          return { row: { as: "stored" } };
        },
        onEvent(_dio, change) {
          expectTypeOf(change).toEqualTypeOf<ChangeEvent<Product>>();
        },
        onQuery: async (dio) => dio.cache.insert("a", { id: "a", name: "", price: 1 }),
      });
      LensClass.builder()
        .onStart(async (dio) => {
          expectTypeOf(dio).toEqualTypeOf<Dio<Row>>();
          await dio.cache.insertAll(await dio.master.list());
        })
        .onStart(seedFromMaster)
        .onRefresh(reconcileWithMaster)
        .onWrite(() => ({ awaitEcho: true }));
    };
    expectTypeOf(make).toBeFunction();
  });

  test("V30 columns and cells that there are not do not compile", () => {
    const use = async (dio: Dio<Product>): Promise<void> => {
      dio.vista().where("name", "x").where("price", "<", 5).orderBy("price", "desc").search("q");
      // @ts-expect-error -- no such column
      dio.vista().where("nmae", "x");
      // @ts-expect-error -- no such column
      dio.vista().orderBy("prise");
      // @ts-expect-error -- a name is text
      await dio.vista().insert("a", { id: "a", name: 5, price: 1 });
      // @ts-expect-error -- a whole row has more
      await dio.vista().replace("a", { id: "a" });
      // @ts-expect-error -- no such column
      await dio.vista().patch("a", { prise: 2 });
      // @ts-expect-error -- no such column
      dio.submit({ kind: "patch", id: "a", partial: { prise: 1 } });
      // @ts-expect-error -- an insert has a row
      dio.submit({ kind: "insert", id: "a" });
      // @ts-expect-error -- no such event
      dio.on("recordChangd", () => undefined);
      // @ts-expect-error -- no such column
      await dio.cache.insert("a", { id: "a", name: "", price: 1, prise: 2 });
      // @ts-expect-error -- rows are never mutated
      for (const row of (await dio.cache.list()).values()) row.price = 1;
    };
    expectTypeOf(use).toBeFunction();
  });

  test("V30 what comes back has the type of the rows", () => {
    const use = async (dio: Dio<Product>): Promise<void> => {
      expectTypeOf(await dio.vista().get("a")).toEqualTypeOf<Product | undefined>();
      expectTypeOf(await dio.vista().patch("a", { price: 2 })).toEqualTypeOf<Product>();
      expectTypeOf((await dio.vista().fetchPage(1, 2)).rows).toEqualTypeOf<Map<string, Product>>();
      for await (const [id, row] of dio.vista()) {
        expectTypeOf(id).toEqualTypeOf<string>();
        expectTypeOf(row).toEqualTypeOf<Product>();
      }
      expectTypeOf(await dio.cache.get("a")).toEqualTypeOf<Readonly<Product> | undefined>();
      const handle = dio.submit({ kind: "delete", id: "a" });
      expectTypeOf(handle).toEqualTypeOf<WriteHandle<Product>>();
      expectTypeOf(await handle.confirmed).toEqualTypeOf<Readonly<Product> | undefined>();
      dio.on("writeFailed", (event) => {
        expectTypeOf(event.error).toEqualTypeOf<DioramaError>();
        expectTypeOf(event.op).toEqualTypeOf<WriteOp>();
      });
      dio.follow(({ position }) => feed(position));
    };
    const feed = async function* (from: string | undefined): AsyncGenerator<ChangeEvent<Product>> {
      yield { type: "deleted", id: from ?? "a", position: "1" };
    };
    expectTypeOf(use).toBeFunction();
  });
});
