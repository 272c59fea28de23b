import type { WriteRequest } from "../dio/index.ts";
import type { Row } from "../record/index.ts";
import { applied, idsOf, type Fate, type PendingOp } from "./oracle-ops.ts";

/** An op that was refused, and those that wait for what becomes of it. */
interface Letter {
  readonly op: PendingOp;
  /** Ops up to this sequence are held up. */
  readonly parksUpTo: number;
  /** Ids, and the sequence from which on they are. */
  readonly heldFrom: Map<string, number>;
  readonly parked: PendingOp[];
}

/** An op as an earlier session left it. `parksUpTo`: of a dead letter. */
export interface KeptOp {
  readonly request: WriteRequest;
  readonly sequence: number;
  readonly parksUpTo?: number | undefined;
  readonly isThere?: boolean | undefined;
}

/** The writes on their way, one at a time: what is tried, what waits for its next attempt, what is refused and parked. */
export class OracleQueue {
  queue: PendingOp[] = [];
  #letters: Letter[] = [];
  /** What the next attempts meet. */
  readonly fates: Fate[] = [];
  /** It failed and waits for its next attempt, and with it everything else. */
  waiting: PendingOp | undefined;
  #sequence = 0;
  readonly #send: (op: PendingOp) => boolean;

  /** `send` does a write at the backend and says whether that took it. */
  constructor(send: (op: PendingOp) => boolean) {
    this.#send = send;
  }

  get pending(): readonly PendingOp[] {
    const parked = this.#letters.flatMap((letter) => letter.parked);
    return [...this.queue, ...parked].toSorted((a, b) => a.sequence - b.sequence);
  }

  /** Dead letters, oldest first. */
  get failed(): readonly PendingOp[] {
    return this.#letters.map(({ op }) => op).toSorted((a, b) => a.sequence - b.sequence);
  }

  /** What a session that ends now leaves. */
  get kept(): readonly KeptOp[] {
    const letters = this.#letters.map(({ op, parksUpTo }) => ({ op, parksUpTo }));
    return [...this.pending.map((op) => ({ op, parksUpTo: undefined })), ...letters]
      .toSorted((a, b) => a.op.sequence - b.op.sequence)
      .map(({ op, parksUpTo }) => ({ request: op, sequence: op.sequence, parksUpTo }));
  }

  /** The row with every pending write on top. */
  show(id: string, base: Row | undefined): Row | undefined {
    let row = base;
    for (const op of this.pending) row = applied(op, id, row);
    return row;
  }

  writtenIds(): string[] {
    return this.pending.flatMap(idsOf);
  }

  add(request: WriteRequest): void {
    this.queue.push(toPending(request, ++this.#sequence));
  }

  /** What was sent before may have been answered before this. */
  markOutdated(what: string | true): void {
    for (const op of this.queue) if (op.tries > 0) op.outdated.add(what);
  }

  pump(): void {
    while (this.waiting === undefined) {
      const [op] = this.queue;
      if (op === undefined) return;
      this.#try(op);
    }
  }

  /** So much time that every attempt is made. */
  pass(): void {
    do this.wake();
    while (this.waiting !== undefined);
  }

  /** The next attempt is made now. */
  wake(): void {
    const op = this.waiting;
    this.waiting = undefined;
    if (op !== undefined) this.#try(op);
    this.pump();
  }

  /** The first op of the list that was never sent is withdrawn, if there is one from `place` on. */
  withdraw(place: number): PendingOp | undefined {
    const op = this.pending.slice(place).find(({ wasSent, isUnknown }) => !wasSent && !isUnknown);
    this.queue = this.queue.filter((other) => other !== op);
    return op;
  }

  /** Another session begins with what the last one left: nobody knows what of it arrived. */
  reopen(kept: readonly KeptOp[]): void {
    const ops = kept.map(({ request, sequence, isThere = false }) => ({
      ...toPending(request, sequence),
      isUnknown: true,
      isThere,
    }));
    this.#letters = [];
    this.queue = [];
    this.waiting = undefined;
    for (const [place, { sequence, parksUpTo }] of kept.entries()) {
      this.#sequence = Math.max(this.#sequence, sequence, parksUpTo ?? 0);
      const op = ops[place];
      if (op === undefined) continue;
      if (parksUpTo === undefined) this.queue.push(op);
      else this.#addLetter(op, parksUpTo);
    }
    for (const op of Array.from(this.queue)) this.#parkIfHeld(op);
    this.pump();
  }

  /** The oldest dead letter is sent again, ahead of what was parked behind it. */
  retry(): void {
    const letter = this.#takeOldest();
    if (letter === undefined) return;
    letter.op.tries = 0;
    letter.op.outdated.clear();
    this.#release([letter.op], letter.parked);
  }

  /** As `retry`, with another content in the letter's place: another write, of which nothing can have arrived. */
  edit(request: WriteRequest): void {
    const letter = this.#takeOldest();
    if (letter !== undefined) this.#release([toPending(request, letter.op.sequence)], letter.parked);
  }

  /** The oldest dead letter is given up, and what is parked behind it is sent, unless another one holds it up. */
  discard(): void {
    const letter = this.#takeOldest();
    if (letter !== undefined) this.#release([], letter.parked);
  }

  #takeOldest(): Letter | undefined {
    const [letter] = this.#letters.toSorted((a, b) => a.op.sequence - b.op.sequence);
    this.#letters = this.#letters.filter((other) => other !== letter);
    return letter;
  }

  #release(again: readonly PendingOp[], parked: readonly PendingOp[]): void {
    const released = parked.toSorted((a, b) => a.sequence - b.sequence);
    this.queue = [...this.queue, ...again, ...released].toSorted((a, b) => a.sequence - b.sequence);
    for (const op of released) this.#parkIfHeld(op);
    this.pump();
  }

  #try(op: PendingOp): void {
    const fate = this.fates.shift();
    op.tries += 1;
    op.wasSent = true;
    if (fate === "down") {
      op.isUnknown = true;
      this.waiting = op;
      return;
    }
    const isDone = fate === undefined && this.#send(op);
    this.queue = this.queue.filter((other) => other !== op);
    if (!isDone) this.#park(op);
  }

  #park(op: PendingOp): void {
    // A barrier: what comes after it does not depend on what came before.
    const barrier = this.queue.find(
      (other) => other.kind === "deleteAll" && other.ids === undefined && other.sequence > op.sequence,
    );
    const last = Math.min(this.#sequence, (barrier?.sequence ?? Infinity) - 1);
    this.#addLetter(op, Math.max(last, op.sequence));
    for (const behind of this.queue) if (behind.sequence > op.sequence) this.#parkIfHeld(behind);
  }

  #addLetter(op: PendingOp, parksUpTo: number): void {
    const letter: Letter = { op, parksUpTo, heldFrom: new Map(), parked: [] };
    hold(letter, op);
    this.#letters.push(letter);
  }

  /** Behind the nearest letter that holds one of its ids. */
  #parkIfHeld(op: PendingOp): void {
    const holds = (letter: Letter): boolean =>
      op.sequence <= letter.parksUpTo &&
      idsOf(op).some((id) => op.sequence >= (letter.heldFrom.get(id) ?? Infinity));
    const nearest = this.#letters
      .filter(holds)
      .toSorted((a, b) => b.op.sequence - a.op.sequence)
      .at(0);
    if (nearest === undefined) return;
    nearest.parked.push(op);
    hold(nearest, op);
    this.queue = this.queue.filter((other) => other !== op);
  }
}

function toPending(request: WriteRequest, sequence: number): PendingOp {
  return {
    ...request,
    sequence,
    tries: 0,
    wasSent: false,
    isUnknown: false,
    isThere: false,
    outdated: new Set(),
  };
}

function hold(letter: Letter, op: PendingOp): void {
  for (const id of idsOf(op))
    letter.heldFrom.set(id, Math.min(op.sequence, letter.heldFrom.get(id) ?? op.sequence));
}
