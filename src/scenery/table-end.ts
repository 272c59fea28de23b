import type { Range } from "../views/index.ts";
import type { Total } from "./table-model.ts";

/** What is known of where a table ends: what was said, and what its loads have shown. */
export interface TableEnd {
  /** `undefined`: nobody can say, or it has proven wrong. */
  readonly told: number | undefined;
  /** Somebody who should know has said it, and nothing speaks against it. Else it is a guess. */
  readonly isStated: boolean;
  /** One past the last row that was seen. */
  readonly seen: number;
  /** The source had nothing from here on; Infinity: it was never seen to end. */
  readonly bound: number;
  /** Where an answer stopped before rows that were promised or seen: it is asked about once more. */
  readonly doubtAt: number | undefined;
  /** Answers in a row that stopped short and brought nothing new. */
  readonly stalls: number;
}

/** What one load has shown. */
export interface LoadAnswer {
  readonly range: Range;
  /** One past the last row that came; the start of the range where none did. */
  readonly last: number;
  /** It filled a position that was missing. */
  readonly isProgress: boolean;
}

/** So often in a row a source may contradict itself until it is believed. */
const MAX_STALLS = 2;

/** Nothing is known. */
export const unknownEnd: TableEnd = Object.freeze({
  told: undefined,
  isStated: false,
  seen: 0,
  bound: Infinity,
  doubtAt: undefined,
  stalls: 0,
});

/** Somebody who should know says how many rows there are. */
export function withTotal(end: TableEnd, told: number): TableEnd {
  return { ...end, told: Math.max(told, end.seen), isStated: told >= end.seen };
}

/** What is left of it when the rows may have changed: a guess. */
export function asGuess(end: TableEnd): TableEnd {
  return { ...unknownEnd, told: totalOf(end).value };
}

/** After a load: what is known now, and whether all that is held from `last` on is to be forgotten. */
export function afterLoad(
  end: TableEnd,
  answer: LoadAnswer,
): { readonly end: TableEnd; readonly isEnd: boolean } {
  const { range, last, isProgress } = answer;
  const stalls = last >= range.end || isProgress ? 0 : end.stalls + 1;
  if (last < range.end && !isDoubted({ ...end, stalls }, last)) return { end: endAt(end, last), isEnd: true };
  const seen = last > range.start ? Math.max(end.seen, last) : end.seen;
  const bound = seen > end.bound ? Infinity : end.bound;
  return {
    end: { ...grown(end, seen), seen, bound, doubtAt: doubtAfter(end, answer), stalls },
    isEnd: false,
  };
}

/** Whether an answer that stopped there is asked about once more: rows beyond were promised or seen. */
function isDoubted({ told, isStated, seen, doubtAt, stalls }: TableEnd, last: number): boolean {
  const isPromised = (isStated && told !== undefined && told > last) || seen > last;
  return isPromised && doubtAt !== last && stalls < MAX_STALLS;
}

function doubtAfter({ doubtAt }: TableEnd, { range, last }: LoadAnswer): number | undefined {
  if (last < range.end) return last;
  const isSettled = doubtAt !== undefined && range.start <= doubtAt && doubtAt < last;
  return isSettled ? undefined : doubtAt;
}

/** After the rows from the bound on were forgotten: `seen` is one past the last that is left. */
export function withSeen(end: TableEnd, seen: number): TableEnd {
  return { ...end, seen };
}

/** Every row up to the end was seen, or the one before it at least. */
function isExact(end: TableEnd): boolean {
  return end.seen === end.bound;
}

/** How many positions there are to show. */
export function rowCountOf(end: TableEnd): number {
  return end.told === undefined || isExact(end)
    ? end.seen
    : Math.min(Math.max(end.told, end.seen), end.bound);
}

export function totalOf(end: TableEnd): Total {
  if (isExact(end)) return { value: end.seen, kind: "stated" };
  if (end.told === undefined) return { value: undefined, kind: "unknown" };
  return { value: rowCountOf(end), kind: end.isStated ? "stated" : "estimated" };
}

/** Positions of interest and positions that may be asked for end here; see LoadNeed. */
export function reachOf(end: TableEnd): { readonly total: number; readonly limit: number } {
  const total = end.told === undefined && !isExact(end) ? end.bound : rowCountOf(end);
  if (end.bound < Infinity) return { total, limit: end.bound };
  return { total, limit: end.isStated ? total : Infinity };
}

/**
 * What to ask beside the viewports: where an answer stopped too early, and, where nothing came, halfway back to the
 * rows that were seen, until it is known where they end.
 */
export function questionOf(end: TableEnd, pageSize: number): Range | undefined {
  if (end.doubtAt !== undefined) {
    return { start: end.doubtAt, end: Math.min(end.doubtAt + pageSize, reachOf(end).limit) };
  }
  if (end.bound === Infinity || isExact(end)) return undefined;
  const gap = end.bound - end.seen;
  const start = gap <= pageSize ? end.seen : end.seen + Math.floor(gap / 2);
  return { start, end: Math.min(start + pageSize, end.bound) };
}

/**
 * What to ask where somebody looks at the end of a guess, all of which is there: it knows nothing of rows that have come
 * behind it.
 */
export function beyondGuess(end: TableEnd, lookedTo: number, pageSize: number): Range | undefined {
  if (end.told === undefined || end.isStated || end.bound < Infinity) return undefined;
  if (end.seen < end.told || lookedTo < end.told) return undefined;
  return { start: end.seen, end: end.seen + pageSize };
}

/** Rows stop there. A number that went further has proven wrong, one that did not reach it as well. */
function endAt(end: TableEnd, last: number): TableEnd {
  const told = end.told === undefined ? undefined : last;
  return {
    told,
    isStated: end.isStated && end.told === last,
    seen: Math.min(end.seen, last),
    bound: last,
    doubtAt: undefined,
    stalls: 0,
  };
}

/** More rows than were told of. */
function grown({ told, isStated }: TableEnd, seen: number): Pick<TableEnd, "told" | "isStated"> {
  return told !== undefined && seen > told ? { told: seen, isStated: false } : { told, isStated };
}
