import {
  type Dio,
  DioramaError,
  type LensBuilder,
  type Lens,
  seedFromMaster,
  type StandardSchemaV1,
} from "vantage-diorama";
import { describe, expect, test } from "vitest";
import { createStage, ids, openLens, type Product, settle, wholeOnly } from "./setup.ts";

const bun = (id: string, price: number): Product => ({ id, name: "Bun", price, category: "buns" });
const codeOf = (work: () => unknown): Promise<string> =>
  Promise.resolve()
    .then(work)
    .then(
      () => "none",
      (error: unknown) => (error instanceof DioramaError ? error.code : String(error)),
    );

async function open(
  configure: (builder: LensBuilder<Lens>) => LensBuilder<Lens>,
  options: Parameters<typeof createStage>[0] = {},
): Promise<ReturnType<typeof createStage> & { dio: Dio<Product> }> {
  const stage = createStage(options);
  const lens = await openLens({ clock: stage.clock, builder: configure(stage.builder) });
  return { ...stage, dio: await lens.makeDio<Product>(stage.source) };
}
const never = (): Promise<void> => new Promise(() => undefined);

describe("a write of the facade", () => {
  test("D38 is visible in the call itself", async () => {
    const { dio } = await open((builder) => builder.onStart(seedFromMaster).onWrite(never));
    const vista = dio.vista();
    void vista.insert("x", bun("x", 1));
    expect(dio.writes.pending()).toMatchObject([{ op: { id: "x" } }]);
    void vista.patch("a", { price: 8 });
    void vista.replace("b", bun("b", 9));
    void vista.delete("c");
    void vista.add({ name: "Nut", price: 2, category: "buns" });
    void vista.deleteAll();
    expect(dio.writes.pending().map(({ op }) => op.kind)).toEqual([
      "insert",
      "patch",
      "replace",
      "delete",
      "insert",
      "deleteAll",
    ]);
  });

  test.for([
    ["fresh", 0],
    ["out of date", 2],
  ] as const)(
    "D38 a narrowed deleteAll over rows that are %s is for those that show at its call: what is written after it stays",
    async ([, hours]) => {
      const { dio, backend, clock } = await open((builder) =>
        builder.onStart(seedFromMaster).onRefresh(never).freshFor("1h"),
      );
      await clock.advance(hours * 3_600_000);
      const vista = dio.vista();
      const category = (await vista.get("a"))?.category ?? "";
      const narrowed = vista.where("category", category);
      const gone = [...(await narrowed.list()).keys()];
      expect(gone).toContain("a");
      await Promise.all([
        narrowed.deleteAll(),
        vista.replace("a", { ...bun("a", 77), category }),
        vista.insert("z", { ...bun("z", 78), category }),
      ]);
      expect([...(await narrowed.list()).keys()].toSorted()).toEqual(["a", "z"]);
      await dio.flush();
      expect([...(await narrowed.list()).keys()].toSorted()).toEqual(["a", "z"]);
      expect((await backend.get("a"))?.price).toBe(77);
    },
  );

  test("D38 keeps the order of the calls, also where they are not awaited", async () => {
    const { dio, backend } = await open((builder) => builder.onStart(seedFromMaster));
    const vista = dio.vista();
    await Promise.all([
      vista.insert("x", bun("x", 1)),
      vista.patch("x", { price: 2 }),
      vista.replace("x", bun("x", 3)),
      vista.patch("x", { name: "Last" }),
      vista.delete("a"),
      vista.insert("a", bun("a", 4)),
    ]);
    await dio.flush();
    expect(backend.source.rows.get("x")).toEqual({ ...bun("x", 3), name: "Last" });
    expect(backend.source.rows.get("a")?.price).toBe(4);
  });

  test("D38 keeps it also behind a validator that takes its time", async () => {
    const gates: PromiseWithResolvers<void>[] = [];
    const schema: StandardSchemaV1<unknown, Product> = {
      "~standard": {
        version: 1,
        vendor: "test",
        async validate(value) {
          const gate = Promise.withResolvers<void>();
          gates.push(gate);
          if (gates.length > 4) await gate.promise;
          // The rows of this test are products.
          return { value: value as Product };
        },
      },
    };
    const { dio } = await open((builder) => builder.onStart(seedFromMaster).onWrite(() => undefined), {
      schema,
    });
    const vista = dio.vista();
    const writes = [vista.replace("x", bun("x", 1)), vista.patch("x", { price: 2 }), vista.delete("b")];
    await settle();
    expect(ids(await dio.cache.list())).not.toContain("b");
    expect(await dio.cache.get("x")).toBeUndefined();
    gates[4]?.resolve();
    await settle();
    for (const gate of gates) gate.resolve();
    await Promise.all(writes);
    expect((await dio.cache.get("x"))?.price).toBe(2);
    expect(() => dio.submit({ kind: "insert", id: "y", row: bun("y", 1) })).toThrow(/answers later/);
  });

  test("D38 is withdrawn by an abort before it is kept", async () => {
    const { dio } = await open((builder) =>
      builder.onStart(seedFromMaster).onWrite(never).writeQueue({ maxOps: 1 }),
    );
    await dio.vista().patch("a", { price: 1 });
    const aborting = new AbortController();
    const waiting = dio.vista().patch("b", { price: 1 }, { signal: aborting.signal });
    await settle();
    aborting.abort(new Error("never mind"));
    await expect(waiting).rejects.toThrow("never mind");
    expect(dio.writes.pending().map(({ op }) => op.id)).toEqual(["a"]);
    await expect(dio.vista().patch("a", { price: 2 }, { signal: aborting.signal })).rejects.toThrow(
      "never mind",
    );
  });

  test("D38 answers with the row as it will be, also where readers don't see it yet", async () => {
    const { dio } = await open((builder) => builder.onStart(seedFromMaster).onWrite(never).optimistic(false));
    expect(await dio.vista().patch("a", { price: 1 })).toEqual({
      id: "a",
      name: "Apple tart",
      price: 1,
      category: "tarts",
    });
    expect((await dio.vista().get("a"))?.price).toBe(300);
  });

  test("D20 is refused where neither the master nor a route takes it, with what to do", async () => {
    const { dio } = await open((builder) => builder, { capabilities: { ...wholeOnly, canInsert: false } });
    await expect(dio.vista().insert("x", bun("x", 1))).rejects.toThrow(/canInsert; a Dio with onWrite/);
  });
});

describe("submit", () => {
  test("D38 throws what a write of the facade rejects with", async () => {
    const { dio } = await open((builder) => builder.onStart(seedFromMaster).onWrite(never));
    const wrong: readonly [string, unknown][] = [
      ["conflict", { kind: "insert", id: "a", row: bun("a", 1) }],
      ["notFound", { kind: "patch", id: "zz", partial: { price: 1 } }],
      ["notFound", { kind: "delete", id: "zz" }],
      ["invalid", { kind: "insert", id: "", row: bun("", 1) }],
      ["invalid", { kind: "insert", id: "x", row: bun("y", 1) }],
      ["invalid", { kind: "replace", id: "a", row: { ...bun("a", 1), prize: 1 } }],
      ["invalid", { kind: "patch", id: "a", partial: { price: "much" } }],
      ["invalid", { kind: "delete", id: 5 }],
      ["invalid", { kind: "deleteAll", ids: ["a", ""] }],
      ["invalid", { kind: "upsert", id: "a" }],
    ];
    for (const [code, request] of wrong) {
      // Callers without a compiler.
      expect([request, await codeOf(() => dio.submit(request as never))]).toEqual([request, code]);
    }
    expect(dio.writes.pending()).toEqual([]);
  });

  test("D7 D38 keeps a copy: the caller's object is the caller's", async () => {
    const { dio } = await open((builder) => builder.onStart(seedFromMaster).onWrite(never));
    const row = { ...bun("x", 1), price: 1 };
    dio.submit({ kind: "insert", id: "x", row });
    row.price = 2;
    expect((await dio.vista().get("x"))?.price).toBe(1);
  });
});
