import type { Value } from "../record/index.ts";
import { type GroupKey, toGroupKey } from "./group-key.ts";
import type { AggregateResult } from "./view-contract.ts";

/** Which groups there are and in which order: the same object until one comes or leaves. */
export interface GroupShape {
  /** Each as it was first seen. */
  readonly values: readonly Value[];
  readonly places: ReadonlyMap<GroupKey, number>;
}

/**
 * The results of one moment by group. It never changes: maps of one shape share their keys, so that one more costs
 * little more than the copy of an array. Keys are looked up as conditions compare, so 5 finds 5n, and a date, bytes,
 * a list or an object its like.
 */
export class GroupMap implements ReadonlyMap<Value, AggregateResult> {
  readonly #shape: GroupShape;
  readonly #results: readonly AggregateResult[];

  static {
    // Node would print an object with nothing in it. Anywhere else this is a symbol like any other.
    Object.defineProperty(this.prototype, Symbol.for("nodejs.util.inspect.custom"), { value: toMap });
  }

  constructor(shape: GroupShape, results: readonly AggregateResult[]) {
    this.#shape = shape;
    this.#results = results;
  }

  get size(): number {
    return this.#results.length;
  }

  get(group: Value): AggregateResult {
    const place = this.#shape.places.get(toGroupKey(group));
    return place === undefined ? undefined : this.#results[place];
  }

  has(group: Value): boolean {
    return this.#shape.places.has(toGroupKey(group));
  }

  keys(): MapIterator<Value> {
    return this.#shape.values.values();
  }

  values(): MapIterator<AggregateResult> {
    return this.#results.values();
  }

  entries(): MapIterator<[Value, AggregateResult]> {
    const results = this.#results;
    return this.#shape.values.map((value, at): [Value, AggregateResult] => [value, results[at]]).values();
  }

  [Symbol.iterator](): MapIterator<[Value, AggregateResult]> {
    return this.entries();
  }

  forEach(
    callback: (result: AggregateResult, group: Value, map: ReadonlyMap<Value, AggregateResult>) => void,
  ): void {
    for (const [group, result] of this.entries()) callback(result, group, this);
  }
}

function toMap(this: GroupMap): Map<Value, AggregateResult> {
  return new Map(this);
}
