import type { DioramaError } from "../base/index.ts";
import { concernedIds } from "./overlay.ts";
import type { WriteEntry } from "./write-entry.ts";

/** A failed op with what stands behind it. */
export interface DeadLetter {
  readonly entry: WriteEntry;
  /** Ops of its ids up to this sequence wait for what becomes of it; later ones don't. */
  readonly parksUpTo: number;
  readonly parked: WriteEntry[];
  /** The ids of all of these, each with the sequence from which on it is held up. */
  readonly heldFrom: Map<string, number>;
}

/** Failed ops, and the ops that are parked behind them. */
export class DeadLetterBox {
  readonly #byOpId = new Map<string, DeadLetter>();
  readonly #byId = new Map<string, Set<DeadLetter>>();

  get size(): number {
    return this.#byOpId.size;
  }

  add(entry: WriteEntry, parksUpTo: number): DeadLetter {
    const letter: DeadLetter = { entry, parksUpTo, parked: [], heldFrom: new Map() };
    this.#byOpId.set(entry.op.opId, letter);
    this.#index(letter, entry);
    return letter;
  }

  get(opId: string): DeadLetter | undefined {
    return this.#byOpId.get(opId);
  }

  all(): IterableIterator<DeadLetter> {
    return this.#byOpId.values();
  }

  remove(letter: DeadLetter): void {
    this.#byOpId.delete(letter.entry.op.opId);
    this.#unindex(letter);
  }

  /** The letter that an op made before its failure has to wait for: the nearest one. */
  parkerOf(entry: WriteEntry): DeadLetter | undefined {
    if (this.#byId.size === 0) return undefined;
    let nearest: DeadLetter | undefined;
    for (const id of concernedIds(entry.op)) {
      for (const letter of this.#byId.get(id) ?? []) {
        if (entry.sequence > letter.parksUpTo || entry.sequence < (letter.heldFrom.get(id) ?? 0)) continue;
        if (nearest === undefined || letter.entry.sequence > nearest.entry.sequence) nearest = letter;
      }
    }
    return nearest;
  }

  park(letter: DeadLetter, entry: WriteEntry): void {
    letter.parked.push(entry);
    this.#index(letter, entry);
  }

  /** Takes a parked op out, and returns what was parked only behind it. */
  unpark(entry: WriteEntry): readonly WriteEntry[] {
    const letter = [...this.all()].find(({ parked }) => parked.includes(entry));
    if (letter === undefined) return [];
    const others = letter.parked.filter((other) => other !== entry);
    this.#clear(letter);
    this.#index(letter, letter.entry);
    const released: WriteEntry[] = [];
    for (const other of others.toSorted((a, b) => a.sequence - b.sequence)) {
      const isHeld = concernedIds(other.op).some(
        (id) => (letter.heldFrom.get(id) ?? Infinity) < other.sequence,
      );
      if (isHeld) this.park(letter, other);
      else released.push(other);
    }
    return released;
  }

  /** Why the newest failed op of this id failed. */
  errorOf(id: string): DioramaError | undefined {
    let newest: WriteEntry | undefined;
    for (const { entry } of this.#byId.get(id) ?? []) {
      if (!concernedIds(entry.op).includes(id)) continue;
      if (newest === undefined || entry.sequence > newest.sequence) newest = entry;
    }
    return newest?.error;
  }

  /** Failed and parked ops that concern the id. */
  opsOf(id: string): readonly WriteEntry[] {
    const members = [...(this.#byId.get(id) ?? [])].flatMap(({ entry, parked }) => [entry, ...parked]);
    return members.filter(({ op }) => concernedIds(op).includes(id));
  }

  /** To be called when the ops of an id have moved to another one. */
  reindex(from: string): void {
    const letters = this.#byId.get(from) ?? new Set();
    this.#byId.delete(from);
    for (const letter of letters) {
      letter.heldFrom.delete(from);
      for (const member of [letter.entry, ...letter.parked]) this.#index(letter, member);
    }
  }

  #clear(letter: DeadLetter): void {
    this.#unindex(letter);
    letter.heldFrom.clear();
    letter.parked.splice(0);
  }

  #unindex(letter: DeadLetter): void {
    for (const id of letter.heldFrom.keys()) {
      const letters = this.#byId.get(id);
      letters?.delete(letter);
      if (letters?.size === 0) this.#byId.delete(id);
    }
  }

  #index(letter: DeadLetter, { op, sequence }: WriteEntry): void {
    for (const id of concernedIds(op)) {
      letter.heldFrom.set(id, Math.min(sequence, letter.heldFrom.get(id) ?? sequence));
      const letters = this.#byId.get(id);
      if (letters === undefined) this.#byId.set(id, new Set([letter]));
      else letters.add(letter);
    }
  }
}
