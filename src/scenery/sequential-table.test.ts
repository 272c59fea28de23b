import { beforeEach, describe, expect, test, vi } from "vitest";
import { MapHost } from "../../test/scenery/map-host.ts";
import { settle, shown } from "../../test/scenery/paged-rig.ts";
import { must } from "../base/index.ts";
import { everything } from "../query/index.ts";
import type { ViewEffect } from "../views/index.ts";
import type { NextRows } from "./scenery-host.ts";
import { SequentialTable } from "./sequential-table.ts";

/** Waits between attempts are almost as long as they may be. */
beforeEach(() => void vi.spyOn(Math, "random").mockReturnValue(0.99));

interface HeldPage {
  readonly token: string | undefined;
  readonly signal: AbortSignal;
  answer(page?: NextRows): Promise<void>;
}

/** A sequential table over a list of ids, in pages of 10; a token is the number of rows before it. */
class Rig {
  readonly host = new MapHost();
  readonly source: string[];
  isHolding = false;
  readonly held: HeldPage[] = [];
  readonly asked: (string | undefined)[] = [];
  readonly effects: ViewEffect[] = [];
  failure: Error | undefined;
  /** The page to give in place of the right one. */
  lie: ((page: NextRows, token: string | undefined) => NextRows) | undefined;

  constructor(rows: number) {
    this.source = Array.from({ length: rows }, (_, at) => `r${at}`);
    this.host.pageSize = 10;
    this.host.feeds.loadNext = async (token, size, _query, signal) => {
      this.asked.push(token);
      if (this.failure !== undefined) throw this.failure;
      if (!this.isHolding) return this.page(token, size);
      const end = Promise.withResolvers<NextRows>();
      this.held.push({
        token,
        signal,
        answer: async (page) => {
          end.resolve(page ?? this.page(token, size));
          await settle();
        },
      });
      return end.promise;
    };
  }

  page(token: string | undefined, size: number): NextRows {
    const start = Number(token ?? 0);
    const ids = this.source.slice(start, start + size);
    for (const id of ids) if (this.host.row(id) === undefined) this.host.set(id, { id });
    this.host.publish();
    const page = { ids, token: start + size < this.source.length ? String(start + size) : undefined };
    return this.lie?.(page, token) ?? page;
  }

  async open() {
    const table = new SequentialTable(this.host, everything, this.host.pageSize);
    const use = table.use((effect) => this.effects.push(effect));
    await settle();
    return { table, use };
  }

  takeAsked = (): (string | undefined)[] => this.asked.splice(0);
  takeEffects = (): ViewEffect[] => this.effects.splice(0);
  takeAnnounced = (): string[] =>
    this.host.announced.splice(0).map(({ type, range }) => `${type} ${range.start}..${range.end}`);
}

const first = (rig: Rig): HeldPage => must(rig.held.shift(), "a page is held");

describe("walking forward", () => {
  test("S37 the first page at open, one more for each loadMore, until there is no token", async () => {
    const rig = new Rig(25);
    const { table, use } = await rig.open();
    await table.whenReady();
    expect([rig.takeAsked(), table.rowCount, table.state.kind, table.hasMore]).toEqual([
      [undefined],
      10,
      "partial",
      true,
    ]);
    expect(table.total).toEqual({ value: undefined, kind: "unknown" });
    use.setViewport({ start: 500, end: 520 });
    await rig.host.clock.advance(1_000);
    expect(rig.takeAsked()).toEqual([]);
    rig.takeEffects();
    await table.loadMore();
    expect(rig.takeEffects()).toEqual([
      { reset: false, ranges: [{ start: 10, end: Infinity }], ids: rig.source.slice(10, 20) },
    ]);
    await table.loadMore();
    expect([rig.takeAsked(), table.state.kind, table.hasMore]).toEqual([["10", "20"], "complete", false]);
    expect([table.total, shown(table, 22, 30), table.indexOf("r24")]).toEqual([
      { value: 25, kind: "stated" },
      "r22 r23 r24",
      24,
    ]);
    await table.loadMore();
    expect(rig.takeAsked()).toEqual([]);
    expect(rig.takeAnnounced()).toEqual(["rangeLoaded 0..10", "rangeLoaded 10..20", "rangeLoaded 20..25"]);
  });

  test("S37 one flight at a time, shared by all who ask", async () => {
    const rig = new Rig(50);
    const { table } = await rig.open();
    rig.isHolding = true;
    const calls = [table.loadMore(), table.loadMore(), table.loadMore()];
    await settle();
    expect([rig.held.length, table.isLoading(10), table.isLoading(20), table.isLoading(9)]).toEqual([
      1,
      true,
      false,
      false,
    ]);
    await first(rig).answer();
    await Promise.all(calls);
    expect([rig.held.length, table.rowCount]).toEqual([0, 20]);
  });

  test("S37 a row that comes twice is shown once, where it came first", async () => {
    const rig = new Rig(20);
    const { table } = await rig.open();
    rig.source.unshift("new");
    await table.loadMore();
    expect(table.idsBetween(0, 99)).toEqual(Array.from({ length: 19 }, (_, at) => `r${at}`));
    expect(table.state.kind).toBe("partial");
    await table.loadMore();
    expect([table.rowCount, table.state.kind]).toEqual([20, "complete"]);
  });

  test("S37 pages without new rows are walked over, ten at most", async () => {
    const rig = new Rig(50);
    const { table } = await rig.open();
    rig.lie = (page, token) => (token === "10" ? { ids: ["r1"], token: page.token } : page);
    rig.takeAsked();
    await table.loadMore();
    expect([rig.takeAsked(), table.rowCount]).toEqual([["10", "20"], 20]);
    rig.lie = () => ({ ids: [], token: "again" });
    await table.loadMore();
    expect([rig.takeAsked().length, table.rowCount, table.hasMore]).toEqual([10, 20, true]);
  });

  test("S37 a failure is the state's, and the next loadMore asks for the same page", async () => {
    const rig = new Rig(50);
    const { table } = await rig.open();
    rig.takeAsked();
    rig.takeAnnounced();
    rig.failure = new Error("down");
    await table.loadMore();
    expect(table.state).toMatchObject({ kind: "error", error: { code: "unavailable", message: /down/ } });
    expect([table.rowCount, rig.host.clock.timerCount, rig.takeAnnounced()]).toEqual([
      10,
      0,
      ["loadFailed 10..20"],
    ]);
    rig.failure = undefined;
    await table.loadMore();
    expect([rig.takeAsked(), table.state.kind, table.rowCount]).toEqual([["10", "10"], "partial", 20]);
  });

  test("S37 a first page that fails is ready with its error, and loadMore loads it", async () => {
    const rig = new Rig(5);
    rig.failure = new Error("down");
    const { table } = await rig.open();
    await table.whenReady();
    expect([table.state.kind, table.rowCount]).toEqual(["error", 0]);
    rig.failure = undefined;
    await table.loadMore();
    expect([table.state.kind, table.rowCount]).toEqual(["complete", 5]);
  });

  test("S37 loading until the first page is there; no rows are complete where the source says so", async () => {
    const rig = new Rig(0);
    rig.isHolding = true;
    const { table } = await rig.open();
    expect([table.state.kind, table.hasMore]).toEqual(["loading", true]);
    await first(rig).answer();
    expect([table.state.kind, table.total]).toEqual(["complete", { value: 0, kind: "stated" }]);
  });
});

describe("walking again", () => {
  test("S38 a refresh walks as far as was shown, and the rows change in one step", async () => {
    const rig = new Rig(50);
    const { table } = await rig.open();
    await table.loadMore();
    rig.takeAsked();
    rig.takeEffects();
    rig.takeAnnounced();
    rig.source[3] = "new";
    rig.isHolding = true;
    rig.host.notify("refreshed");
    await settle();
    await first(rig).answer();
    expect([table.rowCount, table.idAt(3), rig.takeEffects()]).toEqual([20, "r3", []]);
    await first(rig).answer();
    expect([table.rowCount, table.idAt(3), rig.takeAsked()]).toEqual([20, "new", [undefined, "10"]]);
    const [effect] = rig.takeEffects();
    expect(effect?.ranges).toEqual([{ start: 3, end: 4 }]);
    expect(new Set(effect?.ids)).toEqual(new Set(["r3", "new"]));
    expect([rig.takeAnnounced(), table.isLoading(20)]).toEqual([["rangeLoaded 0..20"], false]);
    rig.isHolding = false;
    await table.loadMore();
    expect(table.idAt(29)).toBe("r29");
  });

  test("S38 pages that were asked for before a refresh never land; who waits for them gets the new ones", async () => {
    const rig = new Rig(50);
    const { table } = await rig.open();
    rig.isHolding = true;
    const more = table.loadMore();
    await settle();
    const before = first(rig);
    rig.source.unshift("new");
    rig.host.notify("refreshed");
    expect(before.signal.aborted).toBe(true);
    await before.answer();
    expect(table.rowCount).toBe(10);
    await first(rig).answer();
    await first(rig).answer();
    await more;
    expect([table.idAt(0), table.rowCount]).toEqual(["new", 20]);
  });

  test("S38 loadMore while rows are walked again goes a page further", async () => {
    const rig = new Rig(50);
    const { table } = await rig.open();
    rig.isHolding = true;
    rig.host.notify("refreshed");
    const calls = [table.loadMore(), table.loadMore()];
    await settle();
    await first(rig).answer();
    await first(rig).answer();
    await Promise.all(calls);
    expect([table.rowCount, rig.held.length]).toEqual([20, 0]);
  });

  test("S38 a failed walk leaves the old rows and is tried again with back-off, or when more is asked for", async () => {
    const rig = new Rig(30);
    const { table } = await rig.open();
    rig.source.unshift("new");
    rig.failure = new Error("down");
    rig.host.notify("refreshed");
    await settle();
    expect([table.state.kind, table.idAt(0), rig.host.clock.timerCount]).toEqual(["error", "r0", 1]);
    // Changes don't make it try more often.
    rig.takeAsked();
    rig.host.notify("upstream");
    await rig.host.clock.advance(50);
    expect(rig.takeAsked().length).toBeLessThanOrEqual(1);
    rig.failure = undefined;
    await rig.host.clock.advance(60_000);
    await settle();
    expect([table.state.kind, table.idAt(0), rig.host.clock.timerCount]).toEqual(["partial", "new", 0]);
    rig.failure = new Error("down");
    rig.host.notify("refreshed");
    await settle();
    rig.failure = undefined;
    rig.source.shift();
    await table.loadMore();
    expect([table.state.kind, table.idAt(0), rig.host.clock.timerCount]).toEqual(["partial", "r0", 0]);
  });

  test("S38 changes upstream that concern it, once however many, and once more for those that come meanwhile", async () => {
    const rig = new Rig(30);
    const { table } = await rig.open();
    rig.takeAsked();
    rig.host.notify("upstream", [{ id: "r1", before: { id: "r1" }, after: { id: "r1", name: "x" } }]);
    await rig.host.clock.advance(1_000);
    expect(rig.takeAsked()).toEqual([]);
    rig.isHolding = true;
    rig.source.unshift("new");
    rig.host.notify("upstream");
    rig.host.notify("upstream", [{ id: "new", before: undefined, after: {} }]);
    await rig.host.clock.advance(50);
    await settle();
    expect(rig.takeAsked()).toEqual([undefined]);
    rig.host.notify("upstream");
    await rig.host.clock.advance(50);
    await first(rig).answer();
    expect(table.idAt(0)).toBe("new");
    await rig.host.clock.advance(50);
    await settle();
    expect(rig.takeAsked()).toEqual([undefined]);
    await first(rig).answer();
    await rig.host.clock.advance(10_000);
    expect([rig.takeAsked(), rig.host.clock.timerCount]).toEqual([[], 0]);
  });

  test("S38 changes that come while a page is loaded wait for it", async () => {
    const rig = new Rig(30);
    const { table } = await rig.open();
    rig.isHolding = true;
    const more = table.loadMore();
    await settle();
    rig.host.notify("upstream");
    await rig.host.clock.advance(50);
    const page = first(rig);
    expect(page.signal.aborted).toBe(false);
    rig.isHolding = false;
    rig.takeAsked();
    await page.answer();
    await more;
    expect(table.rowCount).toBe(20);
    await rig.host.clock.advance(50);
    await settle();
    expect(rig.takeAsked()).toEqual([undefined, "10"]);
  });

  test("S31 S38 a row that is gone keeps its place while its delete is queued, and not after", async () => {
    const rig = new Rig(5);
    const { table } = await rig.open();
    rig.takeEffects();
    rig.takeAsked();
    rig.host.setStatus("r2", "pending");
    rig.host.put("r2", undefined);
    await rig.host.clock.advance(1_000);
    expect([rig.takeEffects(), rig.takeAsked(), table.indexOf("r2")]).toEqual([
      [{ reset: false, ranges: [{ start: 2, end: 3 }], ids: ["r2"] }],
      [],
      2,
    ]);
    rig.source.splice(2, 1);
    rig.host.setStatus("r2", "fresh");
    rig.host.publish();
    await rig.host.clock.advance(50);
    await settle();
    expect([table.indexOf("r2"), table.rowCount]).toEqual([-1, 4]);
  });

  test("S39 the last release ends everything", async () => {
    const rig = new Rig(50);
    const { table, use } = await rig.open();
    const other = table.use(() => undefined);
    rig.isHolding = true;
    const more = table.loadMore();
    await settle();
    rig.host.notify("upstream");
    const page = first(rig);
    use.release();
    use.release();
    expect(page.signal.aborted).toBe(false);
    rig.takeEffects();
    rig.takeAnnounced();
    other.release();
    expect([page.signal.aborted, rig.host.clock.timerCount, rig.host.listenerCount]).toEqual([true, 0, 0]);
    await more;
    await page.answer();
    rig.host.notify("refreshed");
    await table.loadMore();
    await table.whenReady();
    expect([rig.takeEffects(), rig.takeAnnounced(), table.rowCount]).toEqual([[], [], 10]);
  });

  test("S39 when the host closes, nothing is asked of it any more", async () => {
    const rig = new Rig(50);
    rig.isHolding = true;
    const { table } = await rig.open();
    rig.host.close();
    await table.whenReady();
    expect([first(rig).signal.aborted, rig.host.listenerCount, rig.host.clock.timerCount]).toEqual([
      true,
      0,
      0,
    ]);
  });
});
