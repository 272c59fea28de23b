import { describe, expect, test } from "vitest";
import { createActivity, DioramaError } from "vantage-diorama";
import { createStage, ids, openLens, type Product, recordEvents, settle } from "./setup.ts";

const tart: Product = { id: "a", name: "Apple tart", price: 300, category: "tarts" };
const bun: Product = { id: "b", name: "Bun", price: 120, category: "buns" };
const fig: Product = { id: "f", name: "Fig roll", price: 90, category: "pastry" };

const seeded = (): ReturnType<typeof createStage> => {
  const stage = createStage();
  stage.builder.onStart(async (dio) => {
    await dio.cache.insertAll(await dio.master.list());
  });
  return stage;
};

describe("writes through the facade", () => {
  test("W1 W16 resolve when queued, show at once, and reach the master under one opId", async () => {
    const stage = seeded();
    const lens = await openLens(stage);
    const dio = await lens.makeDio(stage.source);
    const events = recordEvents(dio);
    const vista = dio.vista();
    expect(await vista.insert("f", fig)).toEqual(fig);
    expect(ids(await vista.list())).toEqual(["a", "b", "c", "d", "f"]);
    await dio.flush();
    await vista.patch("a", { price: 310 });
    await dio.flush();
    await vista.replace("b", { ...bun, name: "Big bun" });
    await dio.flush();
    await vista.delete("c");
    await dio.flush();
    expect(await stage.backend.list()).toEqual(await dio.vista().list());
    expect(await dio.cache.confirmed("a")).toMatchObject({ price: 310 });
    await settle();
    expect(events.map((event) => ("op" in event ? `${event.type} ${event.op.kind}` : event.type))).toEqual([
      "recordInserted",
      "writeQueued insert",
      "writeConfirmed insert",
      "recordChanged",
      "writeQueued patch",
      "writeConfirmed patch",
      "recordChanged",
      "writeQueued replace",
      "writeConfirmed replace",
      "recordRemoved",
      "writeQueued delete",
      "writeConfirmed delete",
    ]);
  });

  test("W19 an added row that comes back under another id moves", async () => {
    const stage = seeded();
    let number = 0;
    stage.builder.onWrite(async (dio, op) => {
      if (op.kind !== "insert") return undefined;
      const id = `order-${++number}`;
      await dio.master.insert(id, { ...op.row, id } as never, { opId: op.opId });
      return { row: { ...op.row, id } };
    });
    const lens = await openLens(stage);
    const dio = await lens.makeDio<Product>(stage.source);
    const { id: _, ...part } = fig;
    const minted = await dio.vista().add(part);
    expect(minted).toMatch(/-7/);
    await dio.flush();
    expect(ids(await dio.vista().list())).toEqual(["a", "b", "c", "d", "order-1"]);
    expect(await dio.vista().get("order-1")).toEqual({ ...fig, id: "order-1" });
    expect(await dio.vista().get(minted)).toBeUndefined();
  });

  test("W25 W27 a refused write goes back, is listed, and can be sent again or given up", async () => {
    const stage = seeded();
    const lens = await openLens(stage);
    const dio = await lens.makeDio(stage.source);
    stage.source.failNext("patch", new DioramaError("rejected", "too dear"));
    const handle = dio.submit({ kind: "patch", id: "a", partial: { price: 9_999 } });
    expect((await dio.vista().get("a"))?.price).toBe(9_999);
    await expect(handle.confirmed).rejects.toThrow("too dear");
    expect((await dio.vista().get("a"))?.price).toBe(300);
    expect(dio.writes.failed()).toMatchObject([{ op: { id: "a" }, error: { code: "rejected" } }]);
    expect(await dio.writes.retry(handle.opId)).toBe(true);
    await dio.flush();
    expect((await stage.backend.get("a"))?.price).toBe(9_999);
    expect(dio.writes.failed()).toEqual([]);
    expect(await dio.writes.discard(handle.opId)).toBe(false);
  });

  test("W24 an answer that is lost means no second row and no dead letter", async () => {
    const stage = seeded();
    const lens = await openLens(stage);
    const dio = await lens.makeDio(stage.source);
    stage.source.setFaults({ lostAnswerRate: 1 });
    await dio.vista().insert("f", fig);
    await dio.vista().delete("a");
    await settle();
    stage.source.setFaults({});
    await stage.clock.advance(120_000);
    expect(dio.writes.failed()).toEqual([]);
    expect(dio.writes.pending()).toEqual([]);
    expect(ids(await stage.backend.list())).toEqual(["b", "c", "d", "f"]);
  });
});

describe("routes", () => {
  test("W20 a route that hands the op on shows it until the master tells of it", async () => {
    const stage = seeded();
    const topic: string[] = [];
    stage.builder.onWrite(async (_, op) => {
      topic.push(op.opId);
      return { awaitEcho: true };
    });
    const lens = await openLens(stage);
    const dio = await lens.makeDio<Product>(stage.source);
    await dio.vista().patch("a", { price: 1 });
    await settle();
    expect(topic).toHaveLength(1);
    await dio.refresh();
    expect((await dio.vista().get("a"))?.price).toBe(1);
    expect((await dio.cache.confirmed("a"))?.price).toBe(300);
    await stage.backend.patch("a", { price: 1 });
    await dio.refresh();
    expect(dio.writes.pending()).toEqual([]);
    expect((await dio.cache.confirmed("a"))?.price).toBe(1);
    await dio.vista().patch("b", { price: 2 });
    await settle();
    await dio.handleEvent({ type: "updated", id: "b", row: { ...bun, price: 3 }, opId: topic[1] ?? "" });
    expect(dio.writes.pending()).toEqual([]);
    expect((await dio.vista().get("b"))?.price).toBe(3);
  });

  test("W14 onWriteBatch gets what is ready together", async () => {
    const stage = seeded();
    const batches: string[][] = [];
    const activity = createActivity();
    stage.builder.activity(activity).onWriteBatch(async (_, ops) => {
      batches.push(ops.map(({ kind, id }) => `${kind} ${id}`));
    });
    const lens = await openLens(stage);
    const dio = await lens.makeDio(stage.source);
    activity.set("offline");
    await dio.vista().insert("f", fig);
    await dio.vista().delete("a");
    await dio.vista().patch("b", { price: 1 });
    activity.set("active");
    await dio.flush();
    expect(batches).toEqual([["insert f", "delete a", "patch b"]]);
    expect(ids(await dio.vista().list())).toEqual(["b", "c", "d", "f"]);
  });

  test("W8 optimistic(false) shows what the master has", async () => {
    const stage = seeded();
    stage.builder.optimistic(false);
    const lens = await openLens(stage);
    const dio = await lens.makeDio(stage.source);
    await dio.vista().patch("a", { price: 1 });
    await dio.flush();
    expect((await dio.vista().get("a"))?.price).toBe(300);
    await dio.refresh();
    expect((await dio.vista().get("a"))?.price).toBe(1);
  });

  test("W18 a route that writes the cache itself has the last word", async () => {
    const stage = seeded();
    stage.builder.onWrite(async (dio, op) => {
      if (op.kind === "patch")
        await dio.cache.insert(op.id, { ...tart, ...op.partial, name: "By the route" });
    });
    const lens = await openLens(stage);
    const dio = await lens.makeDio<Product>(stage.source);
    await dio.vista().patch("a", { price: 1 });
    await dio.flush();
    expect(await dio.cache.confirmed("a")).toEqual({ ...tart, price: 1, name: "By the route" });
  });

  test("W13 W31 offline nothing is sent; closing says what became of it", async () => {
    const stage = seeded();
    const activity = createActivity();
    stage.builder.activity(activity);
    const lens = await openLens(stage);
    const dio = await lens.makeDio(stage.source);
    activity.set("offline");
    await dio.vista().patch("a", { price: 1 });
    const handle = dio.submit({ kind: "delete", id: "b" });
    await settle();
    expect(stage.source.calls("patch")).toBe(0);
    activity.set("active");
    await dio.flush();
    activity.set("offline");
    const last = dio.submit({ kind: "delete", id: "c" });
    await dio.close();
    await handle.confirmed;
    await expect(last.confirmed).rejects.toMatchObject({ code: "closed" });
    expect(ids(await stage.backend.list())).toEqual(["a", "c", "d"]);
  });
});
