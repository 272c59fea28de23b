import { DioramaError, isDioramaError } from "../base/index.ts";
import type { CachedRows } from "./cache.ts";
import type { EntryWrite } from "./compose-batch.ts";

/** Calls that go to the store together, at most. */
const MAX_GROUP = 256;

/** What a lane does with the calls whose turn it is; never two at a time. */
export interface LaneWork {
  /** One answer for each, in their order. */
  read(subKeys: readonly (string | undefined)[]): Promise<readonly (CachedRows | undefined)[]>;
  /** All of them or none. */
  write(writes: readonly EntryWrite[]): Promise<void>;
}

interface WaitingRead {
  readonly kind: "read";
  readonly subKey: string | undefined;
  readonly resolve: (found: CachedRows | undefined) => void;
  readonly reject: (error: unknown) => void;
}

interface WaitingWrite {
  readonly kind: "write";
  readonly write: EntryWrite;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** The calls of one table, in the order in which they were made; neighbours of one kind go together. */
export class CallLane {
  readonly #what: string;
  readonly #work: LaneWork;
  #waiting: (WaitingRead | WaitingWrite)[] = [];
  #running: Promise<void> | undefined;
  #isEnded = false;

  /** `what` names the table in messages. */
  constructor(what: string, work: LaneWork) {
    this.#what = what;
    this.#work = work;
  }

  get isIdle(): boolean {
    return this.#running === undefined;
  }

  read(subKey: string | undefined): Promise<CachedRows | undefined> {
    return new Promise((resolve, reject) => this.#add({ kind: "read", subKey, resolve, reject }));
  }

  write(write: EntryWrite): Promise<void> {
    return new Promise((resolve, reject) => this.#add({ kind: "write", write, resolve, reject }));
  }

  /** New calls are `closed`; resolves when those under way have settled. */
  async end(): Promise<void> {
    this.#isEnded = true;
    await this.#running;
  }

  #add(call: WaitingRead | WaitingWrite): void {
    if (this.#isEnded) {
      call.reject(new DioramaError("closed", `${this.#what} is closed; open another one`));
      return;
    }
    this.#waiting.push(call);
    this.#running ??= this.#run();
  }

  async #run(): Promise<void> {
    // What is called in the same stretch goes with it.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const { reads, writes } = this.#takeGroup();
      if (reads.length > 0) await this.#read(reads);
      if (writes.length > 0) await this.#write(writes);
    }
    this.#running = undefined;
  }

  /** The calls that come next and are of one kind. */
  #takeGroup(): { readonly reads: readonly WaitingRead[]; readonly writes: readonly WaitingWrite[] } {
    const reads: WaitingRead[] = [];
    const writes: WaitingWrite[] = [];
    for (const call of this.#waiting) {
      if (reads.length + writes.length >= MAX_GROUP) break;
      if (call.kind === "read" ? writes.length > 0 : reads.length > 0) break;
      if (call.kind === "read") reads.push(call);
      else writes.push(call);
    }
    this.#waiting = this.#waiting.slice(reads.length + writes.length);
    return { reads, writes };
  }

  async #read(calls: readonly WaitingRead[]): Promise<void> {
    try {
      const found = await this.#work.read(calls.map(({ subKey }) => subKey));
      for (const [index, { resolve }] of calls.entries()) resolve(found[index]);
    } catch (error) {
      for (const { reject } of calls) reject(error);
    }
  }

  async #write(calls: readonly WaitingWrite[]): Promise<void> {
    try {
      await this.#work.write(calls.map(({ write }) => write));
      for (const { resolve } of calls) resolve();
    } catch (error) {
      // One of them is too large, or there is no room for all: each is told its own outcome.
      if (calls.length > 1 && isDioramaError(error, "full", "invalid")) {
        for (const call of calls) await this.#write([call]);
        return;
      }
      for (const { reject } of calls) reject(error);
    }
  }
}
