import { isSameState, LOADING } from "./scenery-state.ts";
import type { SceneryState, TableModel, Total } from "./table-model.ts";

type Properties = Pick<TableModel, "rowCount" | "total" | "hasMore" | "state">;

/** What a model last told of itself, beside its rows. */
export class ToldProperties {
  #rowCount = 0;
  #hasMore = false;
  #total: Total = { value: undefined, kind: "unknown" };
  #state: SceneryState = LOADING;

  /** Whether it says something else now, which is what was told from here on. */
  differ({ rowCount, total, hasMore, state }: Properties): boolean {
    const isSame =
      rowCount === this.#rowCount &&
      hasMore === this.#hasMore &&
      total.value === this.#total.value &&
      total.kind === this.#total.kind &&
      isSameState(state, this.#state);
    this.#rowCount = rowCount;
    this.#hasMore = hasMore;
    this.#total = total;
    this.#state = state;
    return !isSame;
  }
}
