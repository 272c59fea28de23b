import type { Row } from "../record/index.ts";
import type { MatchingRows, RowFollower } from "./aggregate-contract.ts";

/** Takes one row into what was reduced so far; must not change what it is given. */
export type Reducer<Result> = (reduced: Result, row: Row, id: string) => Result;

/** How a reduction goes: from `initial`, row by row. */
export interface ReductionSpec<Result> {
  readonly fn: Reducer<Result>;
  readonly initial: Result;
  /** Takes a row out again that `fn` took in, whatever came between: with it, changes are followed one by one. */
  readonly undo?: Reducer<Result> | undefined;
}

/** A value of the user's own over the rows that match. */
export interface Reduction<Result> extends RowFollower {
  /** Computed at the first read after a change; passes on what `fn` throws. */
  readonly value: Result;
}

/** The rows are reduced in the order of the row set; with `undo`, later changes in the order in which they come. */
export function createReduction<Result>(spec: ReductionSpec<Result>, rows: MatchingRows): Reduction<Result> {
  return new RowsReduction(spec, rows);
}

class RowsReduction<Result> implements Reduction<Result> {
  readonly #spec: ReductionSpec<Result>;
  readonly #rows: MatchingRows;
  /** Boxed, since a result may be undefined; without a box it has to be computed. */
  #reduced: { readonly value: Result } | undefined;

  constructor(spec: ReductionSpec<Result>, rows: MatchingRows) {
    this.#spec = spec;
    this.#rows = rows;
  }

  get value(): Result {
    this.#reduced ??= { value: this.#compute() };
    return this.#reduced.value;
  }

  add(id: string, row: Row): boolean {
    this.#follow(id, undefined, row);
    return true;
  }

  remove(id: string, row: Row): boolean {
    this.#follow(id, row, undefined);
    return true;
  }

  replace(id: string, before: Row, after: Row): boolean {
    this.#follow(id, before, after);
    return true;
  }

  reset(): void {
    this.#reduced = undefined;
  }

  #compute(): Result {
    let reduced = this.#spec.initial;
    for (const [id, row] of this.#rows()) reduced = this.#spec.fn(reduced, row, id);
    return reduced;
  }

  #follow(id: string, before: Row | undefined, after: Row | undefined): void {
    const { fn, undo } = this.#spec;
    const reduced = this.#reduced;
    this.#reduced = undefined;
    if (undo === undefined || reduced === undefined) return;
    try {
      let { value } = reduced;
      if (before !== undefined) value = undo(value, before, id);
      if (after !== undefined) value = fn(value, after, id);
      this.#reduced = { value };
    } catch {
      // A callback that fails must not break a publication: the next read starts over, and meets the error again.
    }
  }
}
