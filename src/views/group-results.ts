import type { Value } from "../record/index.ts";
import type { CellAccumulator } from "./aggregate-contract.ts";
import { type GroupKey, toGroupKey } from "./group-key.ts";
import type { AggregateResult } from "./view-contract.ts";

interface Group {
  /** As it was first seen. */
  readonly value: Value;
  readonly cells: CellAccumulator;
  rows: number;
  /** As it was at the last read; out of date where it is stale. */
  result: AggregateResult;
  isStale: boolean;
}

/** A row as a group sees it: where it belongs and what it brings. */
export interface GroupedCell {
  readonly group: Value | undefined;
  readonly cell: Value | undefined;
}

/** One result for each value of a column: groups come with their first row and go with their last. */
export class GroupResults {
  readonly #create: () => CellAccumulator;
  readonly #groups = new Map<GroupKey, Group>();
  /** The groups in order, until one comes or leaves. */
  #list: readonly Group[] | undefined;
  /** Until something changes. */
  #results: ReadonlyMap<Value, AggregateResult> | undefined;

  constructor(create: () => CellAccumulator) {
    this.#create = create;
  }

  add(row: GroupedCell, id: string): void {
    const key = toGroupKey(row.group);
    let group = this.#groups.get(key);
    if (group === undefined) {
      group = { value: row.group ?? null, cells: this.#create(), rows: 0, result: undefined, isStale: false };
      this.#groups.set(key, group);
      this.#list = undefined;
    }
    group.rows++;
    group.cells.add(row.cell, id);
    this.#touch(group);
  }

  remove(row: GroupedCell, id: string): void {
    const key = toGroupKey(row.group);
    const group = this.#groups.get(key);
    if (group === undefined) return;
    group.rows--;
    group.cells.remove(row.cell, id);
    if (group.rows > 0) {
      this.#touch(group);
      return;
    }
    this.#groups.delete(key);
    this.#list = undefined;
    this.#results = undefined;
  }

  /** As a removal and an addition, save that a group which the row stays in stays what it is. */
  replace(before: GroupedCell, after: GroupedCell, id: string): void {
    const key = toGroupKey(before.group);
    const group = this.#groups.get(key);
    if (group === undefined || key !== toGroupKey(after.group)) {
      this.remove(before, id);
      this.add(after, id);
      return;
    }
    group.cells.remove(before.cell, id);
    group.cells.add(after.cell, id);
    this.#touch(group);
  }

  /** A map of its own for each state; throws what the accumulators throw. */
  get results(): ReadonlyMap<Value, AggregateResult> {
    this.#results ??= this.#toMap();
    return this.#results;
  }

  #toMap(): Map<Value, AggregateResult> {
    this.#list ??= [...this.#groups.values()];
    const results = new Map<Value, AggregateResult>();
    for (const group of this.#list) {
      if (group.isStale) {
        group.result = group.cells.result;
        group.isStale = false;
      }
      results.set(group.value, group.result);
    }
    return results;
  }

  #touch(group: Group): void {
    group.isStale = true;
    this.#results = undefined;
  }
}
