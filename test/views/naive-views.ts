import { evaluate, type Query } from "../../src/query/index.ts";
import type { Entry, Row } from "../../src/record/index.ts";
import type { RowSet } from "../../src/views/row-set.ts";
import type { ViewEffect } from "../../src/views/view-contract.ts";

/** Rows in a map: the order of first insertion, and of the last where a row was deleted in between. */
export class PlainRows implements RowSet {
  readonly isLoaded = true;
  readonly #rows = new Map<string, Row>();

  get(id: string): Row | undefined {
    return this.#rows.get(id);
  }

  get count(): number {
    return this.#rows.size;
  }

  entries(): IterableIterator<[string, Row]> {
    return this.#rows.entries();
  }

  set(id: string, row: Row | undefined): void {
    if (row === undefined) this.#rows.delete(id);
    else this.#rows.set(id, row);
  }

  clear(): void {
    this.#rows.clear();
  }
}

/** An ordered view computed from scratch at every look, and what a publication has to say of it. */
export class NaiveView {
  readonly #rows: RowSet;
  readonly #query: Query;
  readonly #searchColumns: readonly string[] | undefined;
  /** As it was when the last publication ended. */
  #published: readonly Entry[];
  /** As it was after the last changes. */
  #seen: readonly Entry[];
  /** What has come, left or changed in this publication, if only for a moment. */
  #changed = new Set<string>();

  constructor(rows: RowSet, query: Query, searchColumns: readonly string[] | undefined) {
    this.#rows = rows;
    this.#query = query;
    this.#searchColumns = searchColumns;
    this.#published = this.entries();
    this.#seen = this.#published;
  }

  entries(): readonly Entry[] {
    return evaluate(this.#rows.entries(), this.#query, this.#searchColumns);
  }

  /** To be called after each stretch of changes. */
  look(): void {
    const now = this.entries();
    for (const id of changedIds(this.#seen, now)) this.#changed.add(id);
    this.#seen = now;
  }

  /**
   * Ends a publication: what is wrong with what a listener was told; `undefined`: nothing. Who came in the middle of
   * it may be told of more than has happened since.
   */
  publish(
    told: readonly ViewEffect[],
    touched: readonly string[] | undefined,
    { mayReset, isExact }: { readonly mayReset: boolean; readonly isExact: boolean },
  ): string | undefined {
    const before = this.#published;
    const after = this.#seen;
    const changed = this.#changed;
    for (const [id] of after) if (touched === undefined || touched.includes(id)) changed.add(id);
    this.#published = after;
    this.#changed = new Set();
    const [effect, ...more] = told;
    if (more.length > 0) return "told more than once";
    if (effect === undefined) return changed.size > 0 ? `not told of ${[...changed].join()}` : undefined;
    if (effect.reset) {
      if (effect.ids.length > 0 || effect.ranges.length > 0) return "a reset that tells more";
      return mayReset || touched === undefined ? undefined : "a reset without need";
    }
    return wrongIds(effect, changed, isExact) ?? wrongRanges(effect, before, after, touched ?? []);
  }
}

function changedIds(before: readonly Entry[], after: readonly Entry[]): string[] {
  const was = new Map(before);
  const is = new Map(after);
  return [...new Set([...was.keys(), ...is.keys()])].filter((id) => was.get(id) !== is.get(id));
}

function wrongIds(effect: ViewEffect, changed: ReadonlySet<string>, isExact: boolean): string | undefined {
  const told = new Set(effect.ids);
  if (told.size < effect.ids.length) return "an id twice";
  const missing = [...changed].filter((id) => !told.has(id));
  if (missing.length > 0) return `ids without ${missing.join()}`;
  return isExact && told.size > changed.size
    ? `ids ${effect.ids.join()}, not ${[...changed].join()}`
    : undefined;
}

function wrongRanges(
  { ranges }: ViewEffect,
  before: readonly Entry[],
  after: readonly Entry[],
  touched: readonly string[],
): string | undefined {
  for (const [at, { start, end }] of ranges.entries()) {
    if (start >= end || start < 0) return "an empty range";
    if (start <= (ranges[at - 1]?.end ?? -1)) return "ranges that overlap, touch or go back";
  }
  for (let at = 0; at < Math.max(before.length, after.length); at++) {
    if (ranges.some(({ start, end }) => at >= start && at < end)) continue;
    if (!isSameEntry(before[at], after[at]) || touched.includes(after[at]?.[0] ?? ""))
      return `position ${at} outside of the ranges`;
  }
  return undefined;
}

function isSameEntry(a: Entry | undefined, b: Entry | undefined): boolean {
  return a?.[0] === b?.[0] && a?.[1] === b?.[1];
}
