import { needs, type Query } from "../query/index.ts";
import type { Capabilities } from "../vista/index.ts";

/** What a read wants of its query. */
export type ReadShape = "rows" | "count" | "page" | "window";

/** What a read knows when it decides. */
export interface Situation {
  /** The cache holds every row. */
  readonly complete: boolean;
  /** A read of everything is under way. */
  readonly seeding: boolean;
  readonly hasOnQuery: boolean;
  /** The cache keeps rows at all. */
  readonly keeps: boolean;
  /** Queued writes are shown. */
  readonly pending: boolean;
  readonly master: Capabilities;
}

/**
 * How a read is answered. `local`: from the rows in memory. `join`: after the seed that is running. `fill`:
 * by onQuery, then locally. `push`: the master answers `pushed`, the overlay and the rest are done here;
 * `whole`: nothing is left to do here. `readAll`: the master is read once, whole.
 */
export type ReadPlan =
  | { readonly kind: "local" | "join" | "fill" | "readAll" }
  | { readonly kind: "push"; readonly pushed: Query; readonly whole: boolean };

export function planRead(query: Query, shape: ReadShape, situation: Situation): ReadPlan {
  if (situation.complete) return { kind: "local" };
  if (situation.seeding) return { kind: "join" };
  if (situation.hasOnQuery && situation.keeps) return { kind: "fill" };
  return planPush(query, shape, situation) ?? { kind: "readAll" };
}

function planPush(query: Query, shape: ReadShape, { master, pending }: Situation): ReadPlan | undefined {
  const lacks = new Set(needs(query).filter((need) => !master[need]));
  if (lacks.has("canMatch") || lacks.has("canFilter")) return undefined;
  const search = !lacks.has("canSearch");
  // With writes pending, the master's page, order and count are of other rows than the reader's.
  const whole = lacks.size === 0 && !pending && canAnswer(shape, master);
  if (whole && shape !== "rows") return { kind: "push", pushed: query, whole };
  const narrows = query.conditions.length > 0 || (search && query.search !== undefined);
  if (!narrows) return undefined;
  const pushed = { conditions: query.conditions, order: [], search: search ? query.search : undefined };
  return { kind: "push", pushed: whole ? query : pushed, whole };
}

function canAnswer(shape: ReadShape, master: Capabilities): boolean {
  switch (shape) {
    case "rows":
      return true;
    case "count":
      return master.canCount;
    case "page":
      return master.canFetchPage || master.canFetchWindow;
    case "window":
      return master.canFetchWindow;
  }
}
