import type { OrderTerm } from "../query/index.ts";
import { arrivalColumn, type Arrivals } from "./arrivals.ts";
import { OrderIndex } from "./order-index.ts";
import type { RowChange } from "./row-change.ts";
import type { RowOrder } from "./row-order.ts";

const byArrival: readonly OrderTerm[] = [{ column: arrivalColumn, direction: "asc", nulls: "last" }];

/** Ids in the row set's own order: an index over the numbers with which the rows came. */
export class ArrivalOrder implements RowOrder {
  readonly isComplete = true;
  readonly #arrivals: Arrivals;
  readonly #index: OrderIndex;

  /** The ids stand in the row set's own order. */
  constructor(arrivals: Arrivals, ids: readonly string[]) {
    this.#arrivals = arrivals;
    this.#index = OrderIndex.build(
      byArrival,
      ids,
      ids.map((id) => arrivals.keyOf(id)),
    );
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
    return this.#index.add(id, this.#arrivals.keyOf(id));
  }

  remove(id: string): number {
    return this.#index.remove(id, this.#arrivals.keyOf(id));
  }

  /** A row that stays keeps its place. */
  move(): boolean {
    return false;
  }

  applyBatch(changes: readonly RowChange[]): number {
    return this.#index.applyBatch(
      changes
        .filter(({ before, after }) => before === undefined || after === undefined)
        .map(({ id, before, after }) => ({
          id,
          before: before && this.#arrivals.keyOf(id),
          after: after && this.#arrivals.keyOf(id),
        })),
    );
  }

  rankOf(id: string): number {
    return this.#index.rankOf(id, this.#arrivals.keyOf(id));
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

  /** Every id in order; it must not change meanwhile. */
  ids(): Iterable<string> {
    return this.#index.ids();
  }
}
