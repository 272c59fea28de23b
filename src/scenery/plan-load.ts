import type { Range } from "../views/index.ts";

/** Which positions of a table need not be asked for. */
export interface HeldPositions {
  /** The first position of `[start, end)` that is not held. */
  firstMissing(start: number, end: number): number | undefined;
  /** Where the held positions begin that reach up to `end`, not before `start`; `end` where the last is missing. */
  startOfRun(start: number, end: number): number;
}

/** What a viewport is to be loaded from. */
export interface LoadNeed {
  readonly viewport: Range;
  readonly held: HeldPositions;
  /** At least 1. */
  readonly pageSize: number;
  /** The viewport is of interest up to here; Infinity: nobody knows an end. */
  readonly total: number;
  /** No load goes past it; not below `total`. Beyond a total that is a guess there may be more. */
  readonly limit: number;
}

/**
 * The next range to load, at most a page, so that a viewport is covered when this is asked again after each load
 * until it answers nothing. Only the end held: the page that ends where held rows begin; else the page from the
 * first position that is missing.
 */
export function planLoad({ viewport, held, pageSize, total, limit }: LoadNeed): Range | undefined {
  const { start } = viewport;
  const end = Math.min(viewport.end, total);
  if (!(start < end)) return undefined;
  const missing = held.firstMissing(start, end);
  if (missing === undefined) return undefined;
  const runStart = missing === start ? held.startOfRun(start, end) : end;
  if (runStart < end) return { start: Math.max(0, runStart - pageSize), end: runStart };
  return { start: missing, end: Math.min(missing + pageSize, limit) };
}
