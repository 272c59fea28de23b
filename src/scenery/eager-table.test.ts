import { describe, expect, test } from "vitest";
import { MapHost } from "../../test/scenery/map-host.ts";
import { DioramaError } from "../base/index.ts";
import type { Row } from "../record/index.ts";
import { Sceneries } from "./sceneries.ts";
import type { TableScenery } from "./table-scenery.ts";

const row = (id: string, price: number): Row => ({ id, name: id, price });

/** A host that holds nothing yet and whose loads end when the test says so. */
class PendingHost extends MapHost {
  isComplete = false;
  readonly waiting: PromiseWithResolvers<void>[] = [];
  readonly signals: AbortSignal[] = [];

  constructor(rows: Iterable<readonly [string, Row]> = []) {
    super(rows);
    this.feeds.isPrepared = () => this.isComplete;
    this.feeds.prepare = async (_query, signal) => {
      if (this.isComplete) return undefined;
      const wait = Promise.withResolvers<void>();
      this.waiting.push(wait);
      this.signals.push(signal);
      return wait.promise;
    };
  }

  /** The last attempt brings these. */
  async bring(...rows: readonly (readonly [string, Row])[]): Promise<void> {
    await this.clock.advance(0);
    for (const [id, value] of rows) this.set(id, value);
    this.isComplete = true;
    this.publish("completeness");
    this.waiting.at(-1)?.resolve();
    await this.clock.advance(0);
  }

  async fail(error: unknown): Promise<void> {
    this.waiting.at(-1)?.reject(error);
    await this.clock.advance(0);
  }
}

const down = new DioramaError("unavailable", "it is down");

const setUp = (rows: Iterable<readonly [string, Row]> = []) => {
  const host = new PendingHost(rows);
  return { host, sceneries: new Sceneries(host) };
};

/** Opens it in the background; `table` is there once it is open. */
const openBehind = (sceneries: Sceneries) => {
  const state: { table?: TableScenery; error?: unknown } = {};
  sceneries
    .table({ orderBy: "price" })
    .open()
    .then(
      (table) => (state.table = table),
      (error: unknown) => (state.error = error),
    );
  return state;
};

const idsOf = (table: TableScenery | undefined): string | undefined =>
  table
    ?.rows(0, Infinity)
    .map((entry) => entry?.id)
    .join("");

describe("an eager table", () => {
  test("S8 opens when its rows have been prepared, complete", async () => {
    const { host, sceneries } = setUp();
    const opening = openBehind(sceneries);
    await host.clock.advance(100);
    expect(opening.table).toBe(undefined);
    await host.bring(["b", row("b", 2)], ["a", row("a", 1)]);
    expect([idsOf(opening.table), opening.table?.state, opening.table?.total]).toEqual([
      "ab",
      { kind: "complete" },
      { value: 2, kind: "stated" },
    ]);
    expect([opening.table?.hasMore, host.clock.timerCount, host.waiting.length]).toEqual([false, 0, 1]);
  });

  test("S8 is complete and empty where there are no rows", async () => {
    const { host, sceneries } = setUp();
    const opening = openBehind(sceneries);
    await host.bring();
    expect([opening.table?.rowCount, opening.table?.state.kind]).toEqual([0, "complete"]);
  });

  test("S2 S8 opens with an error where preparing fails, and shows the rows that are held", async () => {
    const { host, sceneries } = setUp([["a", row("a", 1)]]);
    const opening = openBehind(sceneries);
    await host.clock.advance(0);
    await host.fail(down);
    const { table } = opening;
    expect([idsOf(table), table?.state, table?.total.kind]).toEqual([
      "a",
      { kind: "error", error: down },
      "unknown",
    ]);
  });

  test("S8 what failed is tried again with back-off while it is shown, and told when it is another state", async () => {
    const { host, sceneries } = setUp();
    const opening = openBehind(sceneries);
    await host.clock.advance(0);
    await host.fail(down);
    const { table } = opening;
    const told: unknown[] = [];
    table?.subscribe(({ properties }) => void told.push(properties));
    for (let attempt = 2; attempt < 5; attempt++) {
      expect(host.waiting).toHaveLength(attempt - 1);
      await host.clock.advance(60_000);
      expect(host.waiting).toHaveLength(attempt);
      await host.fail(new DioramaError("unavailable", "it is down"));
    }
    expect(told).toEqual([]);
    await host.clock.advance(60_000);
    await host.bring(["a", row("a", 1)]);
    expect([idsOf(table), table?.state.kind, host.clock.timerCount]).toEqual(["a", "complete", 0]);
    expect(told).toEqual([["rowCount", "total", "state"]]);
  });

  test("S8 what would fail again is tried again when asked only: at the next open, loadMore, a refresh", async () => {
    const { host, sceneries } = setUp();
    const opening = openBehind(sceneries);
    await host.clock.advance(0);
    await host.fail(new DioramaError("rejected", "no"));
    await host.clock.advance(600_000);
    expect([host.waiting.length, host.clock.timerCount]).toEqual([1, 0]);
    const second = openBehind(sceneries);
    await host.clock.advance(0);
    await host.fail(new DioramaError("rejected", "no again"));
    expect([host.waiting.length, second.table?.state, opening.table?.state]).toMatchObject([
      2,
      { error: { message: "no again" } },
      { error: { message: "no again" } },
    ]);
    void opening.table?.loadMore();
    await host.clock.advance(0);
    expect(host.waiting).toHaveLength(3);
    await host.fail(new DioramaError("rejected", "no"));
    host.publish("refreshed");
    await host.clock.advance(0);
    expect(host.waiting).toHaveLength(4);
    await host.bring(["a", row("a", 1)]);
    expect([idsOf(opening.table), idsOf(second.table)]).toEqual(["a", "a"]);
  });

  test.each(["invalid", "closed"] as const)(
    "S2 open rejects where preparing is %s, and leaves nothing",
    async (code) => {
      const { host, sceneries } = setUp();
      const opening = openBehind(sceneries);
      await host.clock.advance(0);
      host.isClosing = code === "closed";
      await host.fail(new DioramaError(code, "no"));
      expect(opening.error).toMatchObject({ code, message: "no" });
      expect([sceneries.openCount, host.listenerCount, host.clock.timerCount]).toEqual([0, 0, 0]);
    },
  );

  test("S8 an error that is no error of ours is one that names where it happened", async () => {
    const { host, sceneries } = setUp();
    const opening = openBehind(sceneries);
    await host.clock.advance(0);
    await host.fail(new TypeError("x is undefined"));
    expect(opening.table?.state).toMatchObject({
      error: { code: "unavailable", message: "products: preparing the rows of a Scenery: x is undefined" },
    });
  });

  test("S9 where completeness is lost it shows what is left, partial, and is prepared again behind", async () => {
    const { host, sceneries } = setUp();
    const opening = openBehind(sceneries);
    await host.bring(["a", row("a", 1)], ["b", row("b", 2)]);
    const { table } = opening;
    const told: unknown[] = [];
    table?.subscribe(({ properties }) => void told.push(properties));
    host.isComplete = false;
    host.set("b", undefined);
    host.publish("completeness");
    await host.clock.advance(0);
    expect([idsOf(table), table?.state.kind, table?.total]).toEqual([
      "a",
      "partial",
      { value: undefined, kind: "unknown" },
    ]);
    expect(told).toEqual([["rowCount", "total", "state"]]);
    await host.bring(["c", row("c", 3)]);
    expect([idsOf(table), table?.state.kind, host.waiting.length]).toEqual(["ac", "complete", 2]);
    expect(told).toEqual([
      ["rowCount", "total", "state"],
      ["rowCount", "total", "state"],
    ]);
  });

  test("S9 a state that alone is different is told too", async () => {
    const { host, sceneries } = setUp([["a", row("a", 1)]]);
    host.isComplete = true;
    const table = await sceneries.table().open();
    const told: unknown[] = [];
    table.subscribe(({ properties, ranges, ids }) => void told.push({ properties, ranges, ids }));
    host.isComplete = false;
    host.publish("completeness");
    await host.clock.advance(0);
    await host.fail(down);
    expect(table.state).toEqual({ kind: "error", error: down });
    await host.clock.advance(60_000);
    await host.bring();
    expect(told).toEqual([
      { properties: ["total", "state"], ranges: [], ids: [] },
      { properties: ["state"], ranges: [], ids: [] },
      { properties: ["total", "state"], ranges: [], ids: [] },
    ]);
  });

  test("S9 rows that prepare brought and that are not kept are asked for again, with back-off", async () => {
    const { host, sceneries } = setUp();
    const opening = openBehind(sceneries);
    await host.clock.advance(0);
    host.waiting.at(-1)?.resolve();
    await host.clock.advance(0);
    expect(opening.table?.state.kind).toBe("partial");
    await host.clock.advance(60_000);
    expect(host.waiting).toHaveLength(2);
    await host.bring(["a", row("a", 1)]);
    expect([opening.table?.state.kind, idsOf(opening.table)]).toEqual(["complete", "a"]);
  });

  test("S8 rows that are there are asked for all the same when it opens, since they may be too old", async () => {
    const { host, sceneries } = setUp([["a", row("a", 1)]]);
    host.feeds.isPrepared = () => true;
    const opening = openBehind(sceneries);
    await host.clock.advance(5_000);
    expect([opening.table, host.waiting.length]).toEqual([undefined, 1]);
    await host.fail(down);
    expect([idsOf(opening.table), opening.table?.state.kind]).toEqual(["a", "complete"]);
  });

  test("S10 where that takes long, open waits no longer than for the first rows", async () => {
    const { host, sceneries } = setUp();
    const opening = openBehind(sceneries);
    await host.clock.advance(2_000);
    expect(opening.table).toBe(undefined);
    host.put("b", row("b", 2));
    await host.clock.advance(0);
    expect([idsOf(opening.table), opening.table?.state.kind]).toEqual(["b", "partial"]);
    host.put("a", row("a", 1));
    expect(idsOf(opening.table)).toBe("ab");
    await host.bring(["c", row("c", 3)]);
    expect([idsOf(opening.table), opening.table?.state.kind]).toEqual(["abc", "complete"]);
  });

  test("S10 rows that are there after half a second are shown", async () => {
    const { host, sceneries } = setUp();
    const opening = openBehind(sceneries);
    host.put("b", row("b", 2));
    await host.clock.advance(499);
    expect(opening.table).toBe(undefined);
    await host.clock.advance(1);
    expect(idsOf(opening.table)).toBe("b");
  });

  test("S8 no view is opened before its rows are in memory", async () => {
    const { host, sceneries } = setUp([["a", row("a", 1)]]);
    let canShow = false;
    host.feeds.canShow = () => canShow;
    const opening = openBehind(sceneries);
    await host.clock.advance(0);
    await host.fail(down);
    expect([opening.table?.rowCount, opening.table?.indexOf("a"), host.views.size]).toEqual([0, -1, 0]);
    expect([opening.table?.row(0), opening.table?.rows(0, 5)]).toEqual([undefined, []]);
    opening.table?.setViewport(0, 5);
    const told: unknown[] = [];
    opening.table?.subscribe(({ ids }) => void told.push(ids));
    canShow = true;
    await host.clock.advance(60_000);
    await host.bring();
    expect([idsOf(opening.table), told]).toEqual(["a", [["a"]]]);
  });

  test("S8 rows that somebody else brought meanwhile are enough", async () => {
    const { host, sceneries } = setUp();
    const opening = openBehind(sceneries);
    await host.clock.advance(0);
    host.set("a", row("a", 1));
    host.isComplete = true;
    host.publish("completeness");
    await host.clock.advance(0);
    expect([idsOf(opening.table), opening.table?.state.kind]).toEqual(["a", "complete"]);
    await host.fail(down);
    expect(opening.table?.state.kind).toBe("complete");
  });

  test("S19 what nobody waits for any more is given up", async () => {
    const { host, sceneries } = setUp();
    const opening = openBehind(sceneries);
    await host.clock.advance(0);
    sceneries.close();
    await host.clock.advance(0);
    expect(opening.error).toMatchObject({ code: "closed" });
    expect([host.signals[0]?.aborted, host.listenerCount, host.clock.timerCount]).toEqual([true, 0, 0]);
  });
});
