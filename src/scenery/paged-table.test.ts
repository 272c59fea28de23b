import { beforeEach, describe, expect, test, vi } from "vitest";
import { type HeldLoad, PagedRig, settle, shown } from "../../test/scenery/paged-rig.ts";
import { must } from "../base/index.ts";

/** Waits between attempts are almost as long as they may be. */
beforeEach(() => void vi.spyOn(Math, "random").mockReturnValue(0.99));

const first = (rig: PagedRig): HeldLoad => must(rig.held.shift(), "a load is held");

describe("what a viewport loads", () => {
  test("S20 S25 the examples of the paging rules, with pages of 100 and 1,000 rows", async () => {
    const rig = new PagedRig(1_000);
    const { table, use } = await rig.open();
    expect(rig.takeLoads()).toEqual(["0..100"]);
    await rig.look(use, 547, 567);
    expect(rig.takeLoads()).toEqual(["547..647"]);
    expect(shown(table, 546, 549)).toBe("- r547 r548");
    await rig.look(use, 600, 620);
    await rig.look(use, 1_900, 2_000);
    expect(rig.takeLoads()).toEqual([]);
    await rig.look(use, 800, 820);
    await rig.look(use, 750, 770);
    await rig.look(use, 980, 1_000);
    expect(rig.takeLoads()).toEqual(["800..900", "750..850", "980..1000"]);
    await rig.look(use, 740, 760);
    await rig.look(use, 690, 745);
    await rig.look(use, 640, 660);
    expect(rig.takeLoads()).toEqual(["650..750", "647..747"]);
    expect(shown(table, 645, 652)).toBe("r645 r646 r647 r648 r649 r650 r651");
  });

  test("S20 a viewport of several pages is loaded page after page", async () => {
    const rig = new PagedRig(1_000);
    const { table, use } = await rig.open();
    await rig.look(use, 80, 330);
    expect(rig.takeLoads()).toEqual(["0..100", "100..200", "200..300", "300..400"]);
    expect(table.idsBetween(80, 330)).toEqual(rig.source.slice(80, 330));
  });

  test("S25 a burst loads and announces the last viewport only, and what rests where it is announces nothing", async () => {
    const rig = new PagedRig(1_000);
    const { use } = await rig.open();
    rig.takeLoads();
    rig.takeAnnounced();
    for (const start of [300, 400, 500, 547]) {
      use.setViewport({ start, end: start + 20 });
      await rig.host.clock.advance(49);
    }
    expect(rig.takeLoads()).toEqual([]);
    await rig.look(use, 547, 567);
    expect(rig.takeLoads()).toEqual(["547..647"]);
    expect(rig.takeAnnounced()).toEqual(["viewportChanged 547..567", "rangeLoaded 547..647"]);
    await rig.look(use, 547, 567);
    expect([rig.takeAnnounced(), rig.host.clock.timerCount]).toEqual([[], 0]);
  });

  test("S26 a newer viewport aborts a load that nobody wants; what it brings never lands", async () => {
    const rig = new PagedRig(1_000);
    const { table, use } = await rig.open();
    rig.isHolding = true;
    await rig.look(use, 200, 220);
    const stale = first(rig);
    expect([table.isLoading(299), table.isLoading(300), stale.signal.aborted]).toEqual([true, false, false]);
    await rig.look(use, 600, 620);
    expect([stale.signal.aborted, table.isLoading(299)]).toEqual([true, false]);
    rig.takeEffects();
    await stale.answer();
    expect([shown(table, 200, 202), rig.takeEffects()]).toEqual(["- -", []]);
    await first(rig).answer();
    expect(shown(table, 600, 602)).toBe("r600 r601");
  });

  test("S26 a load that is still wanted in part goes on", async () => {
    const rig = new PagedRig(1_000);
    const { table, use } = await rig.open();
    rig.isHolding = true;
    await rig.look(use, 200, 220);
    const load = first(rig);
    await rig.look(use, 290, 310);
    expect([load.signal.aborted, rig.held.length]).toEqual([false, 0]);
    await load.answer();
    expect([load.range, first(rig).range]).toEqual([
      { start: 200, end: 300 },
      { start: 300, end: 400 },
    ]);
    expect(table.idAt(299)).toBe("r299");
  });

  test("S26 a load that two uses want is one, and lives as long as one of them wants it", async () => {
    const rig = new PagedRig(1_000);
    const { table, use } = await rig.open();
    const other = table.use(() => undefined);
    rig.isHolding = true;
    use.setViewport({ start: 200, end: 220 });
    await rig.look(other, 240, 260);
    expect(rig.takeLoads().slice(1)).toEqual(["200..300"]);
    const shared = first(rig);
    await rig.look(use, 0, 20);
    expect(shared.signal.aborted).toBe(false);
    other.release();
    expect(shared.signal.aborted).toBe(true);
    await shared.answer();
    expect(table.idAt(240)).toBeUndefined();
  });

  test("S25 two uses that look elsewhere load beside each other", async () => {
    const rig = new PagedRig(1_000);
    const { table, use } = await rig.open();
    const other = table.use(() => undefined);
    rig.isHolding = true;
    use.setViewport({ start: 200, end: 220 });
    await rig.look(other, 700, 720);
    expect(rig.takeLoads().slice(1)).toEqual(["200..300", "700..800"]);
    const [a, b] = [first(rig), first(rig)];
    await b.answer();
    await a.answer();
    expect([table.idAt(200), table.idAt(700)]).toEqual(["r200", "r700"]);
  });
});

describe("how a load lands", () => {
  test("S27 S35 in one step, with exact positions and ids", async () => {
    const rig = new PagedRig(1_000);
    const { table, use } = await rig.open();
    rig.isHolding = true;
    await rig.look(use, 547, 567);
    rig.takeEffects();
    const load = first(rig);
    load.sink.push(547, "r547", { id: "r547" });
    await settle();
    expect([table.idAt(547), rig.takeEffects()]).toEqual([undefined, []]);
    load.sink.push(548, "r548", { id: "r548" });
    await load.answer([]);
    const [effect, ...others] = rig.takeEffects();
    expect(others).toEqual([]);
    expect(effect).toEqual({ reset: false, ranges: [{ start: 547, end: 549 }], ids: ["r547", "r548"] });
    expect(rig.takeAnnounced().at(-1)).toBe("rangeLoaded 547..647");
  });

  test("S27 what stood there already is no change", async () => {
    const rig = new PagedRig(1_000);
    const { use } = await rig.open();
    await rig.look(use, 800, 820);
    rig.takeEffects();
    await rig.look(use, 750, 770);
    const [effect] = rig.takeEffects();
    expect(effect?.ranges).toEqual([{ start: 750, end: 800 }]);
    expect(effect?.ids).toEqual(rig.source.slice(750, 800));
  });

  test("S27 of loads that overlap, the one that began earlier does not bring older rows back", async () => {
    const rig = new PagedRig(1_000);
    const { table, use } = await rig.open();
    const other = table.use(() => undefined);
    rig.isHolding = true;
    await rig.look(use, 180, 270);
    const earlier = first(rig);
    await rig.look(other, 150, 170);
    const later = first(rig);
    expect([earlier.range.start, later.range.start]).toEqual([180, 150]);
    await later.answer(rig.source.slice(150, 250).map((id) => `${id}b`));
    expect(earlier.signal.aborted).toBe(true);
    await earlier.answer();
    expect(shown(table, 180, 182)).toBe("r180b r181b");
    expect(rig.held.map(({ range }) => range)).toEqual([{ start: 250, end: 350 }]);
  });

  test("S24 a push that is invalid fails the load, even where the loader goes on", async () => {
    const rig = new PagedRig(1_000);
    const { table, use } = await rig.open();
    rig.isHolding = true;
    await rig.look(use, 547, 567);
    const { sink, answer } = first(rig);
    expect(() => sink.push(646.5, "x", {})).toThrow("no whole number");
    await answer();
    expect(table.state).toMatchObject({ kind: "error", error: { code: "invalid" } });
    expect([shown(table, 547, 549), rig.takeAnnounced().at(-1)]).toEqual(["- -", "loadFailed 547..647"]);
  });

  test("S24 pushes after the signal or the end are ignored", async () => {
    const rig = new PagedRig(1_000);
    const { table, use } = await rig.open();
    rig.isHolding = true;
    await rig.look(use, 200, 220);
    const aborted = first(rig);
    await rig.look(use, 600, 620);
    const ended = first(rig);
    await ended.answer();
    rig.takeEffects();
    aborted.sink.push(200, "late", {});
    ended.sink.push(650, "late", {});
    ended.sink.push(-1, "late and wrong", {});
    await settle();
    expect([table.indexOf("late"), table.idAt(650), rig.takeEffects()]).toEqual([-1, "r650", []]);
  });

  test("S21 rows that a loader leaves out are known to be missing, and not asked for again", async () => {
    const rig = new PagedRig(1_000);
    const { table, use } = await rig.open();
    rig.isHolding = true;
    await rig.look(use, 200, 220);
    const load = first(rig);
    load.sink.push(299, "r299", {});
    load.sink.push(205, "r205", {});
    await load.answer([]);
    expect(shown(table, 203, 207)).toBe("- - r205 -");
    expect([rig.held.length, table.isLoading(204)]).toEqual([0, false]);
  });
});

describe("when a load fails", () => {
  test("S28 nothing on screen changes, it is told, and tried again with back-off until it works", async () => {
    const rig = new PagedRig(1_000);
    const { table, use } = await rig.open();
    await rig.look(use, 95, 115);
    rig.takeAnnounced();
    rig.takeEffects();
    rig.takeLoads();
    rig.failure = new Error("down");
    await rig.look(use, 190, 210);
    expect(rig.takeLoads()).toEqual(["200..300"]);
    expect(rig.takeAnnounced()).toEqual(["viewportChanged 190..210", "loadFailed 200..300"]);
    expect(rig.takeEffects()).toEqual([{ reset: false, ranges: [], ids: [] }]);
    expect(table.state).toMatchObject({ kind: "error", error: { code: "unavailable", message: /down/ } });
    expect(shown(table, 198, 202)).toBe("r198 r199 - -");
    for (const withinMs of [250, 500, 1_000, 2_000]) {
      await rig.host.clock.advance(withinMs);
      await settle();
      expect(rig.loads.length).toBeGreaterThan(0);
    }
    // It said the same each time.
    expect(rig.takeEffects()).toEqual([]);
    rig.failure = undefined;
    rig.takeLoads();
    await rig.host.clock.advance(60_000);
    await settle();
    expect([rig.takeLoads(), table.state.kind, shown(table, 198, 202)]).toEqual([
      ["200..300"],
      "partial",
      "r198 r199 r200 r201",
    ]);
    expect(rig.host.clock.timerCount).toBe(0);
  });

  test("S28 back-off doubles the waits up to a minute", async () => {
    const rig = new PagedRig(1_000);
    const times: number[] = [];
    rig.host.feeds.loadChunk = async () => {
      times.push(rig.host.clock.monotonic());
      throw new Error("down");
    };
    await rig.open();
    await rig.host.clock.advance(200_000);
    const waits = times.slice(1).map((time, at) => time - (times[at] ?? 0));
    expect(waits).toEqual([248, 495, 990, 1_980, 3_960, 7_920, 15_840, 31_680, 59_400, 59_400]);
  });

  test("S28 another viewport is loaded at once, and what nobody looks at is not tried again", async () => {
    const rig = new PagedRig(1_000);
    const { table, use } = await rig.open();
    rig.failure = new Error("down");
    await rig.look(use, 200, 220);
    rig.failure = undefined;
    rig.takeLoads();
    await rig.look(use, 600, 620);
    expect([rig.takeLoads(), table.state.kind]).toEqual([["600..700"], "partial"]);
    await rig.host.clock.advance(100_000);
    expect([rig.takeLoads(), rig.host.clock.timerCount]).toEqual([[], 0]);
  });

  test("S28 the error goes when all that is looked at is held", async () => {
    const rig = new PagedRig(1_000);
    const { table, use } = await rig.open();
    rig.failure = new Error("down");
    await rig.look(use, 200, 220);
    expect(table.state.kind).toBe("error");
    await rig.look(use, 20, 40);
    expect([table.state.kind, rig.host.clock.timerCount]).toEqual(["partial", 0]);
  });

  test("S28 S33 a first screen that fails is ready with its error", async () => {
    const rig = new PagedRig(1_000);
    rig.failure = new Error("down");
    const { table } = await rig.open();
    await table.whenReady();
    expect([table.state.kind, table.rowCount, table.total.kind]).toEqual(["error", 1_000, "stated"]);
    rig.failure = undefined;
    await rig.host.clock.advance(250);
    await settle();
    expect([table.state.kind, table.idAt(0)]).toEqual(["partial", "r0"]);
  });

  test("S28 a loader that throws at once, or throws no error, has failed too", async () => {
    const rig = new PagedRig(1_000);
    rig.host.feeds.loadChunk = () => {
      // oxlint-disable-next-line typescript/only-throw-error -- what applications do
      throw "nothing";
    };
    const { table } = await rig.open();
    expect(table.state).toMatchObject({ kind: "error", error: { code: "unavailable" } });
  });
});

describe("the life of a table", () => {
  test("S33 loading until the first screen is there, partial while positions are missing, then complete", async () => {
    const rig = new PagedRig(150);
    rig.isHolding = true;
    const { table, use } = await rig.open();
    let isReady = false;
    void table.whenReady().then(() => (isReady = true));
    await settle();
    expect([table.state.kind, isReady, table.rowCount]).toEqual(["loading", false, 150]);
    await first(rig).answer();
    expect([table.state.kind, isReady, table.hasMore]).toEqual(["partial", true, true]);
    rig.isHolding = false;
    await rig.look(use, 90, 110);
    expect([table.state.kind, table.hasMore]).toEqual(["complete", false]);
  });

  test("S33 no rows are complete where the source says so, and only then", async () => {
    const none = new PagedRig(0);
    const { table } = await none.open();
    expect([table.state.kind, table.rowCount, none.loads]).toEqual(["complete", 0, []]);
    const unknown = new PagedRig(0, "unknown");
    unknown.isHolding = true;
    const opened = await unknown.open();
    expect(opened.table.state.kind).toBe("loading");
    await first(unknown).answer();
    expect([opened.table.state.kind, opened.table.total]).toEqual(["complete", { value: 0, kind: "stated" }]);
    const lying = new PagedRig(0, 1_000);
    lying.isHolding = true;
    const doubted = await lying.open();
    await first(lying).answer();
    expect([doubted.table.state.kind, doubted.table.rowCount]).toEqual(["loading", 1_000]);
    await first(lying).answer();
    expect([doubted.table.state.kind, doubted.table.rowCount]).toEqual(["complete", 0]);
  });

  test("S34 loadMore brings the page after what is looked at, one flight for all who ask", async () => {
    const rig = new PagedRig(1_000);
    const { table, use } = await rig.open();
    rig.takeLoads();
    await Promise.all([table.loadMore(), table.loadMore()]);
    expect([rig.takeLoads(), table.idAt(199)]).toEqual([["100..200"], "r199"]);
    await rig.look(use, 547, 567);
    rig.takeLoads();
    await table.loadMore();
    expect(rig.takeLoads()).toEqual(["647..747"]);
  });

  test("S34 before the first page is there, it is the second one", async () => {
    const rig = new PagedRig(1_000);
    const opening = rig.open();
    const { table } = await opening;
    await table.loadMore();
    expect(rig.takeLoads()).toEqual(["0..100", "100..200"]);
  });

  test("S34 a failure of it is in the state, and the next call tries again", async () => {
    const rig = new PagedRig(1_000);
    const { table } = await rig.open();
    rig.failure = new Error("down");
    await table.loadMore();
    expect([table.state.kind, rig.host.clock.timerCount]).toEqual(["error", 0]);
    rig.failure = undefined;
    await table.loadMore();
    expect([table.state.kind, table.idAt(100)]).toEqual(["partial", "r100"]);
  });

  test("S34 at the end it asks whether there is more; a failure of that is none", async () => {
    const rig = new PagedRig(150, 120);
    const { table } = await rig.open();
    await table.loadMore();
    expect([rig.takeLoads(), table.rowCount, table.hasMore]).toEqual([["0..100", "100..120"], 120, false]);
    rig.failure = new Error("out of bounds");
    await table.loadMore();
    expect([table.state.kind, table.rowCount]).toEqual(["complete", 120]);
    rig.failure = undefined;
    await table.loadMore();
    expect([table.rowCount, table.total, table.state.kind]).toEqual([
      150,
      { value: 150, kind: "stated" },
      "complete",
    ]);
  });

  test("S39 the last release ends everything: loads, timers, listeners, calls", async () => {
    const rig = new PagedRig(1_000);
    const { table, use } = await rig.open();
    const other = table.use(() => undefined);
    rig.isHolding = true;
    await rig.look(use, 200, 220);
    const load = first(rig);
    use.setViewport({ start: 700, end: 720 });
    rig.host.notify("upstream");
    const more = table.loadMore();
    rig.takeEffects();
    rig.takeAnnounced();
    use.release();
    use.release();
    other.release();
    expect([load.signal.aborted, rig.host.clock.timerCount, rig.host.listenerCount]).toEqual([true, 0, 0]);
    await more;
    await load.answer();
    use.setViewport({ start: 0, end: 20 });
    await table.loadMore();
    rig.host.notify("refreshed");
    await rig.host.clock.advance(100_000);
    expect([rig.takeEffects(), rig.takeAnnounced(), rig.takeLoads().slice(2)]).toEqual([[], [], []]);
  });

  test("S39 when the host closes, nothing is asked of it any more", async () => {
    const rig = new PagedRig(1_000);
    rig.isHolding = true;
    const { table } = await rig.open();
    const { signal } = first(rig);
    rig.host.close();
    await table.whenReady();
    await table.loadMore();
    expect([signal.aborted, rig.host.listenerCount, rig.host.clock.timerCount]).toEqual([true, 0, 0]);
  });
});

describe("opened again", () => {
  test("S36 what was on screen shows at once, and is loaded again behind", async () => {
    const rig = new PagedRig(1_000);
    const { use } = await rig.open();
    await rig.look(use, 547, 567);
    use.release();
    rig.takeLoads();
    rig.source[548] = "new";
    rig.isHolding = true;
    const again = await rig.open();
    await again.table.whenReady();
    expect([again.table.rowCount, again.table.total.kind]).toEqual([1_000, "estimated"]);
    expect([shown(again.table, 0, 2), shown(again.table, 547, 549)]).toEqual(["r0 r1", "r547 r548"]);
    await rig.look(again.use, 547, 567);
    const loads = rig.held.splice(0);
    await Promise.all(loads.map(({ answer }) => answer()));
    expect([shown(again.table, 547, 549), again.table.total]).toEqual([
      "r547 new",
      { value: 1_000, kind: "stated" },
    ]);
  });

  test("S36 refreshOnOpen false: what is held is not loaded again", async () => {
    const rig = new PagedRig(1_000);
    rig.host.refreshOnOpen = false;
    const { use } = await rig.open();
    use.release();
    rig.takeLoads();
    const { table } = await rig.open();
    expect([rig.takeLoads(), shown(table, 0, 2), table.rowCount]).toEqual([[], "r0 r1", 1_000]);
  });

  test("S36 where one of its rows is gone, nothing of it is shown", async () => {
    const rig = new PagedRig(1_000);
    const { use } = await rig.open();
    use.release();
    rig.host.put("r5", undefined);
    rig.isHolding = true;
    const { table } = await rig.open();
    expect([table.state.kind, table.idAt(0)]).toEqual(["loading", undefined]);
  });

  test("S36 it is another table with other pages or another order", async () => {
    const rig = new PagedRig(1_000);
    const { use } = await rig.open();
    use.release();
    rig.isHolding = true;
    const order = [{ column: "name", direction: "asc", nulls: "last" }] as const;
    const ordered = await rig.open({ conditions: [], order, search: undefined });
    rig.host.pageSize = 50;
    const small = await rig.open();
    expect([ordered.table.idAt(0), small.table.idAt(0)]).toEqual([undefined, undefined]);
  });
});
