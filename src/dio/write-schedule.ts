import { concernedIds, hidesEverything } from "./overlay.ts";
import { SequenceHeap } from "./sequence-heap.ts";
import type { WriteEntry } from "./write-entry.ts";
import { WriteLane } from "./write-lane.ts";

interface IdLane {
  readonly entries: WriteLane<WriteEntry>;
  /** The one that nothing is ahead of. */
  head: WriteEntry | undefined;
}

/**
 * Which op may be sent next. Ops of one id stand in a lane and go one at a time; an unnarrowed deleteAll is a
 * barrier that waits for everything earlier and holds back everything later. Each op costs the same however
 * many are queued. No I/O, no time.
 */
export class WriteSchedule {
  readonly #lanes = new Map<string, IdLane>();
  /** May hold entries that are no longer ready; `take` looks again. */
  readonly #ready = new SequenceHeap<WriteEntry>();
  /** From the first waiting barrier on. */
  readonly #behind = new WriteLane<WriteEntry>();
  /** Entries that are let in and have not ended. */
  #letIn = 0;
  /** The highest sequence that was ever let in. */
  #last = 0;
  /** The barrier that is let in: it is alone. */
  #barrier: WriteEntry | undefined;

  /** Queues the op where its sequence places it: an op that comes back goes ahead of later unsent ones. */
  add(entry: WriteEntry): void {
    const barrier = this.#barrier;
    if (barrier?.place === "lane" && entry.sequence < barrier.sequence) {
      // It has not been sent yet, and has something to wait for again.
      this.#barrier = undefined;
      this.#letIn -= 1;
      this.#holdBack(barrier);
    }
    if (hidesEverything(entry.op)) this.#holdBackLater(entry.sequence);
    if (this.#mustWait(entry)) this.#holdBack(entry);
    else this.#admit(entry);
  }

  /** The ready op with the lowest sequence, if that is below `limit`; it holds its lanes until it ends. */
  take(limit: number = Infinity): WriteEntry | undefined {
    const entry = this.#peek();
    if (entry === undefined || entry.sequence >= limit) return undefined;
    this.#ready.pop();
    entry.isReady = false;
    entry.place = "taken";
    return entry;
  }

  /** Ops that have not ended. */
  get size(): number {
    return this.#letIn + this.#behind.length;
  }

  /** Takes an op out, sent or not: what waited for it may go. */
  end(entry: WriteEntry): void {
    const { place } = entry;
    entry.place = "out";
    if (place === "out") return;
    if (place === "behind") {
      this.#behind.remove(entry);
    } else {
      this.#letIn -= 1;
      if (this.#barrier === entry) this.#barrier = undefined;
      else for (const id of concernedIds(entry.op)) this.#leave(id, entry);
    }
    this.#letInWaiting();
  }

  /** What waits behind the op on its ids, in order, without what stands behind a barrier. */
  behind(entry: WriteEntry): readonly WriteEntry[] {
    const found = new Set<WriteEntry>();
    for (const id of concernedIds(entry.op)) {
      for (const other of this.#lanes.get(id)?.entries ?? []) {
        if (other.sequence > entry.sequence && other.place === "lane") found.add(other);
      }
    }
    return [...found].toSorted((a, b) => a.sequence - b.sequence);
  }

  /** Sequence of the first op that waits for this taken one; Infinity: none does. */
  firstBehind(entry: WriteEntry): number {
    let first = Infinity;
    for (const id of concernedIds(entry.op)) {
      first = Math.min(first, this.#lanes.get(id)?.entries.at(1)?.sequence ?? Infinity);
    }
    return first;
  }

  /** What stands directly behind a taken op of one id, in order; `strictly`: up to the first op of another id. */
  *following(entry: WriteEntry, strictly: boolean): Generator<WriteEntry> {
    const [id, ...others] = concernedIds(entry.op);
    const lane = id === undefined || others.length > 0 ? undefined : this.#lanes.get(id)?.entries;
    const limit = strictly ? (this.#peek()?.sequence ?? Infinity) : Infinity;
    for (let at = 1; ; at++) {
      const next = lane?.at(at);
      if (next === undefined || next.sequence >= limit) return;
      yield next;
    }
  }

  /** Takes out the first ops behind a taken one of one id: it stands for them from now on. */
  absorb(entry: WriteEntry, absorbed: readonly WriteEntry[]): void {
    for (const id of concernedIds(entry.op)) this.#lanes.get(id)?.entries.removeBehindFirst(absorbed.length);
    for (const other of absorbed) other.place = "out";
    this.#letIn -= absorbed.length;
  }

  /** Unsettled ops that concern the id, in order, wherever they stand. */
  opsOf(id: string): readonly WriteEntry[] {
    const waiting = [...this.#behind].filter((entry) => concernedIds(entry.op).includes(id));
    return [...(this.#lanes.get(id)?.entries ?? []), ...waiting];
  }

  /** Sequence of the first waiting barrier. */
  get nextBarrier(): number | undefined {
    return this.#behind.first?.sequence;
  }

  #mustWait(entry: WriteEntry): boolean {
    if (this.#barrier !== undefined) return true;
    const first = this.#behind.first;
    if (first !== undefined && first.sequence < entry.sequence) return true;
    return hidesEverything(entry.op) && this.#letIn > 0;
  }

  #holdBack(entry: WriteEntry): void {
    entry.place = "behind";
    this.#behind.insert(entry, (other) => other.sequence < entry.sequence);
  }

  /** A barrier that comes back: what is later than it and unsent waits for it again. */
  #holdBackLater(sequence: number): void {
    if (this.#last <= sequence) return;
    const later = new Set<WriteEntry>();
    for (const { entries } of this.#lanes.values()) {
      for (const entry of entries) if (entry.place === "lane" && entry.sequence > sequence) later.add(entry);
    }
    for (const entry of [...later].toSorted((a, b) => b.sequence - a.sequence)) {
      for (const id of concernedIds(entry.op)) this.#leave(id, entry);
      this.#letIn -= 1;
      this.#holdBack(entry);
    }
  }

  #admit(entry: WriteEntry): void {
    this.#letIn += 1;
    this.#last = Math.max(this.#last, entry.sequence);
    entry.place = "lane";
    if (hidesEverything(entry.op)) this.#barrier = entry;
    const ids = new Set(concernedIds(entry.op));
    entry.blocked = ids.size;
    for (const id of ids) this.#join(id, entry, ids.size === 1);
    if (ids.size === 0) this.#makeReady(entry);
  }

  /**
   * `isAlone`: it has no other id, so that it may stand behind later ops without two ids waiting for each other. An
   * op that may have been sent can't be overtaken any more: what comes back is later than that, whatever its number.
   */
  #join(id: string, entry: WriteEntry, isAlone: boolean): void {
    let lane = this.#lanes.get(id);
    if (lane === undefined) this.#lanes.set(id, (lane = { entries: new WriteLane(), head: undefined }));
    lane.entries.insert(
      entry,
      (other) => other.place === "taken" || other.sequence < entry.sequence || (isAlone && !other.isUnsent),
    );
    this.#followHead(lane);
  }

  #leave(id: string, entry: WriteEntry): void {
    const lane = this.#lanes.get(id);
    if (lane === undefined) return;
    lane.entries.remove(entry);
    if (lane.entries.length === 0) this.#lanes.delete(id);
    else this.#followHead(lane);
  }

  #followHead(lane: IdLane): void {
    const head = lane.entries.first;
    if (head === lane.head) return;
    if (lane.head !== undefined) lane.head.blocked += 1;
    lane.head = head;
    if (head === undefined) return;
    head.blocked -= 1;
    if (head.blocked === 0) this.#makeReady(head);
  }

  #makeReady(entry: WriteEntry): void {
    if (entry.isReady) return;
    entry.isReady = true;
    this.#ready.push(entry);
  }

  #peek(): WriteEntry | undefined {
    for (;;) {
      const entry = this.#ready.peek();
      if (entry === undefined || (entry.place === "lane" && entry.blocked === 0)) return entry;
      this.#ready.pop();
      entry.isReady = false;
    }
  }

  #letInWaiting(): void {
    for (;;) {
      const entry = this.#behind.first;
      if (entry === undefined || this.#barrier !== undefined) return;
      if (hidesEverything(entry.op) && this.#letIn > 0) return;
      this.#behind.shift();
      this.#admit(entry);
    }
  }
}
