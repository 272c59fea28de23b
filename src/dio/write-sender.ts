import { backoffDelayMs, DioramaError, type Timer } from "../base/index.ts";
import { toRow } from "../record/index.ts";
import type { WriteOp } from "../vista/index.ts";
import type { ReadMark } from "./read-mark.ts";
import { SendStretch } from "./send-stretch.ts";
import { mergeOps } from "./write-coalesce.ts";
import type { WriteCall, WriteResult } from "./write-contract.ts";
import { carriesOp } from "./write-effect.ts";
import { toQueued, type WriteEntry } from "./write-entry.ts";
import { type AttemptVerdict, classifyError, judgeFailure } from "./write-outcome.ts";
import type { WriteParts, WriteSettlement } from "./write-settlement.ts";

/** Ops of one call of onWriteBatch. */
const MAX_BATCH_OPS = 100;

type Outcome = { readonly result: WriteResult } | { readonly error: unknown };

/** Sends what the schedule has ready, up to the concurrency, and waits between attempts. */
export class WriteSender {
  readonly #parts: WriteParts;
  readonly #settlement: WriteSettlement;
  readonly #abort = new AbortController();
  readonly #running = new Set<Promise<void>>();
  readonly #inFlight = new Set<WriteEntry>();
  readonly #wakes = new Set<() => void>();
  readonly #stretch = new SendStretch();
  readonly #idleWaiters: (() => void)[] = [];
  #started = false;
  /** No op is sent any more; those under way end. */
  #stopped = false;
  /** Nobody waits for those under way any more. */
  #ended = false;

  constructor(parts: WriteParts, settlement: WriteSettlement) {
    this.#parts = parts;
    this.#settlement = settlement;
  }

  /** Ops handed to the destination and not answered. */
  get inFlight(): number {
    return this.#inFlight.size;
  }

  /** What an earlier session left is in place: ops may be sent. */
  start(): void {
    this.#started = true;
    this.pump();
  }

  /** A whole read of the master has been published. */
  noteRefresh(): void {
    for (const entry of this.#inFlight) entry.wasRefreshed = true;
  }

  /** Sends what may go now. */
  pump(): void {
    const { policy, host } = this.#parts;
    if (!this.#started) return;
    while (!this.#stopped && host.activity.state !== "offline" && this.#running.size < policy.concurrency) {
      const entries = this.#next();
      if (entries.length === 0) break;
      const run = this.#run(entries).finally(() => {
        this.#running.delete(run);
        this.pump();
      });
      this.#running.add(run);
    }
    if (this.#isIdle) for (const resolve of this.#idleWaiters.splice(0)) resolve();
  }

  /** Resolves when nothing is left to send; what waits for its echo or is parked doesn't count. */
  whenIdle(): Promise<void> {
    if (this.#isIdle) return Promise.resolve();
    return new Promise((resolve) => this.#idleWaiters.push(resolve));
  }

  /** The application is within reach again: nobody waits for the end of a pause. */
  wake(): void {
    for (const wake of Array.from(this.#wakes)) wake();
    this.pump();
  }

  /** Begins no further attempt. Resolves when those under way have been answered. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const wake of Array.from(this.#wakes)) wake();
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  /** Gives up those under way: their answers change nothing any more. */
  end(reason: unknown): void {
    this.#ended = true;
    this.#abort.abort(reason);
  }

  #next(): readonly WriteEntry[] {
    const { host, schedule, policy } = this.#parts;
    const most = host.sendBatch === undefined ? 1 : MAX_BATCH_OPS;
    const entries: WriteEntry[] = [];
    // Nothing is overtaken where the order across ids counts, not even by going in the same call.
    let before = Infinity;
    while (entries.length < most) {
      const entry = schedule.take(before);
      if (entry === undefined) break;
      entry.phase = "sending";
      if (policy.coalesce && this.#coalesce(entry)) continue;
      if (entry.op.kind === "deleteAll" && entry.op.ids?.length === 0) {
        this.#settlement.vanished(entry);
        continue;
      }
      entries.push(entry);
      if (policy.concurrency === 1 && most > 1) before = Math.min(before, schedule.firstBehind(entry));
    }
    return entries;
  }

  /** Merges what stands behind the op into it. True: nothing is left to send. */
  #coalesce(entry: WriteEntry): boolean {
    const { schedule, policy, host } = this.#parts;
    const first = entry.op;
    if (first.kind === "deleteAll" || !entry.isUnsent) return false;
    const exists = host.state.store.get(first.id) !== undefined;
    const absorbed: WriteEntry[] = [];
    let op = first;
    for (const next of schedule.following(entry, policy.concurrency === 1)) {
      if (next.op.kind === "deleteAll" || !next.isUnsent) break;
      const merged = mergeOps(op, next.op, exists);
      if (merged === undefined) break;
      absorbed.push(next);
      if (merged === "nothing") {
        for (const each of [entry, ...absorbed]) this.#settlement.vanished(each);
        return true;
      }
      op = merged;
    }
    if (absorbed.length > 0) this.#settlement.absorb(entry, absorbed, Object.freeze(op));
    return false;
  }

  async #run(entries: readonly WriteEntry[]): Promise<void> {
    let due = entries;
    if (this.#stretch.isLong) {
      await this.#stretch.giveWay();
      due = this.#stillDue(due);
    }
    while (due.length > 0 && !this.#stopped) {
      due = await this.#attempt(due);
      if (due.length > 0) await this.#pause(due);
      due = this.#stillDue(due);
    }
    // Stopped between two attempts: it is as unsent as the others.
    for (const entry of due) if (entry.phase === "sending") entry.phase = "queued";
  }

  /** Returns those to be tried again. */
  async #attempt(entries: readonly WriteEntry[]): Promise<readonly WriteEntry[]> {
    const { state } = this.#parts.host;
    const mark = state.beginRead();
    try {
      const [first] = entries;
      if (first === undefined) return entries;
      const single = entries.length === 1 && this.#parts.host.sendBatch === undefined;
      const outcomes = single ? [await this.#sendOne(first)] : await this.#sendBatch(entries);
      if (this.#ended) return [];
      const again: WriteEntry[] = [];
      for (const [index, entry] of entries.entries()) {
        const outcome = outcomes[index] ?? { result: undefined };
        if (this.#ended) return [];
        if (!(await this.#settle(entry, outcome, mark))) again.push(entry);
      }
      return again;
    } finally {
      state.endRead(mark);
    }
  }

  async #sendOne(entry: WriteEntry): Promise<Outcome> {
    const op = this.#begin(entry);
    try {
      return { result: await this.#parts.host.send(op, this.#call) };
    } catch (error) {
      return { error };
    } finally {
      this.#inFlight.delete(entry);
    }
  }

  async #sendBatch(entries: readonly WriteEntry[]): Promise<readonly Outcome[]> {
    const { host, name } = this.#parts;
    const ops = entries.map((entry) => this.#begin(entry));
    try {
      const results = await host.sendBatch?.(ops, this.#call);
      if (!Array.isArray(results)) return ops.map(() => ({ result: undefined }));
      if (results.length !== ops.length) {
        const message = `${name}: onWriteBatch answered ${results.length} results for ${ops.length} ops; those without one count as accepted`;
        host.failures.tellOnce("send", new DioramaError("invalid", message, { place: { vista: name } }));
      }
      return ops.map((_, index) => toOutcome(results[index]));
    } catch (error) {
      for (const entry of entries) this.#inFlight.delete(entry);
      if (entries.length === 1 || classifyError(error) === "transient" || this.#ended)
        return entries.map(() => ({ error }));
      return await this.#sendApart(entries);
    } finally {
      for (const entry of entries) this.#inFlight.delete(entry);
    }
  }

  /** The error of a batch says not which op it is about: each is sent alone, the others may have arrived. */
  async #sendApart(entries: readonly WriteEntry[]): Promise<readonly Outcome[]> {
    const outcomes: Outcome[] = [];
    for (const entry of entries) {
      entry.outcomeUnknown = true;
      if (this.#ended) break;
      // The master may have told of it by now: then it is not sent again.
      outcomes.push(...(entry.wasEchoed ? [{ result: undefined }] : await this.#sendBatch([entry])));
    }
    return outcomes;
  }

  #begin(entry: WriteEntry): WriteOp {
    entry.op = Object.freeze({ ...entry.op, attempt: entry.op.attempt + 1 });
    entry.attempts += 1;
    entry.wasRefreshed = false;
    this.#settlement.noteBegin(entry);
    this.#inFlight.add(entry);
    return entry.op;
  }

  /** True: the op is settled. */
  async #settle(entry: WriteEntry, outcome: Outcome, mark: ReadMark): Promise<boolean> {
    if (entry.wasEchoed) this.#settlement.echoed(entry);
    else if ("result" in outcome) await this.#settlement.accepted(entry, outcome.result, mark);
    else return this.#settleError(entry, outcome.error, mark);
    return true;
  }

  async #settleError(entry: WriteEntry, error: unknown, mark: ReadMark): Promise<boolean> {
    let verdict = this.#judge(entry, error);
    if (verdict.kind === "compare") verdict = await this.#compare(entry, verdict.error);
    if (this.#ended) return true;
    if (entry.wasEchoed) this.#settlement.echoed(entry);
    else if (verdict.kind === "succeed") await this.#settlement.accepted(entry, verdict.result, mark);
    else if (verdict.kind === "fail") this.#settlement.failed(entry, verdict.error);
    else this.#retryLater(entry, verdict.error);
    return entry.phase !== "sending";
  }

  #judge(entry: WriteEntry, error: unknown): AttemptVerdict {
    if (classifyError(error) === "unknown") entry.unknownErrors += 1;
    const { op, outcomeUnknown, unknownErrors } = entry;
    return judgeFailure(error, {
      op,
      outcomeUnknown,
      unknownErrors,
      unknownErrorAttempts: this.#parts.policy.unknownErrorAttempts,
    });
  }

  /** After an unknown outcome: is the row that is in the way of an insert its own? */
  async #compare(entry: WriteEntry, conflict: DioramaError): Promise<AttemptVerdict> {
    const { op } = entry;
    const { host } = this.#parts;
    if (host.readStored === undefined || op.kind !== "insert") return { kind: "fail", error: conflict };
    try {
      const stored = await host.readStored(op.id, this.#call);
      const row = stored === undefined ? undefined : toRow(stored, { vista: this.#parts.name, id: op.id });
      return carriesOp(op, row) ? { kind: "succeed", result: { row } } : { kind: "fail", error: conflict };
    } catch (error) {
      return classifyError(error) === "definite"
        ? { kind: "fail", error: conflict }
        : this.#judge(entry, error);
    }
  }

  #retryLater(entry: WriteEntry, error: DioramaError): void {
    const { policy, host, file } = this.#parts;
    entry.outcomeUnknown = true;
    entry.error = error;
    entry.nextAttemptAt = host.clock.now() + backoffDelayMs(policy.retry, entry.attempts, host.random);
    file.note(toQueued(entry, "queued"));
    host.failures.began("send", error);
    host.state.announce({ type: "writeRetrying", op: entry.op, error });
  }

  /** Until the last of them is due, or somebody knows better. While offline, until that ends. */
  async #pause(entries: readonly WriteEntry[]): Promise<void> {
    const { host } = this.#parts;
    const dueAt = Math.max(...entries.map((entry) => entry.nextAttemptAt));
    let delayMs = Math.max(0, dueAt - host.clock.now());
    do {
      await this.#sleep(entries, host.activity.state === "offline" ? Infinity : delayMs);
      delayMs = 0;
    } while (
      host.activity.state === "offline" &&
      !this.#stopped &&
      !entries.some((entry) => entry.wasEchoed)
    );
  }

  /** What the master told of in the meantime is done. */
  #stillDue(entries: readonly WriteEntry[]): readonly WriteEntry[] {
    for (const entry of entries)
      if (entry.wasEchoed && entry.phase === "sending") this.#settlement.echoed(entry);
    return entries.filter((entry) => entry.phase === "sending");
  }

  #sleep(entries: readonly WriteEntry[], delayMs: number): Promise<void> {
    if (this.#stopped) return Promise.resolve();
    return new Promise((resolve) => {
      let timer: Timer | undefined;
      const wake = (): void => {
        timer?.cancel();
        this.#wakes.delete(wake);
        for (const entry of entries) entry.wake = undefined;
        resolve();
      };
      this.#wakes.add(wake);
      for (const entry of entries) entry.wake = wake;
      const { clock, durability } = this.#parts.host;
      // What is only in memory is worth staying alive for.
      if (delayMs !== Infinity) timer = clock.setTimer(wake, delayMs, { keepAlive: durability === "memory" });
    });
  }

  get #isIdle(): boolean {
    return this.#running.size === 0 && this.#parts.schedule.size === 0;
  }

  get #call(): WriteCall {
    return { signal: this.#abort.signal };
  }
}

function toOutcome(result: WriteResult | Error): Outcome {
  return result instanceof Error ? { error: result } : { result };
}
