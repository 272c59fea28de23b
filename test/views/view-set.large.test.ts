import { describe, expect, onTestFinished, test } from "vitest";
import { NaiveView, PlainRows } from "./naive-views.ts";
import { condition, evaluate, everything, narrow, orderedBy, type Query } from "../../src/query/index.ts";
import type { Row, Value } from "../../src/record/index.ts";
import { createRandom } from "../../src/testing/index.ts";
import type { RowChange } from "../../src/views/row-change.ts";
import type { OrderedView, ViewEffect } from "../../src/views/view-contract.ts";
import { ViewSet } from "../../src/views/view-set.ts";

/** More rows than an order shows at once, so that it is under way for a while. */
const ROWS = 1_600;

type Random = ReturnType<typeof createRandom>;

const odd: readonly Value[] = ["odd", true, 2n ** 60n, [1], new Date(3), Number.MAX_VALUE, NaN, null];

/** A view set over many rows, whose work behind is done only where a test says so. */
class Large {
  readonly rows = new PlainRows();
  readonly views: ViewSet;
  readonly #work: (() => boolean)[] = [];
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
    for (let at = 0; at < ROWS; at++) this.rows.set(`k${at}`, this.row(false));
    this.views = new ViewSet(this.rows, {
      searchColumns: () => undefined,
      schedule: (step) => this.#work.push(step),
    });
    onTestFinished(() => this.views.close());
  }

  row(isOdd: boolean): Row {
    return {
      n: isOdd ? this.#random.pick(odd) : this.#random.integer(0, 300) / 4,
      c: this.#random.integer(0, 3),
    };
  }

  /** Some rows come, go, or change, seldom to a cell of another type. */
  change(count: number): void {
    const changes: RowChange[] = [];
    const start = this.#random.integer(0, ROWS);
    for (let at = start; at < start + count; at++) {
      const id = `k${at}`;
      const before = this.rows.get(id);
      const after = this.#random.chance(0.2) ? undefined : this.row(this.#random.chance(0.01));
      if (before === undefined && after === undefined) continue;
      this.rows.set(id, after);
      changes.push({ id, before, after });
    }
    this.views.apply(changes);
  }

  step(): void {
    for (const step of this.#work.splice(0)) if (step()) this.#work.push(step);
  }

  ids(query: Query): string[] {
    return evaluate(this.rows.entries(), query, undefined).map(([id]) => id);
  }
}

function heard(view: OrderedView): ViewEffect[] {
  const told: ViewEffect[] = [];
  view.subscribe((effect) => told.push(effect));
  return told;
}

const byNumber = orderedBy(everything, "n");
const oneGroup = narrow(everything, condition("c", "=", 1));

describe("views of many rows", () => {
  test.each([1, 2, 3, 4, 5, 6])(
    "I6 I24 I26 changes while orders are under way are told and shown (%i)",
    (seed) => {
      const random = createRandom(seed);
      const large = new Large(random);
      const queries = [byNumber, orderedBy(everything, ["n", "desc"]), orderedBy(everything, "c", "n")];
      const open = queries.map((query) => {
        const view = large.views.openOrdered(query);
        return { query, view, told: heard(view), naive: new NaiveView(large.rows, query, undefined) };
      });
      for (let round = 0; round < 24; round++) {
        large.change(random.pick([1, 2, 40, 120, 500]));
        for (const { naive } of open) naive.look();
        if (round % 3 === 0) large.step();
        const touched = [`k${random.integer(0, ROWS - 1)}`];
        large.views.notify(touched);
        for (const { view, query, told, naive } of open) {
          expect(naive.publish(told.splice(0), touched, { mayReset: false, isExact: true })).toBeUndefined();
          const expected = large.ids(query);
          expect(view.count).toBe(expected.length);
          expect(view.idsBetween(0, view.prepared)).toEqual(expected.slice(0, view.prepared));
        }
      }
      for (const { view, query } of open) expect(view.idsBetween(0, Infinity)).toEqual(large.ids(query));
    },
  );

  test("I20 I23 a view without an order is found through one in another order", () => {
    const large = new Large(createRandom(7));
    large.views.openOrdered(everything);
    large.change(300);
    large.step();
    // It has few rows, which are cheaper to look up than to come by; its order is completed for that.
    const few = orderedBy(narrow(oneGroup, condition("n", "<", 20)), ["n", "desc"]);
    const base = large.views.openOrdered(few);
    expect(base.count).toBeLessThan(ROWS / 8);
    const narrower = narrow(oneGroup, condition("n", "<", 20), condition("n", ">", 5));
    expect(large.views.openOrdered(narrower).idsBetween(0, Infinity)).toEqual(large.ids(narrower));
  });

  test("I19 I28 a reduction starts over where rows changed too much to follow, and ends with the set", () => {
    const large = new Large(createRandom(8));
    const view = large.views.openReduction(oneGroup, { fn: (count: number) => count + 1, initial: 0 });
    let told = 0;
    view.subscribe(() => (told += 1));
    expect(view.value).toBe(large.ids(oneGroup).length);
    large.rows.clear();
    large.rows.set("k1", { n: 1, c: 1 });
    large.views.reset();
    large.views.notify([]);
    expect([view.value, told]).toEqual([1, 1]);
  });

  test("I22 I29 an order that slept through more than it can catch up with is not kept", () => {
    const large = new Large(createRandom(9));
    const view = large.views.openOrdered(byNumber);
    view.idAt(ROWS - 1);
    expect([...large.views.keptOrders()].length).toBe(1);
    view.release();
    for (let round = 0; round < 4; round++) large.change(500);
    expect([...large.views.keptOrders()]).toEqual([]);
    expect(large.views.size).toBe(0);
    expect(large.views.openOrdered(byNumber).idsBetween(0, Infinity)).toEqual(large.ids(byNumber));
  });

  test("I24 who waits for an order that is reset meanwhile is answered without a read", async () => {
    const large = new Large(createRandom(10));
    const view = large.views.openOrdered(byNumber);
    const complete = view.whenComplete();
    large.rows.clear();
    large.rows.set("k1", { n: 1, c: 1 });
    large.views.reset();
    large.views.notify([]);
    await complete;
    expect(view.idsBetween(0, 9)).toEqual(["k1"]);
  });
});
