import { expect, test } from "vitest";
import type { Query } from "../query/index.ts";
import { allCapabilityNames, type CapabilityName, memory, type Vista } from "../vista/index.ts";
import { planRead, type ReadShape, type Situation } from "./plan.ts";

const products = memory("products", { id: "id", rows: [{ id: "1", price: 1, name: "roll" }] });

/** The query that a reader of this narrowing asks. */
const queryOf = (narrow: (vista: Vista) => Vista): Query => narrow(products as unknown as Vista).query;

const all = queryOf((vista) => vista);
const matched = queryOf((vista) => vista.where("name", "roll"));
const filtered = queryOf((vista) => vista.where("price", ">", 1));
const ordered = queryOf((vista) => vista.where("name", "roll").orderBy("price"));
const searched = queryOf((vista) => vista.search("ro"));
const both = queryOf((vista) => vista.where("name", "roll").search("ro"));

function situation(can: readonly CapabilityName[], changes: Partial<Situation> = {}): Situation {
  const names = allCapabilityNames.map((name) => [name, can.includes(name)]);
  return {
    complete: false,
    seeding: false,
    hasOnQuery: false,
    keeps: true,
    pending: false,
    master: Object.fromEntries(names) as unknown as Situation["master"],
    ...changes,
  };
}

const everythingCan = [...allCapabilityNames];
const shapes: readonly ReadShape[] = ["rows", "count", "page", "window"];

test("D21 a complete cache answers every query, whatever the master can", () => {
  for (const shape of shapes) {
    for (const query of [all, matched, ordered, searched]) {
      const complete = situation(everythingCan, {
        complete: true,
        hasOnQuery: true,
        seeding: true,
        pending: true,
      });
      expect(planRead(query, shape, complete)).toEqual({ kind: "local" });
    }
  }
});

test("D22 a running seed is joined, else onQuery fills, else it is pushed down, else the master is read whole", () => {
  for (const shape of shapes) {
    expect(planRead(matched, shape, situation(everythingCan, { seeding: true, hasOnQuery: true })).kind).toBe(
      "join",
    );
    expect(planRead(matched, shape, situation(everythingCan, { hasOnQuery: true })).kind).toBe("fill");
    expect(planRead(matched, shape, situation(everythingCan)).kind).toBe("push");
    expect(planRead(matched, shape, situation([])).kind).toBe("readAll");
    // What is not kept can't be filled.
    expect(planRead(all, "rows", situation([], { hasOnQuery: true, keeps: false })).kind).toBe("readAll");
  }
});

test("D22 conditions that the master can't match all are not pushed in part", () => {
  expect(planRead(filtered, "rows", situation(["canMatch"])).kind).toBe("readAll");
  expect(planRead(filtered, "rows", situation(["canMatch", "canFilter"])).kind).toBe("push");
  expect(planRead(searched, "rows", situation(["canMatch", "canFilter"])).kind).toBe("readAll");
  expect(planRead(all, "rows", situation(everythingCan)).kind).toBe("readAll");
});

test("D22 what the master can't search or order is done here", () => {
  const part = { conditions: both.conditions, order: [], search: undefined };
  expect(planRead(both, "rows", situation(["canMatch"]))).toEqual({
    kind: "push",
    pushed: part,
    whole: false,
  });
  expect(planRead(both, "rows", situation(["canMatch", "canSearch"]))).toEqual({
    kind: "push",
    pushed: both,
    whole: true,
  });
  expect(planRead(ordered, "rows", situation(["canMatch"]))).toEqual({
    kind: "push",
    pushed: { conditions: ordered.conditions, order: [], search: undefined },
    whole: false,
  });
});

test("D23 order, page and count are pushed down only where all of the query is and no write is pending", () => {
  const can = (...more: CapabilityName[]): Situation => situation(["canMatch", "canOrder", ...more]);
  const whole = { kind: "push", pushed: ordered, whole: true };
  const inPart = {
    kind: "push",
    pushed: { conditions: ordered.conditions, order: [], search: undefined },
    whole: false,
  };
  expect(planRead(ordered, "rows", can())).toEqual(whole);
  expect(planRead(ordered, "count", can())).toEqual(inPart);
  expect(planRead(ordered, "count", can("canCount"))).toEqual(whole);
  expect(planRead(ordered, "page", can())).toEqual(inPart);
  expect(planRead(ordered, "page", can("canFetchPage"))).toEqual(whole);
  expect(planRead(ordered, "page", can("canFetchWindow"))).toEqual(whole);
  expect(planRead(ordered, "window", can("canFetchPage"))).toEqual(inPart);
  expect(planRead(ordered, "window", can("canFetchWindow"))).toEqual(whole);
  for (const shape of shapes) {
    const pending = { ...situation(everythingCan), pending: true };
    expect(planRead(ordered, shape, pending)).toEqual(inPart);
    expect(planRead(all, shape, pending)).toEqual({ kind: "readAll" });
  }
  // A page of everything needs no read of everything.
  expect(planRead(all, "page", situation(["canFetchPage"]))).toEqual({
    kind: "push",
    pushed: all,
    whole: true,
  });
  expect(planRead(all, "count", situation(["canCount"]))).toEqual({ kind: "push", pushed: all, whole: true });
});
