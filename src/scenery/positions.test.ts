import { array, assert, constantFrom, nat, option, property, record } from "fast-check";
import { expect, test } from "vitest";
import { runs } from "../../test/properties/runs.ts";
import { Positions } from "./positions.ts";

test("S21 a position is known or not, and a row may be known to be missing there", () => {
  const positions = new Positions();
  positions.put(1_000_000, "far");
  positions.put(1_000_001, null);
  expect([positions.known, positions.size, positions.end]).toEqual([2, 1, 1_000_001]);
  expect([positions.idAt(1_000_000), positions.idAt(1_000_001), positions.idAt(7)]).toEqual([
    "far",
    undefined,
    undefined,
  ]);
  expect([positions.indexOf("far"), positions.indexOf("near")]).toEqual([1_000_000, -1]);
  expect(positions.firstMissing(1_000_000, 1_000_005)).toBe(1_000_002);
  positions.forgetEmpty(1_000_000);
  positions.forgetEmpty(1_000_001);
  expect(positions.firstMissing(1_000_000, 1_000_005)).toBe(1_000_001);
});

test("S21 positions beyond what 32 bits hold are positions", () => {
  const positions = new Positions();
  const far = 2 ** 40 + 3;
  positions.put(far, "far");
  expect([positions.idAt(far), positions.indexOf("far"), positions.end]).toEqual(["far", far, far + 1]);
  expect(positions.firstMissing(far, far + 3)).toBe(far + 1);
  expect(positions.startOfRun(far - 10, far + 1)).toBe(far);
});

test("S21 it does the same as a plain list, whatever is put and forgotten", () => {
  const step = record({
    act: constantFrom("put", "put", "put", "forgetFrom", "forgetEmpty"),
    index: nat(600),
    length: nat(300),
    id: option(nat(400)),
  });
  const check = property(array(step, { maxLength: 12 }), (steps) => {
    const positions = new Positions();
    const plain: (string | null | undefined)[] = [];
    for (const { act, index, length, id } of steps) {
      for (let at = index; act === "put" && at < index + length; at++) {
        const put = id === null ? null : `row ${id + at}`;
        positions.put(at, put);
        const old = put === null ? -1 : plain.indexOf(put);
        if (old !== -1) plain[old] = null;
        plain[at] = put;
      }
      if (act === "forgetFrom") {
        positions.forgetFrom(index);
        plain.length = Math.min(plain.length, index);
      }
      if (act === "forgetEmpty") {
        positions.forgetEmpty(index);
        if (plain[index] === null) plain[index] = undefined;
      }
    }
    compare(positions, plain);
  });
  assert(check, runs(300));
});

function compare(positions: Positions, plain: readonly (string | null | undefined)[]): void {
  const slots = Array.from(plain);
  const ids = slots.filter((slot) => typeof slot === "string");
  expect(slots.map((_, at) => positions.idAt(at))).toEqual(slots.map((slot) => slot ?? undefined));
  const shift = slots.length >> 2;
  expect(positions.idsBetween(shift, slots.length + 5)).toEqual([
    ...slots.slice(shift).map((slot) => slot ?? undefined),
    ...Array.from({ length: 5 }, () => undefined),
  ]);
  expect(positions.known).toBe(slots.filter((slot) => slot !== undefined).length);
  expect(positions.size).toBe(ids.length);
  expect(positions.end).toBe(slots.findLastIndex((slot) => typeof slot === "string") + 1);
  expect([...positions.entries()].sort(([, a], [, b]) => a - b).map(([id]) => id)).toEqual(ids);
  for (let start = 0; start <= 900; start += 37) {
    const end = start + 150;
    const isKnown = (at: number): boolean => slots[at] !== undefined;
    const span = Array.from({ length: end - start }, (_, at) => start + at);
    expect(positions.firstMissing(start, end)).toBe(span.find((at) => !isKnown(at)));
    const gap = span.findLast((at) => !isKnown(at));
    expect(positions.startOfRun(start, end)).toBe(gap === undefined ? start : gap + 1);
  }
}

test("S21 changes tell what stood where, once, from the first write on", () => {
  const positions = new Positions();
  positions.put(3, "a");
  positions.put(4, "b");
  expect([...positions.takeChanges()]).toEqual([
    [3, undefined],
    [4, undefined],
  ]);
  positions.put(4, "a");
  positions.put(3, "c");
  positions.put(4, "a");
  expect([...positions.takeChanges()]).toEqual([
    [3, "a"],
    [4, "b"],
  ]);
  expect(positions.takeChanges().size).toBe(0);
});
