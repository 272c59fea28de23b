import fc from "fast-check";
import type { ConditionInput, OrderInput, WriteRequest } from "vantage-diorama";
import type { CacheKind } from "../../src/testing/oracle.ts";
import type { Fate } from "../../src/testing/oracle-ops.ts";
import { wholeOnly } from "./whole-only.ts";

// What can happen to a Dio, and to the process that it lives in.

export const IDS = ["a", "b", "c", "d", "__proto__"];
const id = fc.constantFrom(...IDS);
const category = fc.constantFrom("tarts", "buns", "Tea");
const price = fc.constantFrom(1, 2, 3, null);
const cells = fc.record({ category, price });
const partial = fc.record({ category, price }, { requiredKeys: [] });

const conditions: fc.Arbitrary<readonly ConditionInput[]> = fc.array(
  fc.oneof(
    category.map((value): ConditionInput => ["category", "=", value]),
    fc.constantFrom<ConditionInput>(["price", "<", 3], ["price", "is null"], ["category", "contains", "u"]),
    fc.array(id, { minLength: 1, maxLength: 2 }).map((ids): ConditionInput => ["id", "in", ids]),
  ),
  { maxLength: 2 },
);
const order = fc.array(fc.constantFrom<OrderInput>(["price", "desc"], ["category", "asc"], ["id", "desc"]), {
  maxLength: 2,
});
const query = fc.record({ conditions, order, search: fc.constantFrom("", "", "t", "B") });
export type Asked = typeof query extends fc.Arbitrary<infer T> ? T : never;

const request: fc.Arbitrary<WriteRequest> = fc.oneof(
  fc.record({ kind: fc.constantFrom("insert", "replace"), id, row: cells }),
  fc.record({ kind: fc.constant("patch"), id, partial }),
  fc.record({ kind: fc.constant("delete"), id }),
);

export type Shape = "list" | "page" | "window" | "count" | "walk" | "first";

/** Without particulars. */
export type Simple =
  | "refresh"
  | "failed refresh"
  | "invalidate all"
  | "invalidated"
  | "time"
  | "clear"
  | "delete all";

const shape = fc.constantFrom<Shape>("list", "page", "window", "count", "walk", "first");
const simple = fc.constantFrom<Simple>(
  "refresh",
  "failed refresh",
  "invalidate all",
  "invalidated",
  "time",
  "clear",
  "delete all",
);
export const command = fc.oneof(
  { arbitrary: fc.record({ do: fc.constant("write"), request, handle: fc.boolean() }), weight: 8 },
  {
    arbitrary: fc.record({
      do: fc.constant("burst"),
      requests: fc.array(request, { minLength: 2, maxLength: 5 }),
    }),
    weight: 3,
  },
  { arbitrary: fc.record({ do: fc.constant("add"), id, row: cells }), weight: 1 },
  { arbitrary: fc.record({ do: fc.constant("delete where"), query }), weight: 1 },
  {
    arbitrary: fc.record({ do: fc.constant("fail"), fate: fc.constantFrom<Fate>("down", "down", "refused") }),
    weight: 4,
  },
  { arbitrary: fc.record({ do: fc.constant("read"), query, shape }), weight: 8 },
  { arbitrary: fc.record({ do: fc.constant("get"), id }), weight: 4 },
  {
    arbitrary: fc.record({ do: fc.constant("upstream"), id, row: fc.option(cells, { nil: undefined }) }),
    weight: 4,
  },
  {
    arbitrary: fc.record({ do: fc.constant("event"), id, row: fc.option(cells, { nil: undefined }) }),
    weight: 3,
  },
  { arbitrary: fc.record({ do: fc.constant("told"), id }), weight: 2 },
  {
    arbitrary: fc.record({ do: fc.constant("cache"), id, row: fc.option(cells, { nil: undefined }) }),
    weight: 3,
  },
  {
    arbitrary: fc.record({
      do: fc.constantFrom("replace all", "insert all"),
      rows: fc.array(fc.tuple(id, cells), { maxLength: 3 }),
    }),
    weight: 2,
  },
  { arbitrary: fc.record({ do: fc.constant("invalidate"), id }), weight: 2 },
  { arbitrary: fc.record({ do: simple }), weight: 4 },
);
export type Command = typeof command extends fc.Arbitrary<infer T> ? T : never;

const capabilities = fc.constantFrom(
  {},
  wholeOnly,
  { ...wholeOnly, canMatch: true },
  { canOrder: false, canSearch: false },
);
export const setting = fc.record({
  cache: fc.constantFrom<CacheKind>("complete", "complete", "incomplete", "incomplete", "filled", "none"),
  capabilities,
  rows: fc.uniqueArray(fc.tuple(id, cells), { selector: ([each]) => each, maxLength: 4 }),
});
export type Setting = (typeof setting extends fc.Arbitrary<infer T> ? T : never) & {
  /** Sceneries are open over a complete cache. */
  readonly isShown?: true;
};
// Of a master that is only ever read whole: what a Scenery needs is always everything.
export const shownSetting = setting.map((given): Setting => ({
  ...given,
  cache: "complete",
  capabilities: wholeOnly,
  isShown: true,
}));

const requests = fc.array(request, { minLength: 1, maxLength: 5 });

/** What happens to the Lens and its process, or to more than one Dio. */
const lifeCommand = fc.oneof(
  { arbitrary: fc.record({ do: fc.constantFrom("close", "crash", "flush", "suspend") }), weight: 4 },
  {
    arbitrary: fc.record({
      do: fc.constant("crash during"),
      requests,
      /** Of the event loop, until the process ends. */
      turns: fc.nat(12),
      isOffline: fc.boolean(),
    }),
    weight: 2,
  },
  { arbitrary: fc.record({ do: fc.constant("offline"), requests, place: fc.nat(3) }), weight: 2 },
  { arbitrary: fc.record({ do: fc.constant("withdraw"), place: fc.nat(2) }), weight: 2 },
  {
    arbitrary: fc.record({
      do: fc.constant("jump"),
      hours: fc.constantFrom(-87_660, -1, 1, 87_660),
    }),
    weight: 1,
  },
  {
    arbitrary: fc.record({
      do: fc.constant("reload"),
      rows: fc.uniqueArray(fc.tuple(id, cells), { selector: ([each]) => each, maxLength: 4 }),
    }),
    weight: 1,
  },
);
export type LifeCommand = typeof lifeCommand extends fc.Arbitrary<infer T> ? T : never;

/** A step, and which of the Dios it is about. */
export const step = fc.record({
  of: fc.nat(1),
  command: fc.oneof({ arbitrary: command, weight: 9 }, { arbitrary: lifeCommand, weight: 2 }),
});
export type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

const tables = fc
  .array(fc.oneof({ arbitrary: setting, weight: 4 }, { arbitrary: shownSetting, weight: 1 }), {
    minLength: 1,
    maxLength: 2,
  })
  // A Lens has one cache.
  .map((given) => given.filter(({ cache }) => (cache === "none") === (given[0]?.cache === "none")));

/** What becomes of a dead letter: it is given up, or sent once more, as it is or with another content. */
const decision = fc.oneof(
  fc.record({ letter: fc.constantFrom("discard", "retry") }),
  fc.record({ letter: fc.constant("edit"), row: cells, partial }),
);
export type Decision = typeof decision extends fc.Arbitrary<infer T> ? T : never;

/** Of a process whose files outlive it. */
export const lifeSetting = fc.record({
  tables,
  /** Whether the rows are kept as well as the queued writes. */
  keepsRows: fc.constantFrom(true, true, true, false),
  decision,
});
export type LifeSetting = typeof lifeSetting extends fc.Arbitrary<infer T> ? T : never;
