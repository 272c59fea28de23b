import { describe, expect, test } from "vitest";
import { MapHost } from "../../test/scenery/map-host.ts";
import { DioramaError } from "../base/index.ts";
import type { Row, Value } from "../record/index.ts";
import { Sceneries } from "./sceneries.ts";

const row = (id: string, price: Value, category: Value = "tarts"): Row => ({
  id,
  name: `n${id}`,
  price,
  category,
});

const setUp = (...rows: readonly (readonly [Value, Value])[]) => {
  const host = new MapHost(rows.map(([price, category], at) => [`r${at}`, row(`r${at}`, price, category)]));
  return { host, sceneries: new Sceneries(host) };
};

const tarts = { where: [["category", "=", "tarts"]] } as const;

describe("a value", () => {
  test("S15 is there at once over rows that are", () => {
    const { sceneries } = setUp([1, "tarts"], [0.1, "pies"], [0.2, "pies"], [null, "pies"]);
    const all = sceneries.value();
    expect([all.count().value, all.sum("price").value, all.distinct("category").value]).toEqual([4, 1.3, 2]);
    expect([all.min("price").value, all.max("price").value, all.avg("price").value]).toEqual([
      0.1,
      1,
      1.3 / 3,
    ]);
    const some = sceneries.value({ where: ["category", "=", "cakes"] });
    expect([some.count().value, some.sum("price").value, some.max("price").value]).toEqual([0, 0, undefined]);
    expect(sceneries.value({ search: "NR1" }).sum("price").value).toBe(0.1);
    expect(some.avg("price").state).toEqual({ kind: "complete" });
  });

  test("S15 follows the rows, and tells when it is another one", () => {
    const { host, sceneries } = setUp([1, "tarts"], [2, "tarts"], [5, "pies"]);
    const total = sceneries.value(tarts).sum("price");
    const told: unknown[] = [];
    total.subscribe(() => void told.push(total.value));
    host.set("x", row("x", 10));
    expect([total.value, told]).toEqual([13, []]);
    host.publish();
    host.put("x", { ...row("x", 10), name: "other" });
    host.put("r2", row("r2", 6, "pies"));
    host.set("r0", row("r0", 2));
    host.set("r1", row("r1", 1));
    host.publish();
    host.put("r0", undefined);
    expect([told, total.generation]).toEqual([[13, 11], 2]);
  });

  test("S15 by group, without the empty ones", () => {
    const { host, sceneries } = setUp([1, "tarts"], [2, "tarts"], [5, "pies"], [7, null]);
    const totals = sceneries.value({ groupBy: "category" }).sum("price");
    const counts = sceneries.value({ ...tarts, groupBy: "category" }).count();
    const told: unknown[] = [];
    totals.subscribe(() => void told.push(new Map(totals.value)));
    expect(new Map(totals.value)).toEqual(
      new Map<Value, number>([
        ["tarts", 3],
        ["pies", 5],
        [null, 7],
      ]),
    );
    expect(new Map(counts.value)).toEqual(new Map([["tarts", 2]]));
    host.put("r2", { ...row("r2", 5, "pies"), name: "other" });
    host.put("r2", undefined);
    host.put("r3", row("r3", 7, "cakes"));
    expect(told).toEqual([
      new Map<Value, number>([
        ["tarts", 3],
        [null, 7],
      ]),
      new Map<Value, number>([
        ["tarts", 3],
        ["cakes", 7],
      ]),
    ]);
    expect([totals.generation, counts.generation]).toEqual([2, 0]);
    host.set("r0", undefined);
    host.set("r1", undefined);
    host.publish();
    host.put("r0", row("r0", 1));
    host.put("r1", row("r1", 2));
    const generation = totals.generation;
    host.set("r3", undefined);
    host.settle();
    host.set("r4", row("r4", 7, "cakes"));
    host.publish();
    expect(totals.generation).toBe(generation);
    const { value } = sceneries.value({ groupBy: "category" }).max("price");
    expect(value?.get("tarts")).toBe(2);
  });

  test("S15 without listeners it is looked at when somebody asks", () => {
    const { host, sceneries } = setUp([1, "tarts"]);
    const total = sceneries.value(tarts).sum("price");
    host.put("x", row("x", 10));
    host.put("x", row("x", 20));
    expect([total.value, total.generation, total.generation]).toEqual([21, 1, 1]);
    host.put("x", row("x", 30));
    let told = 0;
    total.subscribe(() => void (told += 1));
    host.put("x", { ...row("x", 30), name: "other" });
    expect([told, total.generation]).toEqual([0, 2]);
  });

  test("S15 of one's own", () => {
    const { host, sceneries } = setUp([1, "tarts"], [2, "tarts"], [5, "pies"]);
    let calls = 0;
    const longest = sceneries.value<{ name: string }>().reduce((best, { name }) => {
      calls += 1;
      return name.length > best.length ? name : best;
    }, "");
    const sum = sceneries.value<{ price: number }>(tarts).reduce(
      (total, { price }) => total + price,
      0,
      (total, { price }) => total - price,
    );
    let told = 0;
    sum.subscribe(() => void (told += 1));
    expect([longest.value, longest.value, sum.value]).toEqual(["nr0", "nr0", 3]);
    const before = calls;
    expect(before).toBeLessThanOrEqual(6);
    host.put("r0", row("r0", 10));
    host.put("r2", row("r2", 10, "cakes"));
    expect([sum.value, told, longest.value]).toEqual([12, 1, "nr0"]);
    host.put("rr11", { ...row("rr11", 1), name: "the longest name" });
    expect([sum.value, longest.value]).toEqual([13, "the longest name"]);
  });

  test("S15 a reduction that throws is the state's error, until it doesn't", () => {
    const { host, sceneries } = setUp([1, "tarts"]);
    const names = sceneries.value<{ name: string }>().reduce((all, { name }) => `${all}${name.trim()}`, "");
    expect(names.value).toBe("nr0");
    host.put("x", { id: "x" });
    expect([names.value, names.state]).toMatchObject([undefined, { error: { code: "rejected" } }]);
    host.put("x", undefined);
    expect([names.value, names.state.kind]).toEqual(["nr0", "complete"]);
  });

  test("S15 there is none before the rows have been prepared", async () => {
    const { host, sceneries } = setUp([1, "tarts"]);
    let isPrepared = false;
    const wait = Promise.withResolvers<void>();
    host.feeds.isPrepared = () => isPrepared;
    host.feeds.prepare = () => wait.promise;
    const total = sceneries.value(tarts).sum("price");
    const told: unknown[] = [];
    total.subscribe(() => void told.push([total.value, total.state.kind]));
    host.put("x", row("x", 10));
    expect([total.value, total.state, told]).toEqual([undefined, { kind: "loading" }, []]);
    isPrepared = true;
    wait.resolve();
    expect(await total.open()).toBe(total);
    expect([total.value, told]).toEqual([11, [[11, "complete"]]]);
  });

  test("S15 where preparing fails there is none, and it is tried again; one that was there stays", async () => {
    const { host, sceneries } = setUp([1, "tarts"]);
    let isPrepared = false;
    let isDown = true;
    host.feeds.isPrepared = () => isPrepared;
    host.feeds.prepare = async () => {
      if (isDown) throw new DioramaError("unavailable", "down");
      isPrepared = true;
    };
    const total = await sceneries.value(tarts).sum("price").open();
    expect([total.value, total.state.kind]).toEqual([undefined, "error"]);
    isDown = false;
    await host.clock.advance(60_000);
    expect([total.value, total.state.kind]).toEqual([1, "complete"]);
    [isDown, isPrepared] = [true, false];
    const told: unknown[] = [];
    total.subscribe(() => void told.push([total.value, total.state.kind]));
    host.set("x", row("x", 10));
    host.publish("completeness");
    await host.clock.advance(0);
    expect(told).toEqual([
      [11, "partial"],
      [11, "error"],
    ]);
    total.close();
    expect(host.clock.timerCount).toBe(0);
  });

  test("S15 open rejects invalid", async () => {
    const { host, sceneries } = setUp();
    host.feeds.isPrepared = () => false;
    host.feeds.prepare = async () => {
      throw new DioramaError("invalid", "no");
    };
    const total = sceneries.value().count();
    await expect(total.open()).rejects.toMatchObject({ code: "invalid" });
    expect(total.state.kind).toBe("error");
  });

  test.each<[string, (sceneries: Sceneries) => unknown, string]>([
    ["conditions", (s) => s.value({ where: ["prize", "=", 1] }), 'products, column "prize"'],
    ["a sum", (s) => s.value().sum("prize"), 'did you mean "price"?'],
    ["a sum of text", (s) => s.value().sum("name"), 'products, column "name"'],
    [
      "an average of text",
      (s) => s.value({ groupBy: "category" }).avg("category"),
      'products, column "category"',
    ],
    ["groups", (s) => s.value({ groupBy: "categry" }).count(), 'did you mean "category"?'],
    ["a minimum", (s) => s.value().min("nothing"), "there is no such column"],
  ])("S16 %s of a column that is wrong is invalid at once", (_what, open, message) => {
    const { host, sceneries } = setUp([1, "tarts"]);
    expect(() => open(sceneries)).toThrow(message);
    expect(() => open(sceneries)).toThrow(expect.objectContaining({ code: "invalid" }));
    expect([sceneries.openCount, host.listenerCount]).toEqual([0, 0]);
  });

  test("S16 a cell of another type is an error that names its row, as long as it is there", () => {
    const { host, sceneries } = setUp([1, "tarts"]);
    const total = sceneries.value(tarts).sum("price");
    const told: unknown[] = [];
    total.subscribe(() => void told.push([total.value, total.state.kind]));
    host.put("bad", row("bad", "12"));
    expect(total.state).toMatchObject({
      kind: "error",
      error: { code: "invalid", place: { vista: "products", id: "bad", column: "price" } },
    });
    expect(total.state.kind === "error" && total.state.error.message).toMatch(/^products.*row "bad"/);
    host.put("x", row("x", 2));
    host.put("bad", undefined);
    expect(told).toEqual([
      [undefined, "error"],
      [3, "complete"],
    ]);
  });

  test("S17 a closed one has no value, is closed and tells nobody", async () => {
    const { host, sceneries } = setUp([1, "tarts"]);
    const total = sceneries.value().sum("price");
    const told: unknown[] = [];
    total.subscribe(() => void told.push(1));
    total.close();
    total[Symbol.dispose]();
    host.put("x", row("x", 2));
    total.subscribe(() => void told.push(1));
    expect([total.value, told, sceneries.openCount, host.listenerCount]).toEqual([undefined, [], 0, 0]);
    expect(total.state).toMatchObject({ kind: "error", error: { code: "closed" } });
    await expect(total.open()).rejects.toMatchObject({ code: "closed" });
  });

  test("S17 where the host closes it is told once", () => {
    const { host, sceneries } = setUp([1, "tarts"]);
    const total = sceneries.value().sum("price");
    const told: unknown[] = [];
    total.subscribe(() => void told.push([total.value, total.state.kind]));
    host.close();
    sceneries.close();
    expect([told, host.listenerCount]).toEqual([[[undefined, "error"]], 0]);
  });

  test("S18 a listener that throws disturbs nobody", () => {
    const { host, sceneries } = setUp([1, "tarts"]);
    const total = sceneries.value().sum("price");
    let told = 0;
    total.subscribe(() => {
      throw new Error("bad");
    });
    total.subscribe(() => void (told += 1));
    host.put("x", row("x", 2));
    expect([told, host.logged.length]).toEqual([1, 1]);
  });
});
