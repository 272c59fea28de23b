import { array, assert, boolean, constant, integer, nat, oneof, property, record, tuple } from "fast-check";
import { describe, expect, test } from "vitest";
import { runs } from "../../test/properties/runs.ts";
import { type HeldPositions, planLoad } from "./plan-load.ts";
import { Positions } from "./positions.ts";

type Pair = readonly [start: number, end: number];

interface Case {
  readonly viewport: Pair;
  readonly held?: readonly Pair[];
  readonly pageSize?: number;
  readonly total?: number;
  readonly limit?: number;
}

const holding = (ranges: readonly Pair[]): Positions => {
  const held = new Positions();
  for (const [start, end] of ranges) for (let index = start; index < end; index++) held.put(index, null);
  return held;
};

const pairs = (ranges: readonly Pair[]): readonly Pair[] => ranges.map(([start, end]) => [start, end]);

function next({ viewport: [start, end], held = [], pageSize = 100, total = 1_000, limit }: Case) {
  const range = planLoad({
    viewport: { start, end },
    held: holding(held),
    pageSize,
    total,
    limit: limit ?? total,
  });
  return range === undefined ? undefined : [range.start, range.end];
}

/** Every load until the viewport is covered. */
function all(given: Case): readonly Pair[] {
  const loads: Pair[] = [];
  const held = [...(given.held ?? [])];
  for (;;) {
    const range = next({ ...given, held });
    if (range === undefined) return pairs(loads);
    const [start = 0, end = 0] = range;
    loads.push([start, end]);
    held.push([start, end]);
    if (loads.length > 1_000) throw new Error("no end");
  }
}

describe("what a viewport loads, of pages of 100 and 1,000 rows", () => {
  test("S20 nothing of it held: a page from its start", () => {
    expect(all({ viewport: [547, 567] })).toEqual([[547, 647]]);
    expect(all({ viewport: [750, 770], held: [[800, 900]] })).toEqual([[750, 850]]);
  });

  test("S20 clamped to the total", () => {
    expect(all({ viewport: [980, 1_000] })).toEqual([[980, 1_000]]);
    expect(all({ viewport: [990, 1_010] })).toEqual([[990, 1_000]]);
    expect(all({ viewport: [1_900, 2_000] })).toEqual([]);
  });

  test("S20 a held viewport loads nothing, nor does an empty one", () => {
    expect(all({ viewport: [547, 567], held: [[547, 647]] })).toEqual([]);
    expect(all({ viewport: [600, 647], held: [[547, 647]] })).toEqual([]);
    expect(all({ viewport: [547, 547] })).toEqual([]);
    expect(all({ viewport: [0, 10], total: 0 })).toEqual([]);
  });

  test("S20 its end held: the page that ends where held rows begin", () => {
    expect(all({ viewport: [760, 780], held: [[770, 900]] })).toEqual([[670, 770]]);
    expect(all({ viewport: [790, 810], held: [[800, 900]] })).toEqual([[700, 800]]);
    expect(all({ viewport: [40, 60], held: [[50, 150]] })).toEqual([[0, 50]]);
  });

  test("S20 its top held: the page after them", () => {
    expect(all({ viewport: [630, 660], held: [[547, 647]] })).toEqual([[647, 747]]);
    expect(all({ viewport: [950, 1_000], held: [[880, 980]] })).toEqual([[980, 1_000]]);
  });

  test("S20 a hole inside: a page from the hole", () => {
    const held: Pair[] = [
      [500, 555],
      [560, 600],
    ];
    expect(all({ viewport: [547, 567], held })).toEqual([[555, 655]]);
    // Neither its top nor its end: a page from its start covers it, or what is left of it is a hole.
    expect(all({ viewport: [547, 567], held: [[555, 560]] })).toEqual([[547, 647]]);
    expect(all({ viewport: [500, 700], held: [[640, 650]] })).toEqual([
      [500, 600],
      [600, 700],
    ]);
  });

  test("S20 repeated until it is covered", () => {
    expect(all({ viewport: [0, 250] })).toEqual([
      [0, 100],
      [100, 200],
      [200, 300],
    ]);
    expect(all({ viewport: [100, 400], held: [[350, 450]] })).toEqual([
      [250, 350],
      [150, 250],
      [50, 150],
    ]);
  });

  test("S20 an end that is a guess or not known stops no page", () => {
    expect(next({ viewport: [980, 1_000], limit: Infinity })).toEqual([980, 1_080]);
    expect(next({ viewport: [1_900, 2_000], limit: Infinity })).toBeUndefined();
    expect(next({ viewport: [1_900, 2_000], total: Infinity })).toEqual([1_900, 2_000]);
  });
});

test("S20 for any viewport and held rows it ends, covers, and asks for no page too many", () => {
  const range = tuple(nat(400), nat(60)).map(([start, length]): Pair => [start, start + length]);
  const given = record({
    viewport: range,
    held: array(range, { maxLength: 6 }),
    pageSize: integer({ min: 1, max: 50 }),
    total: oneof(nat(450), constant(Infinity)),
    isGuess: boolean(),
  });
  const check = property(given, ({ viewport: [start, end], held: ranges, pageSize, total, isGuess }) => {
    const held = holding(ranges);
    const limit = isGuess ? Infinity : total;
    const reach = Math.min(end, total);
    const missing = (): number => countMissing(held, start, reach);
    const mostLoads = missing();
    for (let loads = 0; ; loads++) {
      const before = missing();
      const load = planLoad({ viewport: { start, end }, held, pageSize, total, limit });
      expect(load === undefined).toBe(before === 0);
      if (load === undefined) return;
      expect(loads).toBeLessThan(mostLoads);
      expect(load.start).toBeGreaterThanOrEqual(0);
      expect(load.end - load.start).toBeGreaterThan(0);
      expect(load.end - load.start).toBeLessThanOrEqual(pageSize);
      expect(load.end).toBeLessThanOrEqual(limit);
      for (let index = load.start; index < load.end; index++) held.put(index, null);
      expect(missing()).toBeLessThan(before);
    }
  });
  assert(check, runs(2_000));
});

function countMissing(held: HeldPositions, start: number, end: number): number {
  let count = 0;
  for (let index = start; index < end; index++) if (held.firstMissing(index, index + 1) === index) count += 1;
  return count;
}
