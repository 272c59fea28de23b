import { DioramaError, type ErrorCode, type Timer, uuidV7 } from "../base/index.ts";
import type { QueuedOp, WriteQueue } from "../queue/index.ts";
import type { Row } from "../record/index.ts";
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
import { type DeadLetter, DeadLetterBox } from "./write-dead-letters.ts";
import { EchoWatch } from "./write-echo.ts";
import { toQueued, WriteEntry } from "./write-entry.ts";
import { WriteFile } from "./write-file.ts";
import { FlushGroups } from "./write-flush.ts";
import { OpHandle } from "./write-handle.ts";
import { WriteIntake } from "./write-intake.ts";
import { resumeWrites } from "./write-resume.ts";
import { WriteSchedule } from "./write-schedule.ts";
import { WriteSender } from "./write-sender.ts";
import { type WriteParts, WriteSettlement } from "./write-settlement.ts";

export type {
  DeadLetters,
  FailedWrite,
  PendingWrite,
  WriteCall,
  WriteDiagnostics,
  WriteHandle,
  WritePolicy,
  WriteRequest,
  WriterHost,
  WriteResult,
} from "./write-contract.ts";

/** How long an op under way may take to end when the Dio closes. */
const CLOSING_MS = 5_000;

/** The write side of one Dio: takes ops in, shows them, sends them, settles them. */
export class Writer implements DeadLetters {
  readonly #host: WriterHost;
  readonly #parts: WriteParts;
  readonly #settlement: WriteSettlement;
  readonly #sender: WriteSender;
  /** Every op that is held, by opId, in the order in which they came. */
  readonly #entries = new Map<string, WriteEntry>();
  readonly #leaveActivity: () => void;
  #closing: Promise<void> | undefined;

  constructor(host: WriterHost, policy: WritePolicy, queue: WriteQueue) {
    this.#host = host;
    this.#parts = this.#createParts(host, policy, queue);
    this.#settlement = new WriteSettlement(this.#parts);
    this.#sender = new WriteSender(this.#parts, this.#settlement);
    let wasOffline = host.activity.state === "offline";
    this.#leaveActivity = host.activity.subscribe((state) => {
      if (wasOffline && state !== "offline") this.#sender.wake();
      wasOffline = state === "offline";
    });
    const entries = queue.kept.map((kept) => this.#createKept(kept));
    void resumeWrites(queue.kept, entries, this.#parts, this.#settlement).then(() => this.#sender.pump());
  }

  /** Queues a write. An opId that is held already is the same write, and gets the same handle. */
  submit(request: WriteRequest): WriteHandle {
    const opId = request.opId ?? uuidV7(this.#host.clock);
    const held = this.#entries.get(opId);
    if (held !== undefined) return held.handle;
    const op: WriteOp = Object.freeze({ ...request, opId, enqueuedAt: this.#host.clock.now(), attempt: 0 });
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
    for (const { op, phase, error } of this.#entries.values()) {
      if (phase === "failed" || phase === "done") continue;
      const state = phase === "intake" || phase === "staging" ? "queued" : phase;
      found.push(error === undefined ? { op, state } : { op, state, error });
    }
    return found;
  }

  failed(): readonly FailedWrite[] {
    const letters = [...this.#parts.letters.all()].toSorted((a, b) => a.entry.sequence - b.entry.sequence);
    return letters.map(({ entry }) => ({
      op: entry.op,
      error: entry.error ?? this.#error("rejected", "the write failed"),
    }));
  }

  /** Why the newest dead letter of this id failed; `undefined`: there is none. */
  failureOf(id: string): DioramaError | undefined {
    return this.#parts.letters.errorOf(id);
  }

  async retry(opId: string): Promise<boolean> {
    const { letters, file } = this.#parts;
    const letter = this.#closing === undefined ? letters.get(opId) : undefined;
    if (letter === undefined) return false;
    letters.remove(letter);
    const { entry } = letter;
    entry.attempts = 0;
    entry.unknownErrors = 0;
    entry.nextAttemptAt = 0;
    this.#settlement.show(entry);
    file.note(toQueued(entry, "queued"));
    this.#requeue([entry, ...letter.parked]);
    await file.settled();
    return true;
  }

  async discard(opId: string): Promise<boolean> {
    const { letters, file } = this.#parts;
    const letter = this.#closing === undefined ? letters.get(opId) : undefined;
    if (letter === undefined) return false;
    letters.remove(letter);
    this.#settlement.hide(letter.entry);
    this.#drop(letter.entry);
    this.#requeue(letter.parked);
    await file.settled();
    return true;
  }

  /** An upstream change of this id is in the confirmed rows: ops that it carries are done. */
  observe(id: string, _row: Row | undefined, opId?: string): void {
    const { echoes } = this.#parts;
    const named = opId === undefined ? undefined : this.#entries.get(opId);
    if (named !== undefined) this.#observeOp(named);
    const { store } = this.#host.state;
    for (const entry of echoes.arrived(id, (each) => store.get(each))) this.#settlement.echoed(entry);
  }

  /** A refresh is in the confirmed rows: ops that it carries are done. */
  observeRefresh(): void {
    const { echoes } = this.#parts;
    const { store } = this.#host.state;
    for (const entry of echoes.all()) {
      const { op } = entry;
      if (entry.phase !== "echo") continue;
      if (op.kind !== "deleteAll") this.observe(op.id, undefined);
      else if (op.ids === undefined ? store.count === 0 : op.ids.every((id) => store.get(id) === undefined))
        this.#settlement.echoed(entry);
    }
  }

  diagnostics(): WriteDiagnostics {
    const { letters, intake } = this.#parts;
    let oldest: WriteEntry | undefined;
    for (const entry of this.#entries.values()) {
      if (entry.phase === "failed") continue;
      oldest = entry;
      break;
    }
    return {
      depth: intake.held - letters.size,
      inFlight: this.#sender.inFlight,
      failed: letters.size,
      oldestMs: oldest === undefined ? undefined : Math.max(0, this.#host.clock.now() - oldest.op.enqueuedAt),
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
    await intake.whenStaged();
    if (this.#host.durable !== true && this.#host.activity.state !== "offline")
      await this.#within(drainMs, this.flush());
    await this.#within(CLOSING_MS, this.#sender.stop());
    this.#sender.end(closed);
    this.#leaveActivity();
    echoes.close();
    this.#leaveRest(closed);
    await file.close();
  }

  /** What is not settled: kept in a durable queue, else ended here. */
  #leaveRest(closed: DioramaError): void {
    const { state, durable } = this.#host;
    for (const entry of Array.from(this.#entries.values())) {
      if (entry.phase === "echo" && durable !== true) {
        // The destination has it: what was accepted counts as done.
        this.#settlement.echoMissed(entry);
        continue;
      }
      if (durable !== true && entry.phase !== "failed")
        state.announce({ type: "writeFailed", op: entry.op, error: closed });
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

  #observeOp(entry: WriteEntry): void {
    const { letters, schedule } = this.#parts;
    switch (entry.phase) {
      case "sending":
        // The call is left to end, for the next op of its id waits for that.
        entry.wasEchoed = true;
        this.#settlement.hide(entry);
        entry.wake?.();
        break;
      case "echo":
      case "queued":
      case "parked":
        letters.unpark(entry);
        entry.wasEchoed = true;
        this.#settlement.echoed(entry);
        break;
      case "failed":
        this.#observeFailed(letters.get(entry.op.opId));
        break;
      default:
        break;
    }
    if (schedule.hasReady) this.#sender.pump();
  }

  /** The op had arrived after all. */
  #observeFailed(letter: DeadLetter | undefined): void {
    if (letter === undefined) return;
    this.#parts.letters.remove(letter);
    letter.entry.wasEchoed = true;
    this.#settlement.echoed(letter.entry);
    this.#requeue(letter.parked);
  }

  #requeue(entries: readonly WriteEntry[]): void {
    const { schedule, flushes } = this.#parts;
    for (const entry of entries) {
      entry.flushGroup = flushes.join();
      entry.phase = "queued";
      if (!this.#settlement.park(entry)) schedule.add(entry);
    }
    this.#sender.pump();
  }

  async #cancel(entry: WriteEntry): Promise<boolean> {
    const { intake, schedule, letters, file } = this.#parts;
    const { phase } = entry;
    if (!entry.isUnsent || this.#closing !== undefined) return false;
    if (phase === "sending" || phase === "echo" || phase === "failed" || phase === "done") return false;
    const wasStaged = !intake.withdraw(entry);
    if (phase === "parked") letters.unpark(entry);
    schedule.end(entry);
    if (phase !== "intake") this.#settlement.hide(entry);
    entry.handle.reject(this.#error("rejected", "the write was cancelled before it was sent"));
    if (phase === "intake") this.#settleUnheld(entry);
    else this.#drop(entry);
    this.#sender.pump();
    if (wasStaged) await file.settled();
    return true;
  }

  /** It leaves without an outcome. */
  #drop(entry: WriteEntry): void {
    entry.phase = "done";
    this.#parts.file.drop(entry.sequence);
    this.#parts.forget(entry);
  }

  #staged(entries: readonly WriteEntry[]): void {
    const { schedule, file } = this.#parts;
    for (const entry of entries) {
      if (entry.phase !== "staging") {
        // Withdrawn while it was on its way to the file.
        file.drop(entry.sequence);
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
    const name = host.name ?? "this Dio";
    const file = new WriteFile(queue, {
      clock,
      flushCache: () => state.store.journal.flush(),
      onFailure: (error) => state.announce({ type: "cacheFailed", error }),
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
      { count: queue.kept.length, lastSequence: queue.kept.at(-1)?.sequence ?? 0 },
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
      forget: (entry) => {
        this.#settleUnheld(entry);
        intake.release();
      },
    };
  }

  #error(code: ErrorCode, message: string): DioramaError {
    const { name } = this.#parts;
    return new DioramaError(code, `${name}: ${message}`, { place: { vista: name } });
  }
}
