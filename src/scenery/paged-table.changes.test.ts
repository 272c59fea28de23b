import { beforeEach, describe, expect, test, vi } from "vitest";
import { type HeldLoad, PagedRig, settle, shown } from "../../test/scenery/paged-rig.ts";
import { must } from "../base/index.ts";
import { toOrder, type Query } from "../query/index.ts";

/** Waits between attempts are almost as long as they may be. */
beforeEach(() => void vi.spyOn(Math, "random").mockReturnValue(0.99));

const first = (rig: PagedRig): HeldLoad => must(rig.held.shift(), "a load is held");

/** Lets a debounce pass, and what it sets off. */
const rest = async (rig: PagedRig): Promise<void> => {
  await rig.host.clock.advance(50);
  await settle();
};

const cheap: Query = {
  conditions: [{ kind: "compare", column: "price", operator: "<", value: 100 }],
  order: [{ column: "name", direction: "asc", nulls: "last" }],
  search: undefined,
};

describe("a refresh", () => {
  test("S29 loads again what is looked at, shows old rows until all of it is there, and forgets the rest", async () => {
    const rig = new PagedRig(1_000);
    const { table, use } = await rig.open();
    await rig.look(use, 150, 330);
    rig.takeLoads();
    rig.takeEffects();
    rig.source.splice(0, 1);
    rig.isHolding = true;
    rig.host.notify("refreshed");
    await settle();
    await first(rig).answer();
    expect([shown(table, 150, 152), rig.takeEffects()]).toEqual(["r150 r151", []]);
    await first(rig).answer();
    expect([shown(table, 150, 152), shown(table, 98, 100)]).toEqual(["r151 r152", "- -"]);
    expect([rig.takeLoads(), rig.held, rig.takeEffects().length]).toEqual([["150..250", "250..350"], [], 1]);
  });

  test("S29 S35 the new rows take the place of the old ones in one step, with exact positions and ids", async () => {
    const rig = new PagedRig(1_000);
    const { table, use } = await rig.open();
    await rig.look(use, 120, 140);
    rig.takeEffects();
    rig.source[125] = "new";
    rig.host.notify("refreshed");
    await settle();
    const effects = rig.takeEffects();
    expect(effects).toHaveLength(1);
    // All of the first page is forgotten, one row is another.
    expect(effects[0]?.ranges).toEqual([
      { start: 0, end: 100 },
      { start: 125, end: 126 },
    ]);
    expect(new Set(effects[0]?.ids)).toEqual(new Set([...rig.source.slice(0, 100), "r125", "new"]));
    expect([shown(table, 98, 100), shown(table, 124, 127)]).toEqual(["- -", "r124 new r126"]);
    expect(table.total).toEqual({ value: 1_000, kind: "estimated" });
  });

  test("S29 loads that began before it never land", async () => {
    const rig = new PagedRig(1_000);
    const { table, use } = await rig.open();
    rig.isHolding = true;
    await rig.look(use, 200, 220);
    const before = first(rig);
    rig.host.notify("refreshed");
    expect(before.signal.aborted).toBe(true);
    await before.answer();
    expect(table.idAt(200)).toBeUndefined();
    rig.host.notify("refreshed");
    const between = first(rig);
    expect(between.signal.aborted).toBe(true);
    await settle();
    await first(rig).answer();
    expect([table.idAt(200), rig.held.length]).toEqual(["r200", 0]);
  });

  test("S29 one that fails leaves the old rows, with the error, and is tried again", async () => {
    const rig = new PagedRig(1_000);
    const { table } = await rig.open();
    rig.failure = new Error("down");
    rig.source.splice(0, 1);
    rig.host.notify("refreshed");
    await settle();
    expect([table.state.kind, table.idAt(0)]).toEqual(["error", "r0"]);
    rig.failure = undefined;
    await rig.host.clock.advance(250);
    await settle();
    expect([table.state.kind, table.idAt(0)]).toEqual(["partial", "r1"]);
  });

  test("S29 what is asked for by hand meanwhile comes after it", async () => {
    const rig = new PagedRig(1_000);
    const { table } = await rig.open();
    rig.takeLoads();
    rig.isHolding = true;
    rig.host.notify("refreshed");
    const more = table.loadMore();
    await settle();
    expect(rig.takeLoads()).toEqual(["0..100"]);
    await first(rig).answer();
    expect(rig.takeLoads()).toEqual(["100..200"]);
    await first(rig).answer();
    await more;
    expect(table.idAt(100)).toBe("r100");
  });
});

describe("changes upstream", () => {
  test("S30 load what is looked at again once, however many there were, without blanking it", async () => {
    const rig = new PagedRig(1_000);
    const { table, use } = await rig.open();
    await rig.look(use, 547, 567);
    rig.takeLoads();
    rig.takeEffects();
    rig.source.splice(550, 0, "new");
    for (let change = 0; change < 5; change++) {
      rig.host.notify("upstream");
      await rig.host.clock.advance(5);
    }
    expect(rig.takeLoads()).toEqual([]);
    await rest(rig);
    expect(rig.takeLoads()).toEqual(["547..647"]);
    expect(shown(table, 549, 552)).toBe("r549 new r550");
    expect(rig.takeEffects()).toHaveLength(1);
    await rig.host.clock.advance(10_000);
    expect(rig.takeLoads()).toEqual([]);
  });

  test("S30 those that come while it is loaded are for one more time", async () => {
    const rig = new PagedRig(1_000);
    const { table } = await rig.open();
    rig.takeLoads();
    rig.isHolding = true;
    rig.host.notify("upstream");
    await rest(rig);
    rig.source.unshift("new");
    const load = first(rig);
    rig.host.notify("upstream");
    rig.host.notify("upstream");
    await rest(rig);
    expect([load.signal.aborted, rig.held.length]).toEqual([false, 0]);
    await load.answer(Array.from({ length: 100 }, (_, at) => `r${at}`));
    expect(table.idAt(0)).toBe("r0");
    await rest(rig);
    await first(rig).answer();
    expect([table.idAt(0), rig.takeLoads()]).toEqual(["new", ["0..100", "0..100"]]);
    await rig.host.clock.advance(10_000);
    expect(rig.takeLoads()).toEqual([]);
  });

  test.each([
    ["a row that came", undefined, { name: "b", price: 5 }, true],
    ["a row that came and does not match", undefined, { name: "b", price: 500 }, false],
    ["a row that left", { name: "b", price: 5 }, undefined, true],
    ["a row that left and did not match", { name: "b", price: 500 }, undefined, false],
    ["a row that left and nobody knew", undefined, undefined, true],
    ["another cell", { name: "b", price: 5 }, { name: "b", price: 6 }, false],
    ["the cell of the order", { name: "b", price: 5 }, { name: "c", price: 5 }, true],
    ["a row that matches now", { name: "b", price: 500 }, { name: "b", price: 5 }, true],
    ["a row that matches no more", { name: "b", price: 5 }, { name: "b", price: 500 }, true],
  ])("S30 %s", async (_, before, after, isLoaded) => {
    const rig = new PagedRig(1_000);
    await rig.open(cheap);
    rig.takeLoads();
    rig.host.notify("upstream", [{ id: "r1", before, after }]);
    await rest(rig);
    expect(rig.takeLoads()).toEqual(isLoaded ? ["0..100"] : []);
  });

  test("S30 a search decides as conditions do", async () => {
    const rig = new PagedRig(1_000);
    await rig.open({ conditions: [], order: [toOrder("name")], search: "TART" });
    rig.takeLoads();
    rig.host.notify("upstream", [{ id: "x", before: undefined, after: { name: "pie" } }]);
    await rest(rig);
    expect(rig.takeLoads()).toEqual([]);
    rig.host.notify("upstream", [{ id: "x", before: undefined, after: { name: "tarte" } }]);
    await rest(rig);
    expect(rig.takeLoads()).toEqual(["0..100"]);
  });

  test("S30 rows that came at the end are found: the total is a guess then", async () => {
    const rig = new PagedRig(30);
    const { table } = await rig.open();
    expect(table.state.kind).toBe("complete");
    rig.takeLoads();
    rig.source.push("r30");
    rig.host.notify("upstream", [{ id: "r30", before: undefined, after: {} }]);
    await rest(rig);
    expect([rig.takeLoads(), table.total, table.idAt(30)]).toEqual([
      ["0..100"],
      { value: 31, kind: "stated" },
      "r30",
    ]);
    rig.source.splice(0, 1);
    rig.host.notify("upstream");
    await rest(rig);
    expect([table.rowCount, table.idAt(0), table.state.kind]).toEqual([30, "r1", "complete"]);
  });

  test("S30 a shown row that is gone for good counts as one that left, once", async () => {
    const rig = new PagedRig(1_000);
    const { table } = await rig.open();
    rig.takeLoads();
    rig.source.splice(5, 1);
    rig.host.put("r5", undefined);
    rig.host.setStatus("r5", "stale");
    rig.host.publish();
    await rest(rig);
    expect([rig.takeLoads(), table.idAt(5)]).toEqual([["0..100"], "r6"]);
    await rig.host.clock.advance(10_000);
    expect(rig.takeLoads()).toEqual([]);
  });

  test("S30 a source that names a row which is gone is not asked for ever", async () => {
    const rig = new PagedRig(1_000);
    rig.hidden.add("r5");
    const { table } = await rig.open();
    rig.host.setStatus("r5", "stale");
    rig.host.publish();
    await rig.host.clock.advance(10_000);
    await settle();
    expect([rig.takeLoads().length, table.idAt(5)]).toEqual([2, "r5"]);
  });

  test("S30 completeness is nobody's business here", async () => {
    const rig = new PagedRig(1_000);
    await rig.open();
    rig.takeLoads();
    rig.host.notify("completeness");
    await rig.host.clock.advance(10_000);
    expect(rig.takeLoads()).toEqual([]);
  });
});

describe("writes that are queued", () => {
  test("S31 S35 a patch shows in place", async () => {
    const rig = new PagedRig(1_000);
    const { table } = await rig.open();
    rig.takeLoads();
    rig.takeEffects();
    rig.host.setStatus("r7", "pending");
    rig.host.put("r7", { id: "r7", name: "patched" });
    expect(rig.takeEffects()).toEqual([{ reset: false, ranges: [{ start: 7, end: 8 }], ids: ["r7"] }]);
    await rest(rig);
    expect([table.idAt(7), rig.takeLoads()]).toEqual(["r7", []]);
  });

  test("S31 a row that a queued delete hides keeps its place until it is gone for good", async () => {
    const rig = new PagedRig(1_000);
    const { table } = await rig.open();
    rig.takeLoads();
    rig.takeEffects();
    rig.host.setStatus("r7", "pending");
    rig.host.put("r7", undefined);
    expect(rig.takeEffects()).toEqual([{ reset: false, ranges: [{ start: 7, end: 8 }], ids: ["r7"] }]);
    await rest(rig);
    expect([table.indexOf("r7"), table.idAt(8), table.rowCount, rig.takeLoads()]).toEqual([
      7,
      "r8",
      1_000,
      [],
    ]);
    rig.source.splice(7, 1);
    rig.host.setStatus("r7", "fresh");
    rig.host.publish();
    await rest(rig);
    expect([rig.takeLoads(), table.indexOf("r7"), table.idAt(7)]).toEqual([["0..100"], -1, "r8"]);
  });

  test("S31 a queued insert shows when the source has it", async () => {
    const rig = new PagedRig(30);
    const { table } = await rig.open();
    rig.host.setStatus("new", "pending");
    rig.host.put("new", { id: "new", name: "new" });
    await rest(rig);
    expect([table.indexOf("new"), table.rowCount]).toEqual([-1, 30]);
    rig.source.splice(10, 0, "new");
    rig.host.setStatus("new", "fresh");
    rig.host.publish("upstream");
    await rest(rig);
    expect([table.indexOf("new"), table.rowCount]).toEqual([10, 31]);
  });

  test("S35 rows that are not shown are nothing to tell of, and too many are a reset", async () => {
    const rig = new PagedRig(1_000);
    const { table, use } = await rig.open();
    rig.takeEffects();
    rig.host.put("elsewhere", { name: "elsewhere" });
    expect(rig.takeEffects()).toEqual([]);
    rig.host.set("r50", { id: "r50", name: "x" });
    rig.host.set("r3", { id: "r3", name: "x" });
    rig.host.set("r4", { id: "r4", name: "x" });
    rig.host.publish();
    const [effect] = rig.takeEffects();
    expect(effect?.ranges).toEqual([
      { start: 3, end: 5 },
      { start: 50, end: 51 },
    ]);
    expect(new Set(effect?.ids)).toEqual(new Set(["r3", "r4", "r50"]));
    rig.host.replaceAll(rig.source.map((id) => [id, { id }] as const));
    rig.host.publish();
    expect(rig.takeEffects()).toEqual([{ reset: true, ranges: [], ids: [] }]);
    use.release();
    expect(table.idAt(3)).toBe("r3");
  });
});

describe("rows that move between two loads", () => {
  test("S32 what is looked at is gathered from scratch, and never shown mixed", async () => {
    const rig = new PagedRig(1_000);
    const { table, use } = await rig.open();
    const views: string[] = [];
    table.use(() => views.push(shown(table, 98, 102)));
    rig.source.unshift("new");
    rig.takeLoads();
    await rig.look(use, 90, 110);
    // Row 100 is r99 now, which is held at 99: page 0 is asked for again beside it.
    expect(rig.takeLoads()).toEqual(["100..200", "0..100"]);
    expect(views.at(-1)).toBe("r97 r98 r99 r100");
    expect(views.filter((view) => view !== "r98 r99 - -")).toEqual(["r97 r98 r99 r100"]);
    expect(table.idAt(0)).toBe("new");
  });

  test("S32 a source that always names a row twice is taken as it comes: the last place counts", async () => {
    const rig = new PagedRig(300);
    const { table, use } = await rig.open();
    rig.host.feeds.loadChunk = async ({ start, end }, sink) => {
      rig.loads.push(`${start}..${end}`);
      const ids = rig.source.slice(start, end);
      if (start === 100) ids[0] = "r99";
      rig.push({ start, end }, sink, ids);
    };
    rig.takeLoads();
    await rig.look(use, 90, 110);
    const loads = rig.takeLoads();
    expect(loads.length).toBeLessThanOrEqual(5);
    expect(
      [table.indexOf("r99"), table.idAt(99), table.idAt(100)].filter((at) => at !== undefined),
    ).toHaveLength(2);
    await rig.host.clock.advance(100_000);
    expect([rig.takeLoads(), table.idAt(98), table.idAt(101)]).toEqual([[], "r98", "r101"]);
  });

  test("S32 what an earlier load brought is not what it begins again with", async () => {
    const rig = new PagedRig(1_000);
    const { table, use } = await rig.open();
    const other = table.use(() => undefined);
    rig.isHolding = true;
    use.setViewport({ start: 200, end: 220 });
    await rig.look(other, 700, 720);
    const [early, late] = [first(rig), first(rig)];
    await late.answer(Array.from({ length: 100 }, (_, at) => `r${at + 250}`));
    await early.answer();
    expect(table.idAt(200)).toBeUndefined();
    expect(rig.held.map(({ range }) => range.start)).toEqual([200, 700]);
  });
});
