import type { Value } from "../record/index.ts";
import { type GroupKey, toGroupKey } from "./group-key.ts";

/** Things by the value that a cell must have, as conditions compare: 5 and 5n are one, "1" and 1 are not. */
export class CellIndex<Item> {
  readonly #items = new Map<GroupKey, Set<Item>>();
  /** Of dates, bytes, lists, objects: while there is none, no cell's text need be made to look for it. */
  #containers = 0;

  get isEmpty(): boolean {
    return this.#items.size === 0;
  }

  /** What stands at the value; nothing stands at null. */
  at(value: Value | undefined): ReadonlySet<Item> | undefined {
    if (typeof value === "string") return this.#items.get(value);
    if (value === undefined || value === null) return undefined;
    if (typeof value === "object" && this.#containers === 0) return undefined;
    return this.#items.get(toGroupKey(value));
  }

  add(value: Value, item: Item): void {
    const key = toGroupKey(value);
    const items = this.#items.get(key);
    if (items !== undefined) {
      items.add(item);
      return;
    }
    this.#items.set(key, new Set([item]));
    if (isContainer(value)) this.#containers += 1;
  }

  delete(value: Value, item: Item): void {
    const key = toGroupKey(value);
    const items = this.#items.get(key);
    if (items?.delete(item) !== true || items.size > 0) return;
    this.#items.delete(key);
    if (isContainer(value)) this.#containers -= 1;
  }
}

function isContainer(value: Value): boolean {
  return typeof value === "object" && value !== null;
}
