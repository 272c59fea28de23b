import type { Range, ViewEffect } from "../views/index.ts";
import type { Positions } from "./positions.ts";

/** What differs in more places than this is told as a reset: working it out costs more than reading it again. */
const MAX_TOLD = 10_000;

const reset: ViewEffect = Object.freeze({ reset: true, ranges: [], ids: [] });

/** Nothing is different, or nothing of rows. */
export const noEffect: ViewEffect = Object.freeze({ reset: false, ranges: [], ids: [] });

export function isNothing({ reset: isReset, ranges, ids }: ViewEffect): boolean {
  return !isReset && ranges.length === 0 && ids.length === 0;
}

/** How many positions there were and are: those between came or left. */
export interface RowCounts {
  readonly before: number;
  readonly after: number;
}

/** What was done to these positions, of each of which `changes` has what stood there before. */
export function effectOfChanges(
  changes: ReadonlyMap<number, string | undefined>,
  positions: Pick<Positions, "idAt">,
  counts: RowCounts,
): ViewEffect {
  const indexes: number[] = [];
  const ids = new Set<string>();
  for (const [index, before] of changes) {
    const after = positions.idAt(index);
    if (before === after) continue;
    indexes.push(index);
    if (before !== undefined) ids.add(before);
    if (after !== undefined) ids.add(after);
  }
  if (indexes.length > MAX_TOLD) return reset;
  return { reset: false, ranges: rangesOf(indexes, counts), ids: [...ids] };
}

/** What is different when the one takes the other's place. */
export function effectOfSwap(before: Positions, after: Positions, counts: RowCounts): ViewEffect {
  if (before.size + after.size > MAX_TOLD) return reset;
  const changes = new Map<number, string | undefined>();
  for (const [, index] of after.entries()) changes.set(index, undefined);
  for (const [id, index] of before.entries()) changes.set(index, id);
  return effectOfChanges(changes, after, counts);
}

/** These rows show something else, where they stand; `undefined`: nobody knows which. */
export function effectOfRows(
  ids: readonly string[] | undefined,
  positions: Pick<Positions, "indexOf" | "size">,
): ViewEffect {
  if (ids === undefined) return positions.size === 0 ? noEffect : reset;
  const shown = ids.filter((id) => positions.indexOf(id) !== -1);
  if (shown.length === 0) return noEffect;
  const indexes = shown.map((id) => positions.indexOf(id));
  return { reset: false, ranges: rangesOf(indexes, { before: 0, after: 0 }), ids: shown };
}

/** The positions as ranges, ascending and apart. */
function rangesOf(indexes: readonly number[], { before, after }: RowCounts): Range[] {
  const ranges: { start: number; end: number }[] = [];
  const add = (start: number, end: number): void => {
    const last = ranges.at(-1);
    if (last !== undefined && start <= last.end) last.end = Math.max(last.end, end);
    else ranges.push({ start, end });
  };
  const tail = before === after ? Infinity : Math.min(before, after);
  for (const index of indexes.toSorted((a, b) => a - b)) if (index < tail) add(index, index + 1);
  if (tail < Infinity) add(tail, Infinity);
  return ranges;
}
