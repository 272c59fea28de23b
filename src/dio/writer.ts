import { DioramaError, type ErrorCode, type Timer, uuidV7 } from "../base/index.ts";
import type { LostOp, QueuedOp, WriteQueue } from "../queue/index.ts";
import type { WriteOp } from "../vista/index.ts";
import type {
  DeadLetters,
  FailedWrite,
  PendingWrite,
  WriteDiagnostics,
  WriteHandle,
  WritePolicy,
  WriteRequest,
  WriterHost,
} from "./write-contract.ts";
import { DeadLetterBox } from "./write-dead-letters.ts";
import { EchoWatch } from "./write-echo.ts";
import { toQueued, WriteEntry } from "./write-entry.ts";
import { WriteFile } from "./write-file.ts";
import { FlushGroups } from "./write-flush.ts";
import { OpHandle } from "./write-handle.ts";
import { LetterEdits } from "./write-letter-edits.ts";
import { lossErrors, lossSummary } from "./write-losses.ts";
import { WriteLetterDesk } from "./write-letter-desk.ts";
import { WriteObserver } from "./write-observer.ts";
import { WriteIntake } from "./write-intake.ts";
import { lastSequence, resumeWrites } from "./write-resume.ts";
import { WriteSchedule } from "./write-schedule.ts";
import { WriteSender } from "./write-sender.ts";
import { type WriteParts, WriteSettlement } from "./write-settlement.ts";

export type {
  DeadLetters,
  FailedWrite,
  PendingWrite,
  WriteDiagnostics,
  WriteEdit,
  WriteHandle,
  WritePolicy,
  WriteRequest,
  WriterHost,
  WriteResult,
} from "./write-contract.ts";

/** How long an op under way may take to end when the Dio closes. */
const CLOSING_MS = 5_000;

/** The write side of one Dio: takes ops in, shows them, sends them, settles them. */
export class Writer implements Omit<DeadLetters, "edit"> {
  readonly #host: WriterHost;
  readonly #parts: WriteParts;
  readonly #settlement: WriteSettlement;
  readonly #sender: WriteSender;
  /** Every op that is held, by opId, in the order in which they came. */
  readonly #entries = new Map<string, WriteEntry>();
  readonly #leaveActivity: () => void;
  readonly #desk: WriteLetterDesk;
  readonly #observer: WriteObserver;
  readonly #edits: LetterEdits;
  #lost: readonly LostOp[];
  #closing: Promise<void> | undefined;
  /** Resolves when what an earlier session confirmed is in the cache: reads of the master begin after that. */
  readonly ready: Promise<void>;

  constructor(host: WriterHost, policy: WritePolicy, queue: WriteQueue) {
    this.#host = host;
    this.#lost = queue.lost;
    this.#parts = this.#createParts(host, policy, queue);
    this.#settlement = new WriteSettlement(this.#parts);
    this.#sender = new WriteSender(this.#parts, this.#settlement);
    this.#desk = new WriteLetterDesk(this.#parts, this.#settlement);
    this.#edits = new LetterEdits({
      parts: this.#parts,
      settlement: this.#settlement,
      desk: this.#desk,
      isClosing: () => this.#closing !== undefined,
    });
    this.#observer = new WriteObserver(this.#parts, this.#settlement, this.#desk);
    let wasOffline = host.activity.state === "offline";
    this.#leaveActivity = host.activity.subscribe((state) => {
      if (wasOffline && state !== "offline") this.#sender.wake();
      wasOffline = state === "offline";
    });
    const createEntry = (kept: QueuedOp): WriteEntry => this.#createKept(kept);
    this.ready = resumeWrites(queue.kept, createEntry, this.#parts, this.#settlement).then(() => {
      host.resumed?.();
      this.#sender.start();
    });
    queue.onLost?.((lost) => this.#queueLost(lost));
  }

  /** Queues a write. An opId that is held already is the same write, and gets the same handle. */
  submit(request: WriteRequest): WriteHandle {
    const opId = request.opId ?? uuidV7(this.#host.clock);
    const held = this.#entries.get(opId);
    if (held !== undefined) return held.handle;
    const op: WriteOp = Object.freeze({
      ...withDistinctIds(request),
      opId,
      enqueuedAt: this.#host.clock.now(),
      attempt: 0,
    });
    const entry = this.#createEntry(op);
    if (this.#closing !== undefined) {
      this.#refuse(entry, this.#error("closed", "this Dio is closed"));
    } else {
      entry.flushGroup = this.#parts.flushes.join();
      this.#parts.intake.accept(entry);
    }
    return entry.handle;
  }

  /** Whether the op is held: queued, under way, or a dead letter. */
  has(opId: string): boolean {
    return this.#entries.has(opId);
  }

  /** Resolves when everything queued before the call has settled; dead letters count, parked ops do not hold it. */
  flush(): Promise<void> {
    return this.#parts.flushes.wait();
  }

  pending(): readonly PendingWrite[] {
    const found: PendingWrite[] = [];
    // An edited letter came last, and stands in its letter's place.
    for (const { op, phase, error } of Array.from(this.#entries.values()).toSorted(byPlace)) {
      if (phase === "failed" || phase === "done") continue;
      const state = phase === "intake" || phase === "staging" ? "queued" : phase;
      found.push(error === undefined ? { op, state } : { op, state, error });
    }
    return found;
  }

  failed(): readonly FailedWrite[] {
    return this.#desk.failed(this.#error("rejected", "the write failed"));
  }

  get hasFailures(): boolean {
    return this.#parts.letters.size > 0;
  }

  /** Why the newest dead letter of this id failed; `undefined`: there is none. */
  failureOf(id: string): DioramaError | undefined {
    return this.#parts.letters.errorOf(id);
  }

  async retry(opId: string): Promise<boolean> {
    if (this.#closing !== undefined) return false;
    try {
      return await this.#desk.retry(opId);
    } finally {
      // Also where the queue does not have it yet: here it counts.
      this.#sender.pump();
    }
  }

  async discard(opId: string): Promise<boolean> {
    if (this.#closing !== undefined) return false;
    try {
      return await this.#desk.discard(opId);
    } finally {
      this.#sender.pump();
    }
  }

  /** Puts another write in the place of a dead letter: its opId, or `undefined` where there is no such letter. */
  async edit(
    opId: string,
    toRequest: (letter: WriteOp) => Promise<WriteRequest>,
  ): Promise<string | undefined> {
    if (this.#closing !== undefined) return undefined;
    const edited = await this.#edits.edit(opId, toRequest);
    this.#sender.pump();
    return edited;
  }

  /** An upstream change of this id is in the confirmed rows: accepted ops that it carries or names are done. */
  observe(id: string, opId?: string): void {
    const named = opId === undefined ? undefined : this.#entries.get(opId);
    if (named !== undefined) this.#observer.named(named);
    this.#observer.changed(id);
    this.#sender.pump();
  }

  /** A refresh is in the confirmed rows: accepted ops that it carries are done. */
  observeRefresh(): void {
    this.#sender.noteRefresh();
    this.#observer.refreshed();
  }

  diagnostics(): WriteDiagnostics {
    const { letters, intake, file } = this.#parts;
    let oldest: WriteEntry | undefined;
    for (const entry of this.#entries.values()) {
      if (entry.phase === "failed") continue;
      oldest = entry;
      break;
    }
    const error = file.failing?.message;
    return {
      depth: intake.held - letters.size,
      inFlight: this.#sender.inFlight,
      failed: letters.size,
      oldestMs: oldest === undefined ? undefined : Math.max(0, this.#host.clock.now() - oldest.op.enqueuedAt),
      durability: this.#host.durability,
      lost: this.#lost,
      ...(error === undefined ? {} : { error }),
    };
  }

  /**
   * Ends the writer. Ops under way get 5 s; a durable queue keeps the rest, one in memory is given `drainMs` to
   * send it. What is left then is rejected as `closed`.
   */
  close(options: { readonly drainMs: number }): Promise<void> {
    this.#closing ??= this.#close(options.drainMs);
    return this.#closing;
  }

  async #close(drainMs: number): Promise<void> {
    const { intake, file, echoes } = this.#parts;
    const closed = this.#error("closed", "this Dio is closed");
    for (const entry of intake.withdrawAll()) this.#refuse(entry, closed);
    await this.ready;
    await intake.whenStaged();
    if (!this.#isDurable && this.#host.activity.state !== "offline") {
      await this.#within(drainMs, this.#sender.whenIdle());
    }
    await this.#within(CLOSING_MS, this.#sender.stop());
    this.#sender.end(closed);
    this.#leaveActivity();
    echoes.close();
    this.#leaveRest(closed);
    this.#parts.flushes.close(closed);
    await file.close();
  }

  /** What is not settled: kept in a durable queue, else ended here. */
  #leaveRest(closed: DioramaError): void {
    const { state, failures } = this.#host;
    const durable = this.#isDurable;
    for (const entry of Array.from(this.#entries.values())) {
      if (!durable && entry.phase === "echo") {
        // The destination has it: what was accepted counts as done.
        this.#settlement.echoMissed(entry);
      } else if (!durable && entry.phase !== "failed") {
        failures.began("write", closed);
        state.announce({ type: "writeFailed", op: entry.op, error: closed });
        this.#settlement.dropped(entry);
      } else if (entry.phase === "sending") {
        entry.outcomeUnknown = true;
        this.#parts.file.note(toQueued(entry, "queued"));
      }
      entry.handle.reject(closed);
      for (const absorbed of entry.absorbed ?? []) absorbed.handle.reject(closed);
    }
    state.publishNow();
  }

  /** Waits for it, but no longer than this. */
  #within(timeMs: number, work: Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      let timer: Timer | undefined = this.#host.clock.setTimer(resolve, timeMs, { keepAlive: true });
      const done = (): void => {
        timer?.cancel();
        timer = undefined;
      };
      work.then(
        () => {
          done();
          resolve();
        },
        (error: unknown) => {
          done();
          reject(error);
        },
      );
    });
  }

  async #cancel(entry: WriteEntry): Promise<boolean> {
    const { intake, file } = this.#parts;
    const { phase } = entry;
    if (!entry.isUnsent || this.#closing !== undefined) return false;
    if (phase === "sending" || phase === "echo" || phase === "failed" || phase === "done") return false;
    entry.handle.reject(this.#error("rejected", "the write was cancelled before it was sent"));
    intake.withdraw(entry);
    if (phase === "intake") {
      this.#settleUnheld(entry);
      return true;
    }
    if (phase === "parked") this.#desk.unpark(entry);
    this.#settlement.dropped(entry);
    this.#sender.pump();
    await file.kept();
    return true;
  }

  #staged(entries: readonly WriteEntry[]): void {
    const { schedule, file } = this.#parts;
    for (const entry of entries) {
      if (entry.phase !== "staging") {
        // Withdrawn while it was on its way to the file.
        file.drop(entry.sequence, { isPromised: true });
        continue;
      }
      entry.phase = "queued";
      this.#host.state.announce({ type: "writeQueued", op: entry.op });
      entry.handle.stagedVerdict.resolve();
      if (!this.#settlement.park(entry)) schedule.add(entry);
    }
    this.#sender.pump();
  }

  #refuse(entry: WriteEntry, error: DioramaError): void {
    if (entry.isShown) this.#settlement.hide(entry);
    entry.handle.reject(error);
    this.#settleUnheld(entry);
  }

  #settleUnheld(entry: WriteEntry): void {
    entry.phase = "done";
    this.#entries.delete(entry.op.opId);
    if (entry.flushGroup !== undefined) this.#parts.flushes.leave(entry.flushGroup);
    entry.flushGroup = undefined;
  }

  #createEntry(op: WriteOp): WriteEntry {
    const handle = new OpHandle(op.opId, () => this.#cancel(entry));
    const entry: WriteEntry = new WriteEntry(op, handle);
    this.#entries.set(op.opId, entry);
    return entry;
  }

  #createKept(kept: QueuedOp): WriteEntry {
    const entry = this.#createEntry(kept.op);
    entry.sequence = kept.sequence;
    entry.handle.stagedVerdict.resolve();
    return entry;
  }

  #createParts(host: WriterHost, policy: WritePolicy, queue: WriteQueue): WriteParts {
    const { state, clock } = host;
    const { name } = host;
    const file = new WriteFile(queue, {
      clock,
      flushCache: () => state.store.journal.flush(),
      onFailure: (error) => this.#queueFailed(error),
      onRecovery: () => host.failures.ended("queue"),
    });
    const intake = new WriteIntake(
      {
        state,
        file,
        maxOps: policy.maxOps,
        whenFull: policy.whenFull,
        name,
        show: (entry) => this.#settlement.show(entry),
        staged: (entries) => this.#staged(entries),
        refuse: (entry, error) => this.#refuse(entry, error),
      },
      { count: queue.kept.length, lastSequence: lastSequence(queue) },
    );
    return {
      host,
      policy,
      name,
      file,
      intake,
      schedule: new WriteSchedule(),
      letters: new DeadLetterBox(),
      flushes: new FlushGroups(),
      echoes: new EchoWatch(clock, (entry) => this.#settlement.echoMissed(entry)),
      takePlace: (entry, op) => {
        entry.phase = "done";
        this.#entries.delete(entry.op.opId);
        const next = this.#createEntry(op);
        next.sequence = entry.sequence;
        return next;
      },
      forget: (entry) => {
        this.#settleUnheld(entry);
        intake.release();
      },
    };
  }

  /** The queue takes nothing, or has refused one op that can't be written. */
  #queueFailed(error: DioramaError): void {
    const { failures, state } = this.#host;
    if (error.code === "invalid") failures.note("queue", error);
    else failures.began("queue", error);
    state.announce({ type: "queueFailed", error });
  }

  /** Damage has shown itself: what is held here is put into the queue again, whether it was lost or not. */
  #queueLost(lost: readonly LostOp[]): void {
    const { failures, state, name } = this.#host;
    this.#lost = [...this.#lost, ...lost];
    const summary = lossSummary(lost, name);
    if (summary !== undefined) failures.note("queue", summary);
    for (const error of lossErrors(lost, name)) state.announce({ type: "queueFailed", error });
    void this.ready.then(() => {
      for (const entry of this.#entries.values()) this.#settlement.keepAgain(entry, { isPromised: true });
    });
  }

  get #isDurable(): boolean {
    return this.#host.durability !== "memory";
  }

  #error(code: ErrorCode, message: string): DioramaError {
    const { name } = this.#parts;
    return new DioramaError(code, `${name}: ${message}`, { place: { vista: name } });
  }
}

/** What waits for room has no place yet: it comes behind all others, as it came. */
function byPlace(one: WriteEntry, other: WriteEntry): number {
  if (one.sequence === 0 || other.sequence === 0)
    return Number(one.sequence === 0) - Number(other.sequence === 0);
  return one.sequence - other.sequence;
}

/** An id twice is one row. */
function withDistinctIds(request: WriteRequest): WriteRequest {
  if (request.kind !== "deleteAll" || request.ids === undefined) return request;
  return { ...request, ids: [...new Set(request.ids)] };
}
