import fc from "fast-check";
import { expect, test } from "vitest";
import { type OrderCase, orderCase, someId } from "../../test/properties/arbitrary-orders.ts";
import { runs } from "../../test/properties/runs.ts";
import { compileOrder } from "../query/index.ts";
import type { Row } from "../record/index.ts";
import { LazyOrder } from "./lazy-order.ts";
import { OrderAssembler } from "./order-assembler.ts";
import { OrderIndex } from "./order-index.ts";
import type { RowChange } from "./row-change.ts";

type Step =
  | { readonly kind: "put"; readonly id: string; readonly row: Row }
  | { readonly kind: "drop"; readonly id: string }
  | {
      readonly kind: "batch";
      readonly puts: readonly (readonly [string, Row])[];
      readonly drops: readonly string[];
    }
  | { readonly kind: "read"; readonly rank: number }
  | { readonly kind: "find"; readonly id: string }
  | { readonly kind: "step" };

const stepOf = (rows: fc.Arbitrary<Row>): fc.Arbitrary<Step> =>
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ kind: fc.constant("put" as const), id: someId, row: rows }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant("drop" as const), id: someId }) },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant("batch" as const),
        puts: fc.array(fc.tuple(someId, rows), { maxLength: 12 }),
        drops: fc.array(someId, { maxLength: 6 }),
      }),
    },
  );

/** The same, with what completes an order now and then. */
const lazyStepOf = (rows: fc.Arbitrary<Row>): fc.Arbitrary<Step> =>
  fc.oneof(
    { weight: 20, arbitrary: stepOf(rows) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("step" as const) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("read" as const), rank: fc.nat(45) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("find" as const), id: someId }) },
  );

interface Story {
  readonly orderCase: OrderCase;
  readonly start: readonly (readonly [string, Row])[];
  readonly steps: readonly Step[];
}

const story: fc.Arbitrary<Story> = orderCase.chain((chosen) =>
  fc.record({
    orderCase: fc.constant(chosen),
    start: fc.array(fc.tuple(someId, chosen.rows), { maxLength: 45 }),
    steps: fc.array(stepOf(chosen.rows), { maxLength: 40 }),
  }),
);

/** Of so many rows that only the first of them are ordered at once. */
const lazyStory: fc.Arbitrary<Story & { readonly first: number }> = orderCase.chain((chosen) =>
  fc.record({
    orderCase: fc.constant(chosen),
    start: fc.array(fc.tuple(someId, chosen.rows), { minLength: 40, maxLength: 60 }),
    steps: fc.array(lazyStepOf(chosen.rows), { maxLength: 40 }),
    first: fc.integer({ min: 1, max: 3 }),
  }),
);

/** The ids of a map in order, from scratch. */
function fromScratch(rows: ReadonlyMap<string, Row>, { order }: OrderCase): string[] {
  const compare = compileOrder(order);
  return [...rows].sort((a, b) => compare(a[0], a[1], b[0], b[1])).map(([id]) => id);
}

/** What a step does to the rows; each id once. */
function changesOf(step: Step, rows: ReadonlyMap<string, Row>): RowChange[] {
  const after = new Map<string, Row | undefined>();
  if (step.kind === "put") after.set(step.id, step.row);
  if (step.kind === "drop") after.set(step.id, undefined);
  if (step.kind === "batch") {
    for (const id of step.drops) after.set(id, undefined);
    for (const [id, row] of step.puts) after.set(id, row);
  }
  return [...after]
    .map(([id, row]): RowChange => ({ id, before: rows.get(id), after: row }))
    .filter(({ before, after: now }) => before !== undefined || now !== undefined);
}

function enter(rows: Map<string, Row>, changes: readonly RowChange[]): void {
  for (const { id, after } of changes) {
    if (after === undefined) rows.delete(id);
    else rows.set(id, after);
  }
}

function checkIndex(index: OrderIndex, rows: ReadonlyMap<string, Row>, expected: readonly string[]): void {
  expect(index.size).toBe(expected.length);
  expect(index.idsBetween(0, Infinity)).toEqual(expected);
  expect([...index.ids()]).toEqual(expected);
  for (const [rank, id] of expected.entries()) {
    expect(index.idAt(rank)).toBe(id);
    expect(index.rankOf(id, rows.get(id) ?? {})).toBe(rank);
  }
  expect(index.idAt(-1)).toBeUndefined();
  expect(index.idAt(expected.length)).toBeUndefined();
}

/** One change by itself, with what it says about ranks. */
function applyOne(
  index: OrderIndex,
  { id, before, after }: RowChange,
  expected: readonly string[],
  was: readonly string[],
): void {
  if (before !== undefined && after !== undefined) {
    if (index.move(id, before, after)) {
      expect(index.movedFrom).toBe(was.indexOf(id));
      expect(index.movedTo).toBe(expected.indexOf(id));
    } else expect(expected).toEqual(was);
  } else if (before !== undefined) expect(index.remove(id, before)).toBe(was.indexOf(id));
  else if (after !== undefined) expect(index.add(id, after)).toBe(expected.indexOf(id));
}

test("I1 I2 after every step an index equals the same from scratch, and tells the ranks", () => {
  fc.assert(
    fc.property(story, ({ orderCase: chosen, start, steps }) => {
      const rows = new Map(start);
      const index = OrderIndex.build(chosen.order, [...rows.keys()], [...rows.values()]);
      let was = fromScratch(rows, chosen);
      checkIndex(index, rows, was);
      for (const step of steps) {
        for (const change of changesOf(step, rows)) {
          enter(rows, [change]);
          const expected = fromScratch(rows, chosen);
          applyOne(index, change, expected, was);
          was = expected;
        }
        checkIndex(index, rows, was);
      }
    }),
    runs(400),
  );
});

test("I3 I5 an index built entry by entry, by sorting, by one batch and from its own blocks is the same", () => {
  fc.assert(
    fc.property(story, ({ orderCase: chosen, start, steps }) => {
      const rows = new Map(start);
      const built = OrderIndex.build(chosen.order, [...rows.keys()], [...rows.values()]);
      const grown = new OrderIndex(chosen.order);
      for (const [id, row] of rows) grown.add(id, row);
      for (const step of steps) {
        const changes = changesOf(step, rows);
        const was = fromScratch(rows, chosen);
        enter(rows, changes);
        const lowest = built.applyBatch(changes);
        expect(grown.applyBatch(changes)).toBe(lowest);
        const differs = fromScratch(rows, chosen).findIndex((id, rank) => id !== was[rank]);
        if (differs !== -1) expect(lowest).toBeLessThanOrEqual(differs);
      }
      const expected = fromScratch(rows, chosen);
      for (const index of [built, grown]) {
        checkIndex(index, rows, expected);
        const assembler = new OrderAssembler(chosen.order, index.forms);
        for (const block of index.blocks()) expect(assembler.append(block)).toBe(true);
        checkIndex(assembler.finish(), rows, expected);
      }
    }),
    runs(200),
  );
});

test("I6 a lazy order equals the same from scratch, whenever its rest is ordered", () => {
  fc.assert(
    fc.property(lazyStory, ({ orderCase: chosen, start, steps, first }) => {
      const rows = new Map(start);
      const lazy = LazyOrder.over(chosen.order, [...rows.keys()], [...rows.values()], first);
      for (const step of steps) {
        const expected = fromScratch(rows, chosen);
        if (step.kind === "step") lazy.step();
        if (step.kind === "read") expect(lazy.idAt(step.rank)).toBe(expected[step.rank]);
        const row = step.kind === "find" ? rows.get(step.id) : undefined;
        if (step.kind === "find" && row !== undefined) {
          expect(lazy.rankOf(step.id, row)).toBe(expected.indexOf(step.id));
        }
        checkPrepared(lazy, expected);
        const changes = changesOf(step, rows);
        enter(rows, changes);
        lazy.applyBatch(changes);
        checkPrepared(lazy, fromScratch(rows, chosen));
      }
      expect(lazy.finish()).toBe(true);
      expect(lazy.isComplete).toBe(true);
      expect(lazy.index).toBeDefined();
      if (lazy.index !== undefined) checkIndex(lazy.index, rows, fromScratch(rows, chosen));
    }),
    runs(400),
  );
});

function checkPrepared(lazy: LazyOrder, expected: readonly string[]): void {
  const { prepared, isComplete } = lazy;
  expect(lazy.count).toBe(expected.length);
  expect(lazy.idsBetween(0, prepared)).toEqual(expected.slice(0, prepared));
  expect(lazy.isComplete).toBe(isComplete);
  if (isComplete) expect(prepared).toBe(expected.length);
}
