import { describe, expect, test } from "vitest";
import { MapHost } from "../../test/scenery/map-host.ts";
import { DioramaError } from "../base/index.ts";
import type { Row } from "../record/index.ts";
import { Sceneries } from "./sceneries.ts";

const row = (id: string, price: number): Row => ({ id, price });

const setUp = (rows: Iterable<readonly [string, Row]> = [["a", row("a", 1)]]) => {
  const host = new MapHost(rows);
  return { host, sceneries: new Sceneries(host) };
};

describe("a record", () => {
  test("S12 is there at once, and follows its changes, its removal and its return", () => {
    const { host, sceneries } = setUp();
    const record = sceneries.record<{ price: number }>("a");
    expect([record.row?.price, record.status, record.exists, record.state.kind]).toEqual([
      1,
      "fresh",
      true,
      "complete",
    ]);
    const told: unknown[] = [];
    record.subscribe(() => void told.push([record.row?.price, record.exists, record.status]));
    host.set("a", row("a", 2));
    expect([record.row?.price, told, record.generation]).toEqual([2, [], 0]);
    host.publish();
    host.put("b", row("b", 3));
    host.put("a", undefined);
    host.put("a", row("a", 4));
    expect(told).toEqual([
      [2, true, "fresh"],
      [undefined, false, undefined],
      [4, true, "fresh"],
    ]);
    expect(record.generation).toBe(3);
  });

  test("S11 S12 tells of its status, and why a write failed", () => {
    const { host, sceneries } = setUp();
    const record = sceneries.record("a");
    const error = new DioramaError("rejected", "no");
    const told: unknown[] = [];
    record.subscribe(() => void told.push([record.status, record.error]));
    for (const status of ["pending", "failed", "failed", "stale", "fresh"] as const) {
      host.setStatus("a", status, status === "failed" ? error : undefined);
      host.publish();
    }
    expect(told).toEqual([
      ["pending", undefined],
      ["failed", error],
      ["stale", undefined],
      ["fresh", undefined],
    ]);
  });

  test("S12 the row is watched while a record shows it", () => {
    const { host, sceneries } = setUp();
    const [one, two] = [sceneries.record("a"), sceneries.record("a")];
    expect(host.watchersOf("a")).toBe(2);
    one.close();
    one.close();
    expect(host.watchersOf("a")).toBe(1);
    two.close();
    expect(host.watchersOf("a")).toBe(0);
  });

  test("S13 a row that is not held is read: loading until it is known", async () => {
    const { host, sceneries } = setUp();
    const loads: string[] = [];
    host.feeds.loadRow = async (id) => {
      loads.push(id);
      host.put(id, row(id, 7));
    };
    const record = sceneries.record("x");
    expect([record.row, record.status, record.exists, record.state.kind]).toEqual([
      undefined,
      "loading",
      undefined,
      "loading",
    ]);
    const told: unknown[] = [];
    record.subscribe(() => void told.push([record.row?.["price"], record.status, record.state.kind]));
    expect(await record.open()).toBe(record);
    expect([told, loads]).toEqual([[[7, "fresh", "complete"]], ["x"]]);
    expect([record.row, host.listenerCount]).toEqual([row("x", 7), 4]);
  });

  test("S13 one that is not there is known not to be, until it comes", async () => {
    const { host, sceneries } = setUp();
    const record = await sceneries.record("x").open();
    expect([record.row, record.status, record.exists, record.state.kind, record.error]).toEqual([
      undefined,
      undefined,
      false,
      "complete",
      undefined,
    ]);
    expect(record.generation).toBe(1);
    host.put("x", row("x", 1));
    expect([record.exists, record.generation]).toEqual([true, 2]);
  });

  test("S13 one that is held is asked for all the same, since it may be too old", async () => {
    const { host, sceneries } = setUp();
    let attempts = 0;
    host.feeds.loadRow = async () => {
      attempts += 1;
      throw new DioramaError("unavailable", "down");
    };
    const record = await sceneries.record("a").open();
    await host.clock.advance(100_000);
    expect([record.state.kind, record.error, record.generation, attempts]).toEqual([
      "complete",
      undefined,
      0,
      1,
    ]);
  });

  test("S13 where reading fails it is an error, tried again with back-off", async () => {
    const { host, sceneries } = setUp();
    let attempts = 0;
    host.feeds.loadRow = async () => {
      attempts += 1;
      if (attempts < 4) throw new DioramaError("unavailable", "down");
      host.put("x", row("x", 1));
    };
    const record = await sceneries.record("x").open();
    expect([record.state.kind, record.error?.message, record.exists, record.status]).toEqual([
      "error",
      "down",
      undefined,
      undefined,
    ]);
    expect(await record.open()).toBe(record);
    const told: unknown[] = [];
    record.subscribe(() => void told.push(record.state.kind));
    await host.clock.advance(200_000);
    expect([attempts, told, record.error, host.clock.timerCount]).toEqual([4, ["complete"], undefined, 0]);
  });

  test("S13 one that came some other way ends the attempts", async () => {
    const { host, sceneries } = setUp();
    host.feeds.loadRow = async () => {
      throw new DioramaError("unavailable", "down");
    };
    const record = await sceneries.record("x").open();
    expect(host.clock.timerCount).toBe(1);
    host.put("x", row("x", 1));
    expect([record.state.kind, record.error, host.clock.timerCount]).toEqual(["complete", undefined, 0]);
  });

  test("S13 a row that was not there is looked for again when it may be known elsewhere", async () => {
    const { host, sceneries } = setUp();
    let attempts = 0;
    host.feeds.loadRow = async () => {
      attempts += 1;
      if (attempts === 2) throw new DioramaError("rejected", "no");
    };
    const record = await sceneries.record("x").open();
    host.publish("upstream");
    host.publish("completeness");
    await host.clock.advance(0);
    expect([attempts, record.state.kind]).toEqual([2, "error"]);
    host.publish("refreshed");
    await host.clock.advance(0);
    expect([attempts, record.state.kind, record.exists]).toEqual([3, "complete", false]);
  });

  test.each(["", "\ud800", 7 as unknown as string])("S13 %o is no id", (id) => {
    const { host, sceneries } = setUp();
    expect(() => sceneries.record(id)).toThrow("products: ");
    expect([sceneries.openCount, host.listenerCount]).toEqual([0, 0]);
  });

  test("S14 a change calls the listeners of its own record only", () => {
    const { host, sceneries } = setUp(
      Array.from({ length: 1_000 }, (_, at) => [`r${at}`, row(`r${at}`, at)]),
    );
    const told: string[] = [];
    for (const id of host.rows().keys()) sceneries.record(id).subscribe(() => void told.push(id));
    host.put("r500", row("r500", -1));
    host.put("elsewhere", row("elsewhere", 1));
    expect(told).toEqual(["r500"]);
  });

  test("S17 a closed record has no row and tells nobody", async () => {
    const { host, sceneries } = setUp();
    const record = sceneries.record("a");
    const told: unknown[] = [];
    record.subscribe(() => void told.push(1));
    record[Symbol.dispose]();
    host.put("a", row("a", 2));
    record.subscribe(() => void told.push(2));
    expect([record.row, record.exists, record.status, told, record.generation]).toEqual([
      undefined,
      undefined,
      undefined,
      [],
      0,
    ]);
    expect([record.state, record.error]).toMatchObject([{ kind: "error" }, { code: "closed" }]);
    await expect(record.open()).rejects.toMatchObject({ code: "closed" });
  });

  test("S17 where the host closes, records hear it once, and waiting ends", async () => {
    const { host, sceneries } = setUp();
    host.feeds.loadRow = () => new Promise(() => undefined);
    const [there, absent] = [sceneries.record("a"), sceneries.record("x")];
    const told: unknown[] = [];
    there.subscribe(() => void told.push(there.error?.code));
    absent.subscribe(() => void told.push(absent.error?.code));
    const opening = expect(absent.open()).rejects.toMatchObject({ code: "closed" });
    await host.clock.advance(0);
    host.close();
    await opening;
    expect([told, host.listenerCount, host.clock.timerCount]).toEqual([["closed", "closed"], 0, 0]);
  });

  test("S18 a listener that throws disturbs nobody", () => {
    const { host, sceneries } = setUp();
    const record = sceneries.record("a");
    let told = 0;
    record.subscribe(() => {
      throw new Error("bad");
    });
    record.subscribe(() => {
      told += 1;
      record.close();
    });
    host.put("a", row("a", 2));
    expect([told, host.logged.length]).toEqual([1, 1]);
  });
});
