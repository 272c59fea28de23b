import { assert } from "../base/index.ts";
import type { OrderTerm } from "../query/index.ts";
import type { Row } from "../record/index.ts";
import type { Arrivals } from "./arrivals.ts";
import { OrderAssembler } from "./order-assembler.ts";
import type { OrderIndex } from "./order-index.ts";
import type { RowChange } from "./row-change.ts";
import type { RowOrder } from "./row-order.ts";

const byArrival: readonly OrderTerm[] = [{ column: "arrival", direction: "asc", nulls: "last" }];

/** Ids in the row set's own order: an index over the numbers with which the rows came. */
export class ArrivalOrder implements RowOrder {
  readonly isComplete = true;
  readonly #arrivals: Arrivals;
  readonly #index: OrderIndex;

  private constructor(arrivals: Arrivals, ids: readonly string[], numbers: Float64Array) {
    this.#arrivals = arrivals;
    const assembler = new OrderAssembler(byArrival, ["number"]);
    assert(assembler.append({ ids, keys: [numbers] }), "arrival numbers ascend");
    this.#index = assembler.finish();
  }

  /** Of ids that stand beside their numbers, in any order. */
  static of(arrivals: Arrivals, ids: readonly string[], numbers: Float64Array): ArrivalOrder {
    const isAscending = numbers.every((number, at) => at === 0 || number > (numbers[at - 1] ?? 0));
    if (isAscending) return new ArrivalOrder(arrivals, ids, numbers);
    const places = Uint32Array.from(ids.keys()).sort((a, b) => (numbers[a] ?? 0) - (numbers[b] ?? 0));
    const sorted = Array.from(places, (place) => ids[place] ?? "");
    return new ArrivalOrder(arrivals, sorted, numbers.sort());
  }

  get count(): number {
    return this.#index.size;
  }

  get prepared(): number {
    return this.#index.size;
  }

  get sizeBytes(): number {
    return this.#index.sizeBytes;
  }

  get movedFrom(): number {
    return this.#index.movedFrom;
  }

  get movedTo(): number {
    return this.#index.movedTo;
  }

  add(id: string): number {
    return this.#index.add(id, this.#keyOf(id));
  }

  remove(id: string): number {
    return this.#index.remove(id, this.#keyOf(id));
  }

  /** A row that stays keeps its place. */
  move(): boolean {
    return false;
  }

  applyBatch(changes: readonly RowChange[]): number {
    const moving: RowChange[] = [];
    for (const { id, before, after } of changes) {
      if (before === undefined) moving.push({ id, before, after: this.#keyOf(id) });
      else if (after === undefined) moving.push({ id, before: this.#keyOf(id), after });
    }
    return this.#index.applyBatch(moving);
  }

  rankOf(id: string): number {
    return this.#index.rankOf(id, this.#keyOf(id));
  }

  idAt(rank: number): string | undefined {
    return this.#index.idAt(rank);
  }

  idsBetween(start: number, end: number): string[] {
    return this.#index.idsBetween(start, end);
  }

  step(): boolean {
    return false;
  }

  /** What the index finds the id by. */
  #keyOf(id: string): Row {
    return { arrival: this.#arrivals.numberOf(id) };
  }
}
