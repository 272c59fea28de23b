import type { Parameters } from "fast-check";

/**
 * How often a property runs. Its seed comes from DIORAMA_SEED where that is set, else it is drawn anew;
 * a failure prints the seed that replays it.
 */
export function runs(count: number): Parameters<unknown> {
  const seed = process.env["DIORAMA_SEED"];
  return seed === undefined ? { numRuns: count } : { numRuns: count, seed: Number(seed) };
}
