import type { Row } from "../record/index.ts";
import type { WriteOp } from "../vista/index.ts";
import { OverlayLayer, type OverlayOp } from "./overlay-layer.ts";

export { applyOp, mergeRow, type OverlayOp } from "./overlay-layer.ts";

/**
 * Queued writes on top of confirmed rows. Holds nothing for ids without a queued write; what an id shows is
 * computed once and kept, and stays the same object while its content does.
 */
export class Overlay {
  readonly #layers = new Map<string, OverlayLayer>();
  /** Sequences of pending unnarrowed deleteAll ops, ascending: everything older than the last is hidden. */
  #hiding: readonly number[] = [];
  #hiddenUpTo = 0;

  get isEmpty(): boolean {
    return this.#layers.size === 0 && this.#hiddenUpTo === 0;
  }

  /** Whether an unnarrowed deleteAll hides every confirmed row. */
  get hidesAll(): boolean {
    return this.#hiddenUpTo > 0;
  }

  get size(): number {
    return this.#layers.size;
  }

  has(id: string): boolean {
    return this.#layers.has(id);
  }

  ids(): IterableIterator<string> {
    return this.#layers.keys();
  }

  /** What the id shows when `base` is its confirmed row. */
  show(id: string, base: Row | undefined): Row | undefined {
    const layer = this.#layers.get(id);
    if (layer === undefined) return this.hidesAll ? undefined : base;
    return layer.show(base, this.#hiddenUpTo);
  }

  /** Shows this object where queued writes make the row; it has the same content. */
  keep(id: string, base: Row | undefined, row: Row): void {
    this.#layers.get(id)?.keep(base, row);
  }

  /** The row without the layers' memory of it: for reading over another base, such as a callback's. */
  showOver(id: string, base: Row | undefined): Row | undefined {
    const layer = this.#layers.get(id);
    if (layer === undefined) return this.hidesAll ? undefined : base;
    return layer.showOver(base, this.#hiddenUpTo);
  }

  add(entry: OverlayOp): void {
    for (const id of concernedIds(entry.op)) {
      let layer = this.#layers.get(id);
      if (layer === undefined) this.#layers.set(id, (layer = new OverlayLayer()));
      layer.add(entry, this.#hiddenUpTo);
    }
    if (hidesEverything(entry.op))
      this.#setHiding([...this.#hiding, entry.sequence].toSorted((a, b) => a - b));
  }

  /** `entry.op` must name the ids that it named when it was added. */
  remove(entry: OverlayOp): void {
    for (const id of concernedIds(entry.op)) {
      const layer = this.#layers.get(id);
      if (layer === undefined) continue;
      layer.remove(entry, this.#hiddenUpTo);
      if (layer.size === 0) this.#layers.delete(id);
    }
    if (hidesEverything(entry.op))
      this.#setHiding(this.#hiding.filter((sequence) => sequence !== entry.sequence));
  }

  /** The ops of one id, in order. */
  opsOf(id: string): readonly OverlayOp[] {
    return this.#layers.get(id)?.ops() ?? [];
  }

  #setHiding(sequences: readonly number[]): void {
    this.#hiding = sequences;
    this.#hiddenUpTo = sequences.at(-1) ?? 0;
    for (const layer of this.#layers.values()) layer.forget();
  }
}

/** Whether the op stands on every row there is. */
export function hidesEverything(op: WriteOp): boolean {
  return op.kind === "deleteAll" && op.ids === undefined;
}

/** The ids that an op names. */
export function concernedIds(op: WriteOp): readonly string[] {
  return op.kind === "deleteAll" ? (op.ids ?? []) : [op.id];
}
