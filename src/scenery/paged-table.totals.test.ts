import { describe, expect, test } from "vitest";
import { type HeldLoad, PagedRig, settle, shown } from "../../test/scenery/paged-rig.ts";
import { must } from "../base/index.ts";

const first = (rig: PagedRig): HeldLoad => must(rig.held.shift(), "a load is held");

describe("how many rows there are", () => {
  test("S22 it is asked once per open, before the first load", async () => {
    const rig = new PagedRig(1_000);
    const answer = Promise.withResolvers<number>();
    const { total } = rig.host.feeds;
    rig.host.feeds.total = async (...asked) => {
      await total(...asked);
      return answer.promise;
    };
    const { table, use } = await rig.open();
    expect([rig.takeLoads(), table.rowCount, table.total.kind]).toEqual([[], 0, "unknown"]);
    answer.resolve(1_000);
    await settle();
    expect([rig.takeLoads(), table.rowCount, table.total]).toEqual([
      ["0..100"],
      1_000,
      { value: 1_000, kind: "stated" },
    ]);
    await rig.look(use, 500, 520);
    rig.host.notify("refreshed");
    await settle();
    expect(rig.totalCalls).toBe(1);
  });

  test("S22 S35 the positions that it brings are told", async () => {
    const rig = new PagedRig(1_000);
    rig.isHolding = true;
    await rig.open();
    expect(rig.takeEffects()).toEqual([{ reset: false, ranges: [{ start: 0, end: Infinity }], ids: [] }]);
  });

  test("S22 a viewport that is set before there is an answer is what is loaded", async () => {
    const rig = new PagedRig(1_000);
    const answer = Promise.withResolvers<number>();
    rig.host.feeds.total = () => answer.promise;
    const { use } = await rig.open();
    await rig.look(use, 547, 567);
    answer.resolve(1_000);
    await settle();
    expect(rig.takeLoads()).toEqual(["547..647"]);
  });

  test("S22 nobody can say: it is unknown until the end is seen", async () => {
    const rig = new PagedRig(150, "unknown");
    const { table, use } = await rig.open();
    expect([table.rowCount, table.total.kind, table.hasMore]).toEqual([100, "unknown", true]);
    await rig.look(use, 90, 110);
    expect([rig.takeLoads(), table.total, table.state.kind]).toEqual([
      ["0..100", "100..200"],
      { value: 150, kind: "stated" },
      "complete",
    ]);
  });

  test("S22 where asking fails, rows come all the same, and it is asked again beside the next loads", async () => {
    const rig = new PagedRig(1_000);
    rig.total = new Error("down");
    const { table, use } = await rig.open();
    expect([table.state.kind, table.total.kind, table.idAt(0)]).toEqual(["partial", "unknown", "r0"]);
    rig.total = 1_000;
    await rig.look(use, 100, 120);
    expect([rig.totalCalls, table.total]).toEqual([3, { value: 1_000, kind: "stated" }]);
  });

  test("S22 four times at most", async () => {
    const rig = new PagedRig(1_000);
    rig.total = new Error("down");
    const { use } = await rig.open();
    for (let page = 1; page < 9; page++) await rig.look(use, page * 100, page * 100 + 20);
    expect(rig.totalCalls).toBe(4);
  });

  test.each([Number.NaN, -1, 2.5, Infinity])("S22 %s is no number of rows", async (total) => {
    const rig = new PagedRig(30);
    rig.total = total;
    const { table } = await rig.open();
    expect([table.rowCount, table.total.kind, rig.host.logged]).toEqual([
      30,
      "stated",
      ["a number of rows is not a whole number from 0"],
    ]);
  });
});

describe("totals that lie", () => {
  test("S23 too large: capped where rows stop coming", async () => {
    const rig = new PagedRig(985, 1_000);
    const { table, use } = await rig.open();
    rig.takeLoads();
    await rig.look(use, 970, 990);
    expect(rig.takeLoads()).toEqual(["970..1000", "985..1000"]);
    expect([table.rowCount, table.total]).toEqual([985, { value: 985, kind: "stated" }]);
    expect(shown(table, 983, 990)).toBe("r983 r984");
  });

  test("S23 S35 too large by far: the end is found, and told", async () => {
    const rig = new PagedRig(1_234, 1_000_000);
    const { table, use } = await rig.open();
    rig.takeLoads();
    await rig.look(use, 500_000, 500_020);
    expect(rig.takeLoads().length).toBeLessThanOrEqual(18);
    expect([table.rowCount, table.total]).toEqual([1_234, { value: 1_234, kind: "stated" }]);
    expect(rig.takeEffects().at(-1)?.ranges.at(-1)?.end).toBe(Infinity);
  });

  test("S23 too large, and the first page is all there is", async () => {
    const rig = new PagedRig(30, 1_000);
    const { table } = await rig.open();
    expect([rig.takeLoads(), table.rowCount, table.state.kind]).toEqual([
      ["0..100", "30..130"],
      30,
      "complete",
    ]);
  });

  test("S23 a short answer that was a mistake is made good", async () => {
    const rig = new PagedRig(1_000);
    rig.isHolding = true;
    const { table } = await rig.open();
    await first(rig).answer(rig.source.slice(0, 10));
    expect([table.state.kind, table.rowCount]).toEqual(["loading", 1_000]);
    await first(rig).answer();
    expect([table.state.kind, table.total, table.idAt(109)]).toEqual([
      "partial",
      { value: 1_000, kind: "stated" },
      "r109",
    ]);
  });

  test("S23 too small: rows that a loader pushes beyond make it grow", async () => {
    const rig = new PagedRig(150, 130);
    rig.host.feeds.loadChunk = async ({ start }, sink) => rig.push({ start, end: start + 100 }, sink);
    const { table, use } = await rig.open();
    expect(table.rowCount).toBe(130);
    await rig.look(use, 100, 130);
    expect([table.rowCount, table.total.kind, table.hasMore]).toEqual([150, "estimated", true]);
    await rig.look(use, 140, 160);
    await table.loadMore();
    expect([table.total, table.state.kind]).toEqual([{ value: 150, kind: "stated" }, "complete"]);
  });

  test("S23 too small: loadMore finds what is behind it", async () => {
    const rig = new PagedRig(350, 100);
    const { table } = await rig.open();
    expect([table.rowCount, table.hasMore]).toEqual([100, false]);
    await table.loadMore();
    expect([table.rowCount, table.total.kind, table.hasMore]).toEqual([200, "estimated", true]);
    await table.loadMore();
    await table.loadMore();
    expect([table.rowCount, table.total.kind, table.state.kind]).toEqual([350, "stated", "complete"]);
  });

  test("S23 rows that were seen are not given up for one empty answer", async () => {
    const rig = new PagedRig(1_000);
    const { table, use } = await rig.open();
    await rig.look(use, 200, 220);
    rig.isHolding = true;
    await rig.look(use, 190, 210);
    await first(rig).answer([]);
    expect([shown(table, 199, 202), table.rowCount]).toEqual(["- r200 r201", 1_000]);
    await first(rig).answer();
    expect(shown(table, 199, 202)).toBe("r199 r200 r201");
  });
});
