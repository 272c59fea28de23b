import { describe, expect, test } from "vitest";
import {
  condition,
  everything,
  hasId,
  narrow,
  orderedBy,
  type Query,
  searching,
} from "../../src/query/index.ts";
import type { Row } from "../../src/record/index.ts";
import { LazyOrder } from "../../src/views/lazy-order.ts";
import type { RowChange } from "../../src/views/row-change.ts";
import type { ViewEffect } from "../../src/views/view-contract.ts";
import { ViewSet, type ViewSetOptions } from "../../src/views/view-set.ts";
import { PlainRows } from "./naive-views.ts";

const byNumber = orderedBy(everything, "n");

/** Rows that count how often one of their cells is looked at, under a view set whose steps are run by hand. */
class Table {
  readonly rows = new PlainRows();
  readonly steps: (() => boolean)[] = [];
  readonly views: ViewSet;
  looks = 0;

  constructor(count: number, options: Partial<ViewSetOptions> = {}) {
    for (let at = 0; at < count; at++)
      this.rows.set(`r${at}`, this.row({ n: at, kind: at % 10, text: `text ${at}` }));
    this.views = new ViewSet(this.rows, {
      searchColumns: () => ["text"],
      schedule: (step) => this.steps.push(step),
      ...options,
    });
  }

  row(cells: Row): Row {
    return new Proxy(cells, {
      get: (target, key) => {
        this.looks += 1;
        return typeof key === "string" ? target[key] : undefined;
      },
    });
  }

  put(id: string, cells: Row | undefined): void {
    const change = { id, before: this.rows.get(id), after: cells && this.row(cells) };
    this.rows.set(id, change.after);
    this.views.apply([change]);
  }

  /** How many cells are looked at meanwhile. */
  looksDuring(action: () => void): number {
    const before = this.looks;
    action();
    return this.looks - before;
  }

  runSteps(): void {
    for (let step = this.steps.shift(); step !== undefined; step = this.steps.shift()) while (step());
  }
}

const inKind = (kind: number): Query => narrow(byNumber, condition("kind", "=", kind));

describe("sharing", () => {
  test("I21 the same query, however it is written, is one view with a lease for each", () => {
    const { views } = new Table(20);
    const first = views.openOrdered(narrow(byNumber, condition("n", ">", 3), condition("kind", "=", 1)));
    const second = views.openOrdered(narrow(byNumber, condition("kind", "=", 1), condition("n", ">", 3)));
    expect(views.size).toBe(1);
    const told: string[] = [];
    first.subscribe(() => told.push("first"));
    second.subscribe(() => told.push("second"));
    first.release();
    first.release();
    expect(views.figures).toMatchObject({ views: 1, idle: 0 });
    views.reset();
    views.notify([]);
    expect(told).toEqual(["second"]);
    expect(second.idsBetween(0, 9)).toEqual(["r11"]);
    expect(() => first.count).toThrow(expect.objectContaining({ code: "closed" }));
    expect(() => first.subscribe(() => undefined)).toThrow(expect.objectContaining({ code: "closed" }));
  });

  test("I21 where a search looks is part of what is the same", () => {
    let columns = ["text"];
    const { views } = new Table(20, { searchColumns: () => columns });
    const found = searching(everything, "text 1");
    expect(views.openOrdered(found).count).toBe(11);
    columns = ["kind"];
    expect(views.openOrdered(found).count).toBe(0);
  });
});

describe("views that nobody uses", () => {
  test("I22 changes cost them nothing, and they are up to date for whoever asks again", () => {
    const table = new Table(500);
    table.views.openOrdered(narrow(byNumber, condition("n", ">", 100))).release();
    expect(table.looksDuring(() => table.put("r7", { n: 1_000 }))).toBe(0);
    table.put("r7", { n: 2_000 });
    table.put("r300", undefined);
    const again = table.looksDuring(() => {
      const view = table.views.openOrdered(narrow(byNumber, condition("n", ">", 100)));
      expect(view.idsBetween(view.count - 2, Infinity)).toEqual(["r499", "r7"]);
      expect(view.count).toBe(399);
    });
    expect(again).toBeLessThan(100);
  });

  test("I22 one that would have to take in too much is made anew", () => {
    const table = new Table(2_000);
    const open = (): number => {
      const view = table.views.openOrdered(byNumber);
      const last = Number(view.idAt(view.count - 1)?.slice(1));
      view.release();
      return last;
    };
    expect(open()).toBe(1_999);
    for (let round = 1; round <= 40_000 / 2_000; round++) {
      const changes: RowChange[] = [];
      for (let at = 0; at < 2_000; at++) {
        const change = { id: `r${at}`, before: table.rows.get(`r${at}`), after: { n: -at * round } };
        table.rows.set(change.id, change.after);
        changes.push(change);
      }
      table.views.apply(changes);
    }
    expect(open()).toBe(0);
  });

  test("I22 they are bounded in number and in time, by any clock", () => {
    let idle = 0;
    const { views } = new Table(20, { onIdle: () => (idle += 1) });
    for (let from = 0; from < 40; from++)
      views.openOrdered(narrow(byNumber, condition("n", ">", from))).release();
    views.openAggregate(everything, { kind: "sum", column: "n" }).release();
    expect(views.figures).toMatchObject({ views: 33, idle: 33 });
    expect(idle).toBe(41);
    expect(views.sweep(1_000_000)).toBe(true);
    expect(views.sweep(500)).toBe(true);
    const used = views.openOrdered(narrow(byNumber, condition("n", ">", 39)));
    expect(views.sweep(60_499)).toBe(true);
    expect(views.sweep(60_500)).toBe(false);
    expect(views.size).toBe(1);
    used.release();
    expect(views.sweep(60_600)).toBe(true);
    expect(views.sweep(120_599)).toBe(true);
    expect(views.sweep(120_600)).toBe(false);
    expect(views.figures).toEqual({ views: 0, idle: 0, sizeBytes: 0 });
  });

  test("I20 the numbers of an order of arrival go with the last view that needs them, and with rows", () => {
    const table = new Table(20);
    const view = table.views.openOrdered(inKind(1));
    const unordered = table.views.openOrdered(everything);
    table.runSteps();
    const bytes = table.views.figures.sizeBytes;
    table.put("r0", undefined);
    expect(table.views.figures.sizeBytes).toBeLessThan(bytes);
    for (const one of [view, unordered]) one.release();
    for (const nowMs of [0, 100_000]) table.views.sweep(nowMs);
    expect(table.views.figures.sizeBytes).toBe(0);
  });

  test("I22 they are bounded in bytes", () => {
    const { views } = new Table(20);
    const open = (sizeBytes: number, n: number): void => {
      const order = LazyOrder.over(byNumber.order, [], []);
      Object.defineProperty(order, "sizeBytes", { value: sizeBytes });
      views.adoptOrdered(narrow(byNumber, condition("n", ">", n)), order).release();
    };
    for (let n = 0; n < 5; n++) open(20 * 2 ** 20, n);
    expect(views.size).toBe(3);
    open(100 * 2 ** 20, 9);
    expect(views.size).toBe(0);
  });
});

describe("searches", () => {
  test("I23 a search that grows looks through what the shorter one found, whatever its order", () => {
    const table = new Table(1_000);
    const first = table.views.openOrdered(searching(byNumber, "9"));
    expect(first.count).toBe(271);
    table.runSteps();
    const narrower = table.views.openOrdered(searching(orderedBy(everything, ["n", "desc"]), "99"));
    const looks = table.looksDuring(() => {
      const view = table.views.openOrdered(searching(orderedBy(everything, ["n", "desc"]), "996"));
      expect(view.idsBetween(0, 9)).toEqual(["r996"]);
    });
    expect(narrower.count).toBe(19);
    expect(looks).toBeLessThan(25);
    const within = table.looksDuring(() => {
      table.views.openOrdered(narrow(searching(byNumber, "99"), condition("n", ">", 500)));
    });
    expect(within).toBeLessThan(80);
  });

  test("I23 what was found elsewhere in the rows is nothing to look through", () => {
    let columns = ["text"];
    const table = new Table(500, { searchColumns: () => columns });
    table.put("other", { text: "-", kind: "text 499" });
    expect(table.views.openOrdered(searching(byNumber, "text 49")).count).toBe(11);
    columns = ["kind"];
    expect(table.views.openOrdered(searching(byNumber, "text 499")).idsBetween(0, 9)).toEqual(["other"]);
  });

  test("I23 folding makes no difference to what is found", () => {
    const table = new Table(0);
    for (const text of ["ΟΔΟΣ", "οδος", "ΟΔΟΣΑ", "İstanbul", "K", "ﬀ"]) table.put(text, { text });
    const typed = (...texts: string[]): string[][] =>
      texts.map((text) => {
        const { views } = table;
        const open = views.openOrdered(searching(orderedBy(everything, "text"), text));
        return open.idsBetween(0, Infinity);
      });
    expect(typed("ο", "ΟΔ", "οδος", "οδοσα")).toEqual([
      ["ΟΔΟΣ", "ΟΔΟΣΑ", "οδος"],
      ["ΟΔΟΣ", "ΟΔΟΣΑ", "οδος"],
      ["ΟΔΟΣ", "ΟΔΟΣΑ", "οδος"],
      ["ΟΔΟΣΑ"],
    ]);
    expect(typed("i", "i\u0307s", "k")).toEqual([["İstanbul"], ["İstanbul"], ["K"]]);
  });
});

describe("orders that are prepared in steps", () => {
  test("I24 the first rows are there at once, the others after the steps or a read", async () => {
    const table = new Table(5_000);
    const view = table.views.openOrdered(orderedBy(everything, ["n", "desc"]));
    expect(view.count).toBe(5_000);
    expect(view.prepared).toBeLessThan(1_000);
    expect(view.idsBetween(0, 2)).toEqual(["r4999", "r4998"]);
    const complete = view.whenComplete();
    table.put("new", { n: 9_999 });
    table.runSteps();
    await complete;
    expect(view.prepared).toBe(5_001);
    const other = table.views.openOrdered(byNumber);
    expect(other.idAt(4_999)).toBe("r4999");
    expect(other.prepared).toBe(5_001);
    await other.whenComplete();
  });

  test("I24 whoever waits is answered after a reset too, or refused at the end", async () => {
    const table = new Table(5_000);
    const view = table.views.openOrdered(byNumber);
    const complete = view.whenComplete();
    table.views.reset();
    table.views.notify([]);
    table.runSteps();
    await complete;
    const other = table.views.openOrdered(orderedBy(everything, ["n", "desc"])).whenComplete();
    table.views.close();
    await expect(other).rejects.toMatchObject({ code: "closed" });
    table.runSteps();
  });
});

describe("dispatch", () => {
  test("I25 a change looks at nothing for views that need another value or id", () => {
    const table = new Table(100);
    const { views } = table;
    views.openOrdered(inKind(1));
    const alone = table.looksDuring(() => table.put("r11", { n: 5, kind: 1 }));
    for (let kind = 2; kind < 50; kind++) views.openOrdered(inKind(kind));
    for (let id = 20; id < 90; id++) views.openOrdered(narrow(everything, hasId(`r${id}`)));
    views.openOrdered(narrow(byNumber, condition("kind", "in", [70, 71])));
    expect(table.looksDuring(() => table.put("r11", { n: 6, kind: 1 }))).toBe(alone);
  });

  test("I25 a condition that all views share does not gather them", () => {
    const table = new Table(100);
    const open = (kind: number): void => {
      table.views.openOrdered(narrow(byNumber, condition("all", "=", 1), condition("kind", "=", kind)));
    };
    open(1);
    const alone = table.looksDuring(() => table.put("a", { n: 5, all: 1, kind: 1 }));
    for (let kind = 2; kind < 50; kind++) open(kind);
    const among = table.looksDuring(() => table.put("b", { n: 5, all: 1, kind: 1 }));
    // The first of them may have chosen the other column.
    expect(among).toBeLessThan(alone + 5);
  });

  test("I25 values are found as conditions compare them", () => {
    const table = new Table(0);
    const wanted = [
      5,
      "1",
      NaN,
      0,
      new Date(7),
      new Uint8Array([1, 2]),
      [1n, [2]],
      { a: 1, b: { c: 2n } },
    ] as const;
    const views = wanted.map((value) =>
      table.views.openOrdered(narrow(byNumber, condition("x.y", "=", value))),
    );
    const same = [
      5n,
      "1",
      NaN,
      -0,
      new Date(7),
      new Uint8Array([1, 2]),
      [1, [2n]],
      { b: { c: 2 }, a: 1n },
    ] as const;
    const other = [6, 1, 1, "", new Date(8), new Uint8Array([1]), [1, 2], { a: 1 }] as const;
    for (const [at, value] of same.entries()) {
      table.put(`other${at}`, { x: { y: other[at] ?? null } });
      table.put(`same${at}`, { x: { y: value } });
      expect(views.map((view) => view.count)).toEqual(wanted.map((_, to) => Number(to <= at)));
    }
    for (const at of same.keys()) table.put(`same${at}`, { x: { y: null } });
    expect(views.map((view) => view.count)).toEqual(wanted.map(() => 0));
  });
});

describe("effects", () => {
  test("I26 a move is told between its places, a change at its own, an arrival to the end", () => {
    const table = new Table(10);
    const told: ViewEffect[] = [];
    table.views.openOrdered(byNumber).subscribe((effect) => told.push(effect));
    const publish = (touched: string[] = []): ViewEffect | undefined => {
      table.views.notify(touched);
      return told.pop();
    };
    expect(publish()).toBeUndefined();
    table.put("r2", { n: 6.5 });
    table.put("r9", { n: 9, kind: 3 });
    expect(publish(["r0"])).toEqual({
      reset: false,
      ranges: [
        { start: 0, end: 1 },
        { start: 2, end: 7 },
        { start: 9, end: 10 },
      ],
      ids: ["r2", "r9", "r0"],
    });
    table.put("new", { n: 7.5 });
    table.put("r9", undefined);
    expect(publish()).toEqual({ reset: false, ranges: [{ start: 8, end: Infinity }], ids: ["new", "r9"] });
    expect(publish(["gone"])).toBeUndefined();
  });

  test("I26 a large batch is one range, a very large one and a status of every row a reset", () => {
    const table = new Table(12_000);
    const told: ViewEffect[] = [];
    const view = table.views.openOrdered(byNumber);
    view.idAt(11_999);
    view.subscribe((effect) => told.push(effect));
    const change = (from: number, count: number): void => {
      const changes: RowChange[] = [];
      for (let at = from; at < from + count; at++) {
        const after = { n: at, kind: "other" };
        changes.push({ id: `r${at}`, before: table.rows.get(`r${at}`), after });
        table.rows.set(`r${at}`, after);
      }
      table.views.apply(changes);
      table.views.notify([]);
    };
    change(100, 200);
    expect(told.pop()).toMatchObject({ reset: false, ranges: [{ start: 100, end: 300 }] });
    change(0, 11_000);
    expect(told.pop()).toEqual({ reset: true, ranges: [], ids: [] });
    table.views.notify(undefined);
    expect(told.pop()).toEqual({ reset: true, ranges: [], ids: [] });
    expect(told).toEqual([]);
  });

  test("I26 many places in small steps become one range", () => {
    const table = new Table(1_000);
    const told: ViewEffect[] = [];
    const view = table.views.openOrdered(byNumber);
    view.idAt(999);
    view.subscribe((effect) => told.push(effect));
    for (let at = 300; at < 900; at += 3) table.put(`r${at}`, { n: at, kind: "other" });
    table.views.notify([]);
    expect(told[0]?.ranges.length).toBeLessThan(101);
    expect(told[0]?.ranges[0]?.start).toBe(300);
    expect(told[0]?.ranges.at(-1)?.end).toBe(898);
    expect(told[0]?.ids).toHaveLength(200);
  });
});

describe("values", () => {
  test("I27 they follow the rows, a count is taken from the order of the same rows", () => {
    const table = new Table(100);
    const order = table.views.openOrdered(inKind(3));
    const count = table.views.openAggregate(inKind(3), { kind: "count" });
    expect(table.looksDuring(() => expect(count.value).toBe(10))).toBe(0);
    expect(table.views.openAggregate(everything, { kind: "count" }).value).toBe(100);
    const sum = table.views.openAggregate(inKind(3), { kind: "sum", column: "n" });
    const all = table.views.openReduction(everything, {
      fn: (kinds: readonly unknown[], row) => [...kinds, row["kind"]],
      initial: [],
    });
    expect(sum.value).toBe(480);
    let told = 0;
    sum.subscribe(() => (told += 1));
    all.subscribe(() => (told += 100));
    table.put("r3", { n: 4, kind: 3 });
    table.views.notify(["r13"]);
    expect([count.value, order.count, sum.value, told]).toEqual([10, 10, 481, 101]);
    table.views.notify(["r13"]);
    expect(told).toBe(101);
    expect(all.value).toHaveLength(100);
    all.release();
    table.views.reset();
    table.views.notify([]);
    expect([sum.value, told]).toEqual([481, 102]);
  });

  test("I27 a value that makes no sense is refused and keeps nothing", () => {
    const { views } = new Table(1);
    expect(() => views.openAggregate(everything, { kind: "sum" })).toThrow(
      expect.objectContaining({ code: "invalid" }),
    );
    expect(views.size).toBe(0);
  });
});

describe("listeners and failures", () => {
  test("I28 one that throws keeps nobody from being told", () => {
    const errors: unknown[] = [];
    const quiet = new Table(5, { onListenerError: (error) => errors.push(error) });
    const loud = new Table(5);
    for (const { views } of [quiet, loud]) {
      const view = views.openOrdered(byNumber);
      view.subscribe(() => {
        throw new Error("first");
      });
      views.openOrdered(everything).subscribe(() => {
        throw new Error("second");
      });
    }
    let told = 0;
    for (const { views } of [quiet, loud]) views.openOrdered(byNumber).subscribe(() => (told += 1));
    quiet.put("r1", { n: 7 });
    quiet.views.notify([]);
    expect(errors).toEqual([new Error("first"), new Error("second")]);
    loud.put("r1", { n: 7 });
    expect(() => loud.views.notify([])).toThrow("first");
    expect(told).toBe(2);
    loud.views.notify([]);
  });

  test("I28 who comes or goes while others are told is not told; what a listener changes is told next time", () => {
    const table = new Table(5);
    const view = table.views.openOrdered(byNumber);
    const told: string[] = [];
    const leave = view.subscribe(() => {
      told.push("first");
      leave();
      gone();
      view.subscribe(() => told.push("late"));
      table.put("r1", { n: 9 });
    });
    const gone = view.subscribe(() => told.push("gone"));
    table.put("r0", { n: 8 });
    table.views.notify([]);
    expect(told.splice(0)).toEqual(["first"]);
    table.views.notify([]);
    expect(told).toEqual(["late"]);
  });

  test("I28 a change that can't be applied makes every view start over", () => {
    const table = new Table(5);
    const view = table.views.openOrdered(byNumber);
    const told: ViewEffect[] = [];
    view.subscribe((effect) => told.push(effect));
    table.rows.set("r1", { n: 9 });
    expect(() => table.views.apply([{ id: "r1", before: { n: 77 }, after: { n: 9 } }])).toThrow("r1");
    table.views.notify([]);
    expect(told).toEqual([{ reset: true, ranges: [], ids: [] }]);
    expect(view.idsBetween(0, 9)).toEqual(["r0", "r2", "r3", "r4", "r1"]);
  });
});

describe("orders of other sessions", () => {
  test("I29 an adopted order is the view, and goes on as any other", async () => {
    const table = new Table(0);
    table.rows.set("a", { n: 1 });
    const rest = { count: 1, isThere: false };
    const order = new LazyOrder(LazyOrder.over(byNumber.order, ["a"], [{ n: 1 }]).index ?? never(), {
      count: rest.count,
      step: () => false,
      finish: () => (rest.isThere ? LazyOrder.over(byNumber.order, ["z"], [{ n: 9 }]).index : undefined),
    });
    const view = table.views.adoptOrdered(byNumber, order);
    expect([view.count, view.prepared, view.idAt(0), view.idAt(1)]).toEqual([2, 1, "a", undefined]);
    expect([...table.views.keptOrders()]).toEqual([]);
    const complete = view.whenComplete();
    table.runSteps();
    table.rows.set("z", { n: 9 });
    table.put("b", { n: 0 });
    rest.isThere = true;
    void view.whenComplete();
    table.runSteps();
    await complete;
    expect(view.idsBetween(0, 9)).toEqual(["b", "a", "z"]);
  });

  test("I29 the orders that are kept are those of whole views, as the rows are now", () => {
    const table = new Table(10);
    const { views } = table;
    views.openOrdered(everything);
    views.openOrdered(byNumber).release();
    table.put("r0", { n: 20 });
    const [kept, ...more] = [...views.keptOrders()];
    expect(more).toEqual([]);
    expect(kept?.query).toBe(byNumber);
    expect(kept?.order.idAt(9)).toBe("r0");
    views.close();
    expect(views.size).toBe(0);
    expect([...views.keptOrders()]).toEqual([]);
  });

  test("I29 views are not opened before the rows are there", () => {
    const rows = Object.assign(new PlainRows(), { isLoaded: false });
    const views = new ViewSet(rows, { searchColumns: () => undefined, schedule: () => undefined });
    expect(() => views.openOrdered(byNumber)).toThrow("loaded");
    expect(() => views.openAggregate(byNumber, { kind: "count" })).toThrow("loaded");
  });
});

function never(): never {
  throw new Error("an order of one row is complete");
}
