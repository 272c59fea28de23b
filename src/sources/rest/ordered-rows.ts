import { compileOrder, type OrderTerm } from "../../query/index.ts";
import type { Entry } from "../../record/index.ts";
import type { RestPlan } from "./plan-query.ts";

type Batches = AsyncIterable<readonly Entry[]>;

/** The batches in the order of the plan, as far as the API didn't make it. */
export function inOrder(batches: Batches, plan: RestPlan): Batches {
  if (plan.order === "here") return sorted(batches, plan.query.order);
  return plan.order === "ties" ? tiesSorted(batches, plan) : batches;
}

async function* sorted(batches: Batches, order: readonly OrderTerm[]): AsyncGenerator<readonly Entry[]> {
  const all: Entry[] = [];
  for await (const batch of batches) for (const entry of batch) all.push(entry);
  if (all.length > 0) yield sortEntries(all, order);
}

/** Holds back the rows of one rank until the next rank begins. */
async function* tiesSorted(batches: Batches, plan: RestPlan): AsyncGenerator<readonly Entry[]> {
  let held: Entry[] = [];
  for await (const batch of batches) {
    held.push(...batch);
    const last = held.at(-1);
    if (last === undefined) continue;
    const start = held.findIndex(([, row]) => plan.byRank(row, last[1]) === 0);
    if (start > 0) {
      yield sortEntries(held.slice(0, start), plan.query.order);
      held = held.slice(start);
    }
  }
  if (held.length > 0) yield sortEntries(held, plan.query.order);
}

/** In this order, ties by id. */
export function sortEntries(entries: readonly Entry[], order: readonly OrderTerm[]): readonly Entry[] {
  const compare = compileOrder(order);
  return entries.toSorted((a, b) => compare(a[0], a[1], b[0], b[1]));
}
