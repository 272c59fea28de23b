import { DioramaError, toDioramaError } from "../base/index.ts";
import type { DioState } from "./dio-state.ts";
import { concernedIds } from "./overlay.ts";
import { toQueued, type WriteEntry } from "./write-entry.ts";
import type { WriteFile } from "./write-file.ts";
import { WriteLane } from "./write-lane.ts";

/** Ops whose rows are looked up together while the cache is still being loaded. */
const MAX_LOOKED_UP = 1_000;

export interface WriteIntakeHost {
  readonly state: DioState;
  readonly file: WriteFile;
  readonly maxOps: number;
  readonly whenFull: "wait" | "reject";
  readonly name: string;
  /** Shows the op. */
  show(entry: WriteEntry): void;
  /** They are in the queue file, in order: says so and schedules them. */
  staged(entries: readonly WriteEntry[]): void;
  /** It won't be queued: takes it out of the overlay and tells its caller. */
  refuse(entry: WriteEntry, error: DioramaError): void;
}

/** Ops that go to the file together. */
interface Batch {
  readonly entries: WriteEntry[];
  /** It is on its way; nothing is added or taken back any more. */
  isUnderWay: boolean;
  /** Each of its ops is in the file, or refused. */
  isDone: boolean;
  done: Promise<void>;
}

/**
 * The way into the queue: room, then the row below, then the overlay, then the queue file. Strictly in the
 * order of the calls; the ops of one synchronous stretch go to the file together.
 */
export class WriteIntake {
  readonly #host: WriteIntakeHost;
  /** Wait for room or for their rows. */
  readonly #waiting = new WriteLane<WriteEntry>();
  #isAdvancing = false;
  /** On their way to the file, oldest first; the last one may still be filling. */
  readonly #batches = new WriteLane<Batch>();
  #held: number;
  #lastSequence: number;

  constructor(host: WriteIntakeHost, kept: { readonly count: number; readonly lastSequence: number }) {
    this.#host = host;
    this.#held = kept.count;
    this.#lastSequence = kept.lastSequence;
  }

  /** Of the op let in last. */
  get lastSequence(): number {
    return this.#lastSequence;
  }

  /** Ops let in that have not left. */
  get held(): number {
    return this.#held;
  }

  /** Takes the op in, at once where nothing is in the way. */
  accept(entry: WriteEntry): void {
    const isFull = this.#held >= this.#host.maxOps || this.#waiting.length > 0;
    if (isFull && this.#host.whenFull === "reject" && this.#held >= this.#host.maxOps) {
      this.#host.refuse(entry, this.#fullError());
    } else if (isFull || !this.#knows(entry)) {
      this.#waiting.push(entry);
      this.advance();
    } else {
      this.#letIn(entry);
    }
  }

  /** An op has left. */
  release(): void {
    this.#held -= 1;
    if (this.#waiting.length > 0) this.advance();
  }

  /** Takes back an op that is not in the file. False: it is. */
  withdraw(entry: WriteEntry): boolean {
    if (entry.phase === "intake") return this.#waiting.remove(entry);
    const filling = this.#batches.last;
    const at = filling?.isUnderWay === false ? filling.entries.indexOf(entry) : -1;
    if (at !== -1) filling?.entries.splice(at, 1);
    return at !== -1;
  }

  /** Takes back everything that is not let in, oldest first. */
  withdrawAll(): readonly WriteEntry[] {
    const waiting = [...this.#waiting];
    while (this.#waiting.length > 0) this.#waiting.shift();
    return waiting;
  }

  /** Ops that are on their way to the file. */
  staging(): readonly WriteEntry[] {
    return [...this.#batches].flatMap(({ entries }) => entries);
  }

  /** Resolves when nothing is on its way to the file. */
  async whenStaged(): Promise<void> {
    for (let batch = this.#batches.first; batch !== undefined; batch = this.#batches.first) await batch.done;
  }

  advance(): void {
    if (this.#isAdvancing) return;
    this.#isAdvancing = true;
    void this.#advance();
  }

  async #advance(): Promise<void> {
    try {
      while (this.#waiting.length > 0) {
        const room = Math.min(this.#host.maxOps - this.#held, MAX_LOOKED_UP);
        if (room <= 0) {
          if (this.#host.whenFull === "reject") this.#refuseAll([...this.#waiting], this.#fullError());
          return;
        }
        const next = [...take(this.#waiting, room)];
        const unknown = next.filter((entry) => !this.#knows(entry)).flatMap(({ op }) => concernedIds(op));
        try {
          if (unknown.length > 0) await this.#host.state.store.ensure(unknown);
        } catch (error) {
          this.#refuseAll(
            next,
            toDioramaError(error, "unavailable", `${this.#host.name}: looking up the row`),
          );
          continue;
        }
        this.#letInKnown();
      }
    } finally {
      // In the same stretch as the last look: whoever makes room from here on starts it again.
      this.#isAdvancing = false;
    }
  }

  /** Some may have been withdrawn meanwhile, and others have moved up: those wait for the next round. */
  #letInKnown(): void {
    for (let entry = this.#waiting.first; entry !== undefined; entry = this.#waiting.first) {
      if (this.#held >= this.#host.maxOps || !this.#knows(entry)) return;
      this.#waiting.shift();
      this.#letIn(entry);
    }
  }

  #refuseAll(entries: readonly WriteEntry[], error: DioramaError): void {
    for (const entry of entries) if (this.#waiting.remove(entry)) this.#host.refuse(entry, error);
  }

  #knows({ op }: WriteEntry): boolean {
    const { store } = this.#host.state;
    if (store.isLoaded) return true;
    return concernedIds(op).every((id) => store.knows(id));
  }

  #letIn(entry: WriteEntry): void {
    this.#held += 1;
    this.#lastSequence += 1;
    entry.sequence = this.#lastSequence;
    entry.phase = "staging";
    this.#host.show(entry);
    const filling = this.#batches.last;
    if (filling?.isUnderWay === false) {
      filling.entries.push(entry);
      return;
    }
    const batch: Batch = { entries: [entry], isUnderWay: false, isDone: false, done: Promise.resolve() };
    batch.done = batch.done.then(() => this.#stageBatch(batch));
    this.#batches.push(batch);
  }

  async #stageBatch(batch: Batch): Promise<void> {
    batch.isUnderWay = true;
    try {
      await this.#stage(batch.entries);
    } catch (error) {
      const [only, ...others] = batch.entries;
      if (only !== undefined && others.length === 0) this.#refuseStaged(batch, only, error);
      else await this.#stageEach(batch);
    }
    batch.isDone = true;
    while (this.#batches.first?.isDone === true) this.#host.staged(this.#batches.shift()?.entries ?? []);
  }

  /** What fails together may succeed in part. */
  async #stageEach(batch: Batch): Promise<void> {
    for (const entry of batch.entries.slice()) {
      try {
        await this.#stage([entry]);
      } catch (error) {
        this.#refuseStaged(batch, entry, error);
      }
    }
  }

  #stage(entries: readonly WriteEntry[]): Promise<void> {
    return entries.length === 0
      ? Promise.resolve()
      : this.#host.file.stage(entries.map((entry) => toQueued(entry, "queued")));
  }

  #refuseStaged(batch: Batch, entry: WriteEntry, error: unknown): void {
    batch.entries.splice(batch.entries.indexOf(entry), 1);
    const refusal = toDioramaError(error, "unavailable", `${this.#host.name}: queueing the write`);
    // Only the answer may be missing: what its caller is told to be refused must not come back.
    if (refusal.code === "unavailable") this.#host.file.drop(entry.sequence, { isPromised: true });
    // It may have been cancelled while it was on its way.
    if (entry.phase !== "staging") return;
    this.#host.refuse(entry, refusal);
    this.release();
  }

  #fullError(): DioramaError {
    const { name, maxOps } = this.#host;
    return new DioramaError(
      "full",
      `${name}: the write queue holds ${maxOps} ops; wait for flush(), or see writes.failed()`,
      {
        place: { vista: name },
      },
    );
  }
}

function* take(lane: WriteLane<WriteEntry>, count: number): Generator<WriteEntry> {
  let left = count;
  for (const entry of lane) {
    if (left-- === 0) return;
    yield entry;
  }
}
