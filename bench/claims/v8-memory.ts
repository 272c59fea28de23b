import type { Claim } from "../claim.ts";
import { measureMemory } from "../measure-memory.ts";

/** What rows and an order take, each in a process of its own. */
export const claim: Claim = {
  id: "V8",
  title: "memory of the rows and of an order",
  left: "a cached row keeps its time of fetching and its place beside the object; an order keeps its packed key and a reference to the id.",
  async run({ rows }) {
    const size = Math.min(rows, 100_000);
    const limit = measureMemory("limit", size);
    const ours = measureMemory("ours", size);
    if (limit === undefined || ours === undefined) throw new Error("it took too long");
    const of = `${size.toLocaleString("en")} rows`;
    return {
      findings: [
        {
          work: `${of}, a cached row`,
          against: "the plain object in a Map",
          ours: ours.store,
          limit: limit.store,
          unit: "bytes a row",
          ratio: ours.store / limit.store,
          target: 1.15,
        },
        {
          work: `${of}, an order by price`,
          against: "32 bytes a row",
          ours: ours.view,
          limit: 32,
          unit: "bytes a row",
          ratio: ours.view / 32,
          target: 1,
          note: `a hundred windows on it take ${(ours.windows ?? 0).toFixed(1)} more; the limit's order takes ${limit.view.toFixed(0)}`,
        },
      ],
    };
  },
};
