import { equalRows, type Row, setOwn } from "../record/index.ts";
import type { WriteOp } from "../vista/index.ts";
import { WriteLane } from "./write-lane.ts";

/** An op in the overlay; the sequence orders ops among each other. */
export interface OverlayOp {
  readonly sequence: number;
  readonly op: WriteOp;
}

/** What ops do to a row, in a form in which several become one. */
type Effect = { readonly row: Row | undefined } | { readonly partial: Row };

/**
 * The queued ops of one id, in order, and what they make of its confirmed row. Ops come at the end and leave at
 * the front, and both cost the same however many there are: what the ops after a given one do together is kept
 * (a queue made of two stacks, each with its running composition). Anything else starts over.
 */
export class OverlayLayer {
  readonly #ops = new WriteLane<OverlayOp>();
  /** For the first ops, last in this list first: what each and those behind it, up to where the list began, do. */
  #front: Effect[] = [];
  /** What the first `#composed` ops behind those do. */
  #back: Effect | undefined;
  #composed = 0;
  /** What was shown last, over which confirmed row. */
  #base: Row | undefined;
  #shown: Row | undefined;
  #isCurrent = false;

  get size(): number {
    return this.#ops.length;
  }

  ops(): readonly OverlayOp[] {
    return [...this.#ops];
  }

  add(entry: OverlayOp, hiddenUpTo: number): void {
    const last = this.#ops.last;
    if (last !== undefined && last.sequence > entry.sequence) {
      this.#ops.insert(entry, (other) => other.sequence < entry.sequence);
      this.#startOver();
      return;
    }
    this.#ops.push(entry);
    if (this.#isCurrent && entry.sequence > hiddenUpTo) this.#keepSame(applyOp(entry.op, this.#shown));
  }

  /** False: it was not there. */
  remove(entry: OverlayOp, hiddenUpTo: number): boolean {
    const isFirst = this.#ops.first?.sequence === entry.sequence;
    if (!isFirst || this.#ops.length === 1) {
      const found = [...this.#ops].find(({ sequence }) => sequence === entry.sequence);
      if (found === undefined || !this.#ops.remove(found)) return false;
      this.#startOver();
      return true;
    }
    if (this.#front.length === 0) this.#turnOver();
    this.#front.pop();
    this.#ops.shift();
    if (entry.sequence > hiddenUpTo) this.#isCurrent = false;
    return true;
  }

  /** What the id shows; the same object as long as its content is the same. */
  show(base: Row | undefined, hiddenUpTo: number): Row | undefined {
    if (!this.#isCurrent || this.#base !== base) {
      this.#base = base;
      this.#isCurrent = true;
      this.#keepSame(this.showOver(base, hiddenUpTo));
    }
    return this.#shown;
  }

  /** Shows this object, which has the same content. */
  keep(base: Row | undefined, row: Row): void {
    this.#base = base;
    this.#shown = row;
    this.#isCurrent = true;
  }

  showOver(base: Row | undefined, hiddenUpTo: number): Row | undefined {
    if (hiddenUpTo === 0) return applyEffect(this.#total(), base);
    let row: Row | undefined;
    for (const { op, sequence } of this.#ops) if (sequence > hiddenUpTo) row = applyOp(op, row);
    return row;
  }

  /** What hides it has changed. */
  forget(): void {
    this.#isCurrent = false;
  }

  #keepSame(shown: Row | undefined): void {
    const isSame = shown !== undefined && this.#shown !== undefined && equalRows(shown, this.#shown);
    if (!isSame) this.#shown = shown;
  }

  #total(): Effect | undefined {
    const behind = this.#ops.length - this.#front.length;
    for (; this.#composed < behind; this.#composed++) {
      const entry = this.#ops.at(this.#front.length + this.#composed);
      if (entry !== undefined) this.#back = compose(this.#back, toEffect(entry.op));
    }
    const ahead = this.#front.at(-1);
    return this.#back === undefined ? ahead : compose(ahead, this.#back);
  }

  #turnOver(): void {
    let effect: Effect | undefined;
    for (let at = this.#ops.length - 1; at >= 0; at--) {
      const entry = this.#ops.at(at);
      if (entry === undefined) continue;
      const own = toEffect(entry.op);
      effect = effect === undefined ? own : compose(own, effect);
      this.#front.push(effect);
    }
    this.#back = undefined;
    this.#composed = 0;
  }

  #startOver(): void {
    this.#front = [];
    this.#back = undefined;
    this.#composed = 0;
    this.#isCurrent = false;
  }
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

/** The row with the columns of the partial one; absent ones stay. */
export function mergeRow(row: Row, partial: Partial<Row>): Row {
  const merged: Record<string, Row[string]> = { ...row };
  for (const [column, value] of Object.entries(partial)) {
    if (value !== undefined) setOwn(merged, column, value);
  }
  return merged;
}

function toEffect(op: WriteOp): Effect {
  switch (op.kind) {
    case "insert":
    case "replace":
      return { row: op.row };
    case "patch":
      return { partial: mergeRow({}, op.partial) };
    case "delete":
    case "deleteAll":
      return { row: undefined };
  }
}

function applyEffect(effect: Effect | undefined, row: Row | undefined): Row | undefined {
  if (effect === undefined) return row;
  if ("row" in effect) return effect.row;
  return row === undefined ? undefined : mergeRow(row, effect.partial);
}

/** One after the other. */
function compose(first: Effect | undefined, second: Effect): Effect {
  if (first === undefined || "row" in second) return second;
  if ("row" in first)
    return { row: first.row === undefined ? undefined : mergeRow(first.row, second.partial) };
  return { partial: mergeRow(first.partial, second.partial) };
}
