import type { Value } from "../record/index.ts";
import type { CellAccumulator } from "./aggregate-contract.ts";
import { type GroupKey, toGroupKey } from "./group-key.ts";
import { GroupMap, type GroupShape } from "./group-map.ts";
import type { AggregateResult } from "./view-contract.ts";

interface Group {
  /** As it was first seen. */
  readonly value: Value;
  readonly cells: CellAccumulator;
  rows: number;
  /** Where its result stood at the last read, if it was there; out of date where it is stale. */
  place: number;
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
  /** Absent where a group came or left since the last read. */
  #shape: GroupShape | undefined;
  /** By place; those of the last map, which share it, until something changes. */
  #results: AggregateResult[] = [];
  /** Whose result is out of date, while there is a shape: without one every group is looked at anyway. */
  #stale: Group[] = [];
  #map: GroupMap | undefined;

  constructor(create: () => CellAccumulator) {
    this.#create = create;
  }

  add(row: GroupedCell, id: string): void {
    const key = toGroupKey(row.group);
    let group = this.#groups.get(key);
    if (group === undefined) {
      group = { value: row.group ?? null, cells: this.#create(), rows: 0, place: 0, isStale: false };
      this.#groups.set(key, group);
      this.#reshape();
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
    this.#touch(group);
    if (group.rows > 0) return;
    this.#groups.delete(key);
    this.#reshape();
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
  get map(): GroupMap {
    this.#map ??= this.#shape === undefined ? this.#fromGroups() : this.#fromLast(this.#shape);
    return this.#map;
  }

  #fromGroups(): GroupMap {
    const values: Value[] = [];
    const results: AggregateResult[] = [];
    const places = new Map<GroupKey, number>();
    for (const [key, group] of this.#groups) {
      const result = group.isStale ? group.cells.result : this.#results[group.place];
      places.set(key, values.length);
      values.push(group.value);
      results.push(result);
    }
    // Where one has no result nothing has been touched: the next read meets it again.
    let place = 0;
    for (const group of this.#groups.values()) {
      group.place = place++;
      group.isStale = false;
    }
    this.#shape = { values, places };
    this.#results = results;
    return new GroupMap(this.#shape, results);
  }

  #fromLast(shape: GroupShape): GroupMap {
    const results = [...this.#results];
    for (const group of this.#stale) results[group.place] = group.cells.result;
    for (const group of this.#stale) group.isStale = false;
    this.#stale = [];
    this.#results = results;
    return new GroupMap(shape, results);
  }

  #touch(group: Group): void {
    this.#map = undefined;
    if (group.isStale) return;
    group.isStale = true;
    if (this.#shape !== undefined) this.#stale.push(group);
  }

  #reshape(): void {
    this.#shape = undefined;
    this.#stale = [];
  }
}
