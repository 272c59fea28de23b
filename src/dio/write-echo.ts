import type { Clock, Timer } from "../base/index.ts";
import type { Row } from "../record/index.ts";
import { concernedIds } from "./overlay.ts";
import { carriesOp } from "./write-effect.ts";
import type { WriteEntry } from "./write-entry.ts";
import { WriteLane } from "./write-lane.ts";

interface Due {
  readonly entry: WriteEntry;
  /** On the monotonic clock, so that a jump of the wall clock ends nothing. */
  readonly atMs: number;
}

/** Accepted ops that wait for the master to tell of them. */
export class EchoWatch {
  readonly #clock: Clock;
  readonly #onDue: (entry: WriteEntry) => void;
  readonly #byId = new Map<string, WriteLane<WriteEntry>>();
  readonly #waiting = new Set<WriteEntry>();
  /** In order of time; may hold entries that wait no longer. */
  readonly #due = new WriteLane<Due>();
  #timer: Timer | undefined;

  constructor(clock: Clock, onDue: (entry: WriteEntry) => void) {
    this.#clock = clock;
    this.#onDue = onDue;
  }

  add(entry: WriteEntry, waitMs: number): void {
    this.#waiting.add(entry);
    for (const id of concernedIds(entry.op)) {
      const lane = this.#byId.get(id) ?? new WriteLane<WriteEntry>();
      lane.push(entry);
      this.#byId.set(id, lane);
    }
    const due = { entry, atMs: this.#clock.monotonic() + waitMs };
    this.#due.insert(due, (other) => other.atMs <= due.atMs);
    this.#arm();
  }

  remove(entry: WriteEntry): void {
    if (!this.#waiting.delete(entry)) return;
    for (const id of concernedIds(entry.op)) {
      const lane = this.#byId.get(id);
      lane?.remove(entry);
      if (lane?.length === 0) this.#byId.delete(id);
    }
    if (this.#waiting.size === 0) this.close();
  }

  of(id: string): readonly WriteEntry[] {
    return [...(this.#byId.get(id) ?? [])];
  }

  all(): readonly WriteEntry[] {
    return [...this.#waiting];
  }

  /** Ops of the id that have arrived when these are the master's rows: the last one carried, and all before it. */
  arrived(id: string, rowOf: (id: string) => Row | undefined): readonly WriteEntry[] {
    const waiting = this.of(id);
    const last = waiting.findLastIndex(({ op }) =>
      op.kind === "deleteAll"
        ? concernedIds(op).every((each) => rowOf(each) === undefined)
        : carriesOp(op, rowOf(id)),
    );
    return waiting.slice(0, last + 1);
  }

  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    while (this.#due.length > 0) this.#due.shift();
  }

  #arm(): void {
    const next = this.#due.first;
    if (next === undefined || this.#timer !== undefined) return;
    this.#timer = this.#clock.setTimer(() => this.#fire(), Math.max(0, next.atMs - this.#clock.monotonic()));
  }

  #fire(): void {
    this.#timer = undefined;
    const nowMs = this.#clock.monotonic();
    for (let next = this.#due.first; next !== undefined && next.atMs <= nowMs; next = this.#due.first) {
      this.#due.shift();
      if (this.#waiting.has(next.entry)) this.#onDue(next.entry);
    }
    this.#arm();
  }
}
