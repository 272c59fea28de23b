import type { Parameters } from "fast-check";

/**
 * How often a property runs: `count` times, times DIORAMA_RUNS where that is set (a soak). Its seed comes
 * from DIORAMA_SEED where that is set, else it is drawn anew; a failure prints the seed that replays it.
 */
export function runs(count: number): Parameters<unknown> {
  const seed = process.env["DIORAMA_SEED"];
  const numRuns = Math.ceil(count * Number(process.env["DIORAMA_RUNS"] ?? 1));
  return seed === undefined ? { numRuns } : { numRuns, seed: Number(seed) };
}
