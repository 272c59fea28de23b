import {
  type Dio,
  DioramaError,
  type Lens,
  type LensBuilder,
  memory,
  type MemoryVista,
  seedFromMaster,
} from "vantage-diorama";
import { createFaultySource } from "vantage-diorama/testing";
import { expect, test } from "vitest";
import { createStage, ids, openLens, type Product, recordEvents, settle, wholeOnly } from "./setup.ts";

const product = (id: string, category = "buns"): Product => ({ id, name: `New ${id}`, price: 1, category });
const next = (...rows: readonly Product[]): MemoryVista<Product> => memory("products", { id: "id", rows });

async function open(
  configure: (builder: LensBuilder<Lens>) => LensBuilder<Lens>,
  options: Parameters<typeof createStage>[0] = {},
): Promise<ReturnType<typeof createStage> & { dio: Dio<Product> }> {
  const stage = createStage(options);
  const lens = await openLens({ clock: stage.clock, builder: configure(stage.builder) });
  return { ...stage, dio: await lens.makeDio<Product>(stage.source) };
}

test("D34 watch goes on with the new master, and catches up with what that did meanwhile", async () => {
  const { dio, backend } = await open((builder) => builder.onStart(seedFromMaster));
  const following = dio.watch();
  await settle();
  const events = recordEvents(dio);
  const other = next(product("z"));
  await dio.reload(other);
  await settle();
  backend.source.set("ghost", product("ghost"));
  other.source.set("real", product("real"));
  await settle();
  expect(ids(await dio.vista().list())).toEqual(["z", "real"]);
  expect(events.filter((event) => event.type === "upstreamFailed")).toEqual([]);
  await following.stop();
  expect([backend.source.watcherCount, other.source.watcherCount]).toEqual([0, 0]);
});

test("D34 a feed ends where the new master can't push", async () => {
  const { dio } = await open((builder) => builder.onStart(seedFromMaster));
  const following = dio.watch();
  await settle();
  await dio.reload(
    memory("products", { id: "id", rows: [product("z")], capabilities: { canSubscribe: false } }),
  );
  await following.done;
});

test("D34 what was asked of the old master brings nothing any more", async () => {
  const { dio, source, clock } = await open((builder) => builder, { capabilities: wholeOnly });
  source.setFaults({ latencyMs: { get: [1_000, 1_000] } });
  const late = dio.vista().get("a");
  await settle();
  await dio.reload(next(product("z")));
  await clock.advance(1_000);
  expect(await late).toBeUndefined();
  expect(ids(await dio.cache.list())).toEqual(["z"]);
});

test("D34 what onQuery filled is asked for again", async () => {
  const { dio } = await open((builder) =>
    builder
      .onQuery(async (dio) => {
        for (const [id, row] of await dio.master.list()) await dio.cache.insert(id, row);
      })
      .onRefresh(async (dio) => dio.cache.clear()),
  );
  const tarts = dio.vista().where("category", "tarts");
  expect(ids(await tarts.list())).toEqual(["a", "c"]);
  await dio.reload(next(product("z"), product("t", "tarts")));
  expect(dio.cache.complete).toBe(false);
  expect(ids(await tarts.list())).toEqual(["t"]);
});

test("D34 rows that the callback left are the old master's: stale, and not complete", async () => {
  const { dio } = await open((builder) => builder.onStart(seedFromMaster).onRefresh(() => undefined));
  await dio.reload(next(product("z")));
  expect([dio.cache.complete, dio.diagnostics().freshness.stale]).toEqual([false, true]);
  expect(ids(await dio.vista().list())).toEqual(["z"]);
});

test("D34 queued writes stay, and go to the new master", async () => {
  const { dio, source, clock } = await open((builder) => builder.onStart(seedFromMaster));
  source.failNext("patch", new DioramaError("unavailable", "down"));
  const handle = dio.submit({ kind: "patch", id: "a", partial: { price: 7 } });
  await settle();
  const other = next(product("a"), product("z"));
  await dio.reload(other);
  expect(await dio.vista().get("a")).toEqual({ ...product("a"), price: 7 });
  await clock.advance(60_000);
  await handle.confirmed;
  expect(other.source.rows.get("a")?.price).toBe(7);
});

test("D34 references of others lead to it by the new master", async () => {
  const { clock, builder } = createStage();
  const lens = await openLens({ clock, builder: builder.onStart(seedFromMaster) });
  const old = memory("old customers", { id: "id", rows: [{ id: "1", name: "Old" }] });
  const fresh = memory("customers", { id: "id", rows: [{ id: "1", name: "New" }] });
  const orders = memory("orders", {
    id: "id",
    rows: [{ id: "o", customer: "1" }],
    references: { customer: { column: "customer", target: () => fresh } },
  });
  const customers = await lens.makeDio(old);
  const dio = await lens.makeDio(orders);
  await customers.reload(createFaultySource(fresh.source));
  expect(dio.related("customer", { id: "o", customer: "1" }).explain()).toContain("answered locally");
});

test("D34 another id column, or a narrowing that can't be honoured, is refused at once", async () => {
  const { dio } = await open((builder) => builder.onStart(seedFromMaster));
  const other = memory<Product>("products", { id: "name", rows: [product("z")] });
  await expect(dio.reload(other)).rejects.toMatchObject({ code: "invalid" });
  const narrowed = createStage({ capabilities: wholeOnly }).backend.where("category", "tarts");
  await expect(dio.reload(narrowed)).rejects.toMatchObject({ code: "unsupported" });
  expect(await dio.vista().count()).toBe(4);
});
