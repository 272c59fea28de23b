import type { Value } from "../record/index.ts";
import type { CellAccumulator } from "./aggregate-contract.ts";
import { type GroupKey, toGroupKey } from "./group-key.ts";
import type { AggregateResult } from "./view-contract.ts";

interface Group {
  /** As it was first seen. */
  readonly value: Value;
  readonly cells: CellAccumulator;
  rows: number;
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
  #results: ReadonlyMap<Value, AggregateResult> = new Map();
  /** Groups whose result in `#results` is out of date. */
  readonly #changed = new Set<Group>();
  /** A group came or left. */
  #isReshaped = false;

  constructor(create: () => CellAccumulator) {
    this.#create = create;
  }

  add(row: GroupedCell, id: string): void {
    const key = toGroupKey(row.group);
    let group = this.#groups.get(key);
    if (group === undefined) {
      group = { value: row.group ?? null, cells: this.#create(), rows: 0 };
      this.#groups.set(key, group);
      this.#isReshaped = true;
    }
    group.rows++;
    group.cells.add(row.cell, id);
    this.#changed.add(group);
  }

  remove(row: GroupedCell, id: string): void {
    const key = toGroupKey(row.group);
    const group = this.#groups.get(key);
    if (group === undefined) return;
    group.rows--;
    group.cells.remove(row.cell, id);
    if (group.rows > 0) {
      this.#changed.add(group);
      return;
    }
    this.#groups.delete(key);
    this.#changed.delete(group);
    this.#isReshaped = true;
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
    this.#changed.add(group);
  }

  /** A map of its own for each state; throws what the accumulators throw. */
  get results(): ReadonlyMap<Value, AggregateResult> {
    if (this.#isReshaped) this.#results = this.#rebuilt();
    else if (this.#changed.size > 0) this.#results = this.#patched();
    this.#isReshaped = false;
    this.#changed.clear();
    return this.#results;
  }

  #rebuilt(): Map<Value, AggregateResult> {
    const results = new Map<Value, AggregateResult>();
    for (const { value, cells } of this.#groups.values()) results.set(value, cells.result);
    return results;
  }

  #patched(): Map<Value, AggregateResult> {
    const results = new Map(this.#results);
    for (const { value, cells } of this.#changed) results.set(value, cells.result);
    return results;
  }
}
