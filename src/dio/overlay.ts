import { equalRows, type Row } from "../record/index.ts";
import type { WriteOp } from "../vista/index.ts";

/** An op in the overlay; the sequence orders ops among each other. */
export interface OverlayOp {
  readonly sequence: number;
  readonly op: WriteOp;
}

interface Layer {
  ops: OverlayOp[];
  /** What `shown` was made from: another confirmed row means making it again. */
  base: Row | undefined;
  shown: Row | undefined;
  current: boolean;
}

/**
 * Queued writes on top of confirmed rows. Holds nothing for ids without a queued write; what an id shows is
 * computed once and kept, and stays the same object while its content does.
 */
export class Overlay {
  readonly #layers = new Map<string, Layer>();
  /** Sequences of pending unnarrowed deleteAll ops: everything older than the last is hidden. */
  #hiding: number[] = [];

  get isEmpty(): boolean {
    return this.#layers.size === 0 && this.#hiding.length === 0;
  }

  /** Whether an unnarrowed deleteAll hides every confirmed row. */
  get hidesAll(): boolean {
    return this.#hiding.length > 0;
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
    if (!layer.current || layer.base !== base) {
      const shown = fold(layer.ops, base, this.#hiding.at(-1) ?? 0);
      const same = shown !== undefined && layer.shown !== undefined && equalRows(shown, layer.shown);
      layer.shown = same ? layer.shown : shown;
      layer.base = base;
      layer.current = true;
    }
    return layer.shown;
  }

  /** The row without the layers' memory of it: for reading over another base, such as a callback's. */
  showOver(id: string, base: Row | undefined): Row | undefined {
    const layer = this.#layers.get(id);
    if (layer === undefined) return this.hidesAll ? undefined : base;
    return fold(layer.ops, base, this.#hiding.at(-1) ?? 0);
  }

  add(entry: OverlayOp): void {
    for (const id of concernedIds(entry.op)) {
      const layer = this.#layers.get(id) ?? { ops: [], base: undefined, shown: undefined, current: false };
      layer.ops = [...layer.ops, entry].toSorted((a, b) => a.sequence - b.sequence);
      layer.current = false;
      this.#layers.set(id, layer);
    }
    if (hidesEverything(entry.op)) this.#setHiding([...this.#hiding, entry.sequence].toSorted((a, b) => a - b));
  }

  remove(entry: OverlayOp): void {
    for (const id of concernedIds(entry.op)) {
      const layer = this.#layers.get(id);
      if (layer === undefined) continue;
      layer.ops = layer.ops.filter((other) => other.sequence !== entry.sequence);
      layer.current = false;
      if (layer.ops.length === 0) this.#layers.delete(id);
    }
    if (hidesEverything(entry.op)) this.#setHiding(this.#hiding.filter((sequence) => sequence !== entry.sequence));
  }

  /** The ops of one id, in order. */
  opsOf(id: string): readonly OverlayOp[] {
    return this.#layers.get(id)?.ops ?? [];
  }

  #setHiding(sequences: number[]): void {
    this.#hiding = sequences;
    for (const layer of this.#layers.values()) layer.current = false;
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

/** The row after one op: insert and replace show their row, a patch over nothing stays nothing. */
export function applyOp(op: WriteOp, row: Row | undefined): Row | undefined {
  switch (op.kind) {
    case "insert":
    case "replace":
      return op.row;
    case "patch":
      return row === undefined ? undefined : mergeRow(row, op.partial);
    case "delete":
    case "deleteAll":
      return undefined;
  }
}

function fold(ops: readonly OverlayOp[], base: Row | undefined, hiddenUpTo: number): Row | undefined {
  let row = hiddenUpTo > 0 ? undefined : base;
  for (const { op, sequence } of ops) {
    if (sequence > hiddenUpTo) row = applyOp(op, row);
  }
  return row;
}

/** Spreading keeps `__proto__` an ordinary column. */
export function mergeRow(row: Row, partial: Readonly<Record<string, unknown>>): Row {
  const merged: Row = { ...row };
  for (const [column, value] of Object.entries(partial)) {
    if (value === undefined) continue;
    Object.defineProperty(merged, column, { value, writable: true, enumerable: true, configurable: true });
  }
  return merged;
}
