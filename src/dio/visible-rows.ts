import type { Row } from "../record/index.ts";
import type { RowSet } from "../views/index.ts";
import type { Overlay } from "./overlay.ts";
import type { RowStore } from "./row-store.ts";

/** What every reader sees: the confirmed rows with the queued writes on top. */
export class VisibleRows implements RowSet {
  readonly #store: RowStore;
  readonly #overlay: Overlay;

  constructor(store: RowStore, overlay: Overlay) {
    this.#store = store;
    this.#overlay = overlay;
  }

  get isLoaded(): boolean {
    return this.#store.isLoaded;
  }

  /** During a warm start only right for ids that the store knows. */
  get(id: string): Row | undefined {
    const base = this.#store.get(id);
    return this.#overlay.isEmpty ? base : this.#overlay.show(id, base);
  }

  get count(): number {
    const store = this.#store;
    const overlay = this.#overlay;
    if (overlay.isEmpty) return store.count;
    let count = overlay.hidesAll ? 0 : store.count;
    for (const id of overlay.ids()) {
      const base = store.get(id);
      if (base !== undefined && !overlay.hidesAll) count -= 1;
      if (overlay.show(id, base) !== undefined) count += 1;
    }
    return count;
  }

  /** Confirmed rows in their order, then those that only a queued write holds. */
  entries(): Iterable<readonly [string, Row]> {
    // The store's own walk, where nothing is on top, makes no generator's step for each row.
    return this.#overlay.isEmpty ? this.#store.entries() : this.#overlaidEntries();
  }

  *#overlaidEntries(): Generator<readonly [string, Row]> {
    for (const [id, base] of this.#store.entries()) {
      const row = this.#overlay.show(id, base);
      if (row !== undefined) yield [id, row];
    }
    for (const id of this.#overlay.ids()) {
      if (this.#store.get(id) !== undefined) continue;
      const row = this.#overlay.show(id, undefined);
      if (row !== undefined) yield [id, row];
    }
  }
}
