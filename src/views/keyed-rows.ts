import type { OrderTerm } from "../query/index.ts";
import type { Row } from "../record/index.ts";
import { extractKeys, idVector, type KeyVector } from "./key-vector.ts";
import { KeyTerm } from "./key-term.ts";
import type { KeyList } from "./order-block.ts";
import { FULL_LEAF } from "./order-column.ts";
import { OrderLeaves } from "./order-leaves.ts";
import { sortRows } from "./sort-rows.ts";

/** How many leaves are made between two rests. */
const LEAVES = 20;

/** Rows that stand beside their ids, with their sort keys extracted: each known by its place in those lists. */
export class KeyedRows {
  readonly #terms: readonly KeyTerm[];
  /** One for each term, and the ids. */
  readonly vectors: readonly KeyVector[];
  readonly count: number;

  constructor(order: readonly OrderTerm[], ids: readonly string[], rows: readonly Row[]) {
    this.#terms = order.map((term) => new KeyTerm(term));
    this.vectors = [...this.#terms.map((term) => extractKeys(term, rows)), idVector(ids)];
    this.count = ids.length;
  }

  /** All of them, in their own sequence. */
  places(): Uint32Array {
    const places = new Uint32Array(this.count);
    for (let place = 0; place < places.length; place++) places[place] = place;
    return places;
  }

  /** Brings places into the order; the work rests now and then. */
  sort(places: Uint32Array): Generator<void, void, void> {
    return sortRows(this.vectors, places);
  }

  /** Empty leaves whose columns take these keys as they are. */
  createLeaves(): OrderLeaves {
    return new OrderLeaves(
      this.#terms,
      this.vectors.slice(0, -1).map(({ form }) => form),
    );
  }

  /** Puts the entries at sorted places behind those that the leaves have; the work rests now and then. */
  fill(leaves: OrderLeaves, places: Uint32Array): Generator<void, void, void> {
    return fillLeaves(
      leaves,
      this.vectors.map(({ keys }) => keys),
      places,
    );
  }
}

/** Puts the entries at sorted places of such lists (the ids last) into new leaves. */
export function* fillLeaves(
  leaves: OrderLeaves,
  lists: readonly KeyList[],
  places: Uint32Array,
): Generator<void, void, void> {
  const parts = Math.ceil(places.length / FULL_LEAF);
  for (let part = 0; part < parts; part++) {
    const start = Math.floor((places.length * part) / parts);
    leaves.pushPicked(lists, places, start, Math.floor((places.length * (part + 1)) / parts));
    if (part % LEAVES === LEAVES - 1) yield;
  }
}
