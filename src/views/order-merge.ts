import { assert } from "../base/index.ts";
import type { Row, Value } from "../record/index.ts";
import { cellVector, compareBy, idVector, type KeyVector, packedVector } from "./key-vector.ts";
import { fillLeaves } from "./keyed-rows.ts";
import { OrderLeaves } from "./order-leaves.ts";
import type { RowChange } from "./row-change.ts";
import { finishNow, mergeRuns } from "./sort-places.ts";
import { sortRows } from "./sort-rows.ts";

/** A batch is merged where it is at least so large, and at least this share of the index. */
const LEAST = 128;
const SHARE = 1 / 6;

/** Whether one merge is cheaper than so many changes one after the other. */
export function isWorthMerging(changes: number, size: number): boolean {
  return changes >= LEAST && changes >= size * SHARE;
}

/** New leaves with the changes in them, and the lowest rank that may show another id in them. */
export function mergeChanges(
  leaves: OrderLeaves,
  changes: readonly RowChange[],
): { readonly leaves: OrderLeaves; readonly lowest: number } {
  const ids: string[] = [];
  const rows: Row[] = [];
  const gone: number[] = [];
  for (const { id, before, after } of changes) {
    if (before !== undefined && after !== undefined && leaves.isSame(before, after)) continue;
    if (before !== undefined) {
      leaves.seek(id, before);
      if (!leaves.locate()) assert(false, `${id} does not stand in the order with this row`);
      gone.push(leaves.rank());
    }
    if (after === undefined) continue;
    ids.push(id);
    rows.push(after);
  }
  // Once each key has been sought, the columns are in forms that hold them all.
  for (const [at, id] of ids.entries()) leaves.seek(id, rows[at] ?? {});
  const vectors = flatten(leaves, ids, rows);
  const places = mergePlaces(leaves.size, gone, vectors, ids.length);
  const merged = new OrderLeaves(leaves.terms, leaves.forms);
  const lists = vectors.map(({ keys }) => keys);
  finishNow(fillLeaves(merged, lists, places));
  return { leaves: merged, lowest: firstDifference(leaves.size, places) };
}

/** Every entry in order, and behind them the rows that come. */
function flatten(leaves: OrderLeaves, ids: readonly string[], rows: readonly Row[]): KeyVector[] {
  const vectors = leaves.terms.map((term, at) => {
    const form = leaves.forms[at] ?? "empty";
    if (form === "text" || form === "value") {
      const cells: Value[] = [];
      for (const part of leaves.keys(at)) for (const cell of part) cells.push(cell);
      for (const row of rows) cells.push(term.cell(row));
      return cellVector(term, form, cells);
    }
    const keys = new Float64Array(leaves.size + rows.length);
    let size = 0;
    for (const part of leaves.keys(at)) {
      assert(part instanceof Float64Array, "a packed column has packed keys");
      keys.set(part, size);
      size += part.length;
    }
    for (const row of rows) keys[size++] = term.pack(term.cell(row), form);
    return packedVector(term, form, keys);
  });
  const allIds = leaves.idsBetween(0, leaves.size);
  for (const id of ids) allIds.push(id);
  return [...vectors, idVector(allIds)];
}

/** The places of what stays and what comes, in order. */
function mergePlaces(
  size: number,
  gone: number[],
  vectors: readonly KeyVector[],
  added: number,
): Uint32Array {
  const places = new Uint32Array(size - gone.length + added);
  let at = 0;
  let next = 0;
  for (const rank of [...Uint32Array.from(gone).sort(), size]) {
    for (; next < rank; next++) places[at++] = next;
    next = rank + 1;
  }
  const middle = at;
  for (let place = size; at < places.length; place++) places[at++] = place;
  finishNow(sortRows(vectors, places.subarray(middle)));
  const compare = compareBy(vectors);
  mergeRuns(places, middle, (a, b) => {
    const difference = compare(a, b);
    assert(difference !== 0, "an id that comes does not stand in the order already");
    return difference;
  });
  return places;
}

/** The first rank that holds another entry than before. */
function firstDifference(size: number, places: Uint32Array): number {
  const rank = places.findIndex((place, at) => place !== at || place >= size);
  if (rank !== -1) return rank;
  return places.length === size ? Infinity : places.length;
}
