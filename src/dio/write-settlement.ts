import { type DioramaError, toDioramaError } from "../base/index.ts";
import type { Row, Value } from "../record/index.ts";
import type { WriteOp } from "../vista/index.ts";
import { applyOp, concernedIds } from "./overlay.ts";
import type { ReadMark } from "./read-mark.ts";
import type { WritePolicy, WriteResult, WriterHost } from "./write-contract.ts";
import type { DeadLetterBox } from "./write-dead-letters.ts";
import type { EchoWatch } from "./write-echo.ts";
import { type Answer, carriesOp, readAnswer, type Rekeying, rekeyOp, type RowOp } from "./write-effect.ts";
import { toQueued, type WriteEntry } from "./write-entry.ts";
import type { NoteOptions, WriteFile } from "./write-file.ts";
import type { FlushGroups } from "./write-flush.ts";
import type { WriteIntake } from "./write-intake.ts";
import type { WriteSchedule } from "./write-schedule.ts";

/** What the parts of one writer share. */
export interface WriteParts {
  readonly host: WriterHost;
  readonly policy: WritePolicy;
  readonly name: string;
  readonly schedule: WriteSchedule;
  readonly echoes: EchoWatch;
  readonly letters: DeadLetterBox;
  readonly flushes: FlushGroups;
  readonly file: WriteFile;
  readonly intake: WriteIntake;
  /** Another op stands where this one stood, in the order of everything; the old one is done. */
  takePlace(entry: WriteEntry, op: WriteOp): WriteEntry;
  /** The op has left for good. */
  forget(entry: WriteEntry): void;
}

/** What came while an op was under way. */
interface Since {
  readonly mark: ReadMark | undefined;
  /** Of any row. */
  readonly overtaken: boolean;
}

/** Ends ops: what becomes of the confirmed rows, the overlay, the queue file and the caller, in one publication. */
export class WriteSettlement {
  readonly #parts: WriteParts;
  /** Of the queue's ops, those that an earlier session left included. */
  #confirmations = 0;

  constructor(parts: WriteParts) {
    this.#parts = parts;
  }

  /** The destination has accepted the op. `mark`: of the changes since it was sent. */
  async accepted(entry: WriteEntry, result: WriteResult, mark: ReadMark): Promise<void> {
    const { host, policy, schedule } = this.#parts;
    const { op } = entry;
    const answer = this.#readAnswer(op, result);
    host.failures.ended("send");
    if (policy.optimistic && !host.state.store.isLoaded) await this.#know(op, answer);
    if (answer?.problem !== undefined) this.#tellProblem(answer.problem);
    if (op.kind !== "deleteAll" && answer !== undefined && answer.id !== op.id)
      this.#rekey(entry, op, answer);
    schedule.end(entry);
    if (this.#awaitsEcho(result) && !this.#hasArrived(entry, mark)) this.#awaitEcho(entry, answer?.row);
    else this.#confirm(entry, answer?.row, mark);
  }

  /** The master's own change brought it: the confirmed rows have it already. */
  echoed(entry: WriteEntry): void {
    entry.wasEchoed = true;
    this.#parts.schedule.end(entry);
    this.#finish(entry, this.#parts.policy.optimistic);
  }

  /** Confirmed in an earlier session, with its effect maybe not in the cache file. */
  reapplied(entry: WriteEntry): void {
    const { state, clock } = this.#parts.host;
    const { op } = entry;
    if (op.kind === "deleteAll") this.#confirmGone(op.ids, undefined);
    else state.confirm(op.id, applyOp(op, state.store.get(op.id)), { fetchedAt: clock.now() });
    // The cache file may have held what came after it.
    if (op.kind !== "deleteAll") state.markStale(op.id);
    else if (op.ids === undefined) state.markAllStale();
    else for (const id of op.ids) state.markStale(id);
    this.#leave(entry, true);
  }

  /** As `reapplied`, where the cache holds nothing that it could be missing from. */
  leftBehind(entry: WriteEntry): void {
    this.#leave(entry, false);
  }

  /** No echo came: what the destination accepted counts as done, and is looked at again. */
  echoMissed(entry: WriteEntry): void {
    const { op } = entry;
    this.#confirm(entry, this.#readAnswer(op, entry.result)?.row, undefined);
    if (this.#parts.policy.optimistic && op.kind !== "deleteAll") this.#doubt(op.id);
  }

  /** Settled without being sent: it had no effect, or was undone before anyone knew of it. */
  vanished(entry: WriteEntry): void {
    this.#parts.schedule.end(entry);
    this.#finish(entry, false);
  }

  /** It leaves without an outcome: given up by hand. */
  dropped(entry: WriteEntry): void {
    this.#parts.schedule.end(entry);
    this.#noteEnd(entry);
    this.hide(entry);
    entry.phase = "done";
    this.#parts.file.drop(entry.sequence, { isPromised: true });
    this.#parts.forget(entry);
  }

  /** A dead letter: it alone is dropped; what is queued behind it on its ids waits for what becomes of it. */
  failed(entry: WriteEntry, error: DioramaError): void {
    const { host, schedule, letters, flushes, file, intake } = this.#parts;
    const parksUpTo = Math.min(intake.lastSequence, (schedule.nextBarrier ?? Infinity) - 1);
    const letter = letters.add(entry, Math.max(parksUpTo, entry.sequence));
    this.#parkBehind(entry);
    schedule.end(entry);
    this.#noteEnd(entry);
    entry.phase = "failed";
    entry.error = error;
    this.hide(entry);
    if (entry.flushGroup !== undefined) flushes.leave(entry.flushGroup);
    entry.flushGroup = undefined;
    file.note(toQueued(entry, "failed", letter.parksUpTo), { isPromised: true });
    host.failures.note("write", error);
    host.state.announce({ type: "writeFailed", op: entry.op, error });
    entry.handle.confirmedVerdict.reject(error);
    this.#settleAbsorbed(entry, (absorbed) => absorbed.handle.confirmedVerdict.reject(error));
  }

  /** Merges ops into the unsent one before them, which from now on stands for all. */
  absorb(entry: WriteEntry, absorbed: readonly WriteEntry[], merged: WriteOp): void {
    const { schedule, file } = this.#parts;
    schedule.absorb(entry, absorbed);
    const { isShown } = entry;
    if (isShown) this.hide(entry);
    for (const each of absorbed) {
      this.hide(each);
      each.phase = "done";
      file.drop(each.sequence);
      this.#parts.forget(each);
    }
    entry.op = merged;
    entry.absorbed = absorbed;
    if (isShown) this.show(entry);
    file.note(toQueued(entry, "queued"));
  }

  /** Parks an op that was made before a failure on one of its ids. False: nothing holds it up. */
  park(entry: WriteEntry): boolean {
    const { letters, flushes } = this.#parts;
    const letter = letters.parkerOf(entry);
    if (letter === undefined) return false;
    letters.park(letter, entry);
    entry.phase = "parked";
    if (entry.flushGroup !== undefined) flushes.leave(entry.flushGroup);
    entry.flushGroup = undefined;
    return true;
  }

  show(entry: WriteEntry): void {
    const { policy, host } = this.#parts;
    entry.isShown = policy.optimistic;
    if (policy.optimistic) host.state.overlayAdd(entry);
    else for (const id of concernedIds(entry.op)) host.state.touch(id);
  }

  hide(entry: WriteEntry): void {
    const { state } = this.#parts.host;
    if (entry.isShown) state.overlayRemove(entry);
    else for (const id of concernedIds(entry.op)) state.touch(id);
    entry.isShown = false;
  }

  /** From here on rows may come that a deleteAll knows nothing of. */
  noteBegin(entry: WriteEntry): void {
    if (entry.op.kind === "deleteAll") entry.mark ??= this.#parts.host.state.beginRead();
  }

  #noteEnd(entry: WriteEntry): void {
    if (entry.mark !== undefined) this.#parts.host.state.endRead(entry.mark);
    entry.mark = undefined;
  }

  #parkBehind(entry: WriteEntry): void {
    const { schedule } = this.#parts;
    for (const behind of schedule.behind(entry)) {
      if (behind.phase !== "queued" || !this.park(behind)) continue;
      // Its own followers on other ids wait with it.
      this.#parkBehind(behind);
      schedule.end(behind);
    }
  }

  async #know(op: WriteOp, answer: Answer | undefined): Promise<void> {
    const { state, failures } = this.#parts.host;
    try {
      await state.store.ensure(answer === undefined ? concernedIds(op) : [...concernedIds(op), answer.id]);
    } catch (error) {
      // The table can't be read at all: then what is in memory is all that is known.
      failures.tellOnce("cache", toDioramaError(error, "unavailable", "looking up a written row"));
    }
  }

  /** It has happened as far as is known; what was answered can't be used. */
  #tellProblem(error: DioramaError): void {
    const { failures, state } = this.#parts.host;
    failures.once("upstream", error);
    state.announce({ type: "upstreamFailed", error });
  }

  #hasArrived(entry: WriteEntry, mark: ReadMark): boolean {
    const { op } = entry;
    if (entry.wasEchoed) return true;
    return (
      op.kind !== "deleteAll" && mark.isNewer(op.id) && carriesOp(op, this.#parts.host.state.store.get(op.id))
    );
  }

  awaitEcho(entry: WriteEntry, waitMs: number): void {
    const { echoes } = this.#parts;
    entry.phase = "echo";
    this.noteBegin(entry);
    echoes.add(entry, waitMs);
  }

  #readAnswer(op: WriteOp, result: WriteResult): Answer | undefined {
    const { host, name } = this.#parts;
    return op.kind === "deleteAll" ? undefined : readAnswer(op, result, { idColumn: host.idColumn, name });
  }

  #awaitsEcho(result: WriteResult): boolean {
    return (
      this.#parts.policy.confirm === "echo" || (typeof result === "object" && result?.awaitEcho === true)
    );
  }

  #awaitEcho(entry: WriteEntry, row: Row | undefined): void {
    const { host, file, policy } = this.#parts;
    entry.result = row === undefined ? undefined : { row };
    entry.nextAttemptAt = host.clock.now() + policy.echoTimeoutMs;
    file.note(toQueued(entry, "echo"));
    this.awaitEcho(entry, policy.echoTimeoutMs);
  }

  /** Makes the op's effect the confirmed one, unless the cache has it from elsewhere already. */
  #confirm(entry: WriteEntry, row: Row | undefined, mark: ReadMark | undefined): void {
    const { policy } = this.#parts;
    if (policy.optimistic && !entry.wasEchoed) {
      if (entry.op.kind === "deleteAll") this.#confirmGone(entry.op.ids, entry.mark);
      else this.#confirmRow(entry.op, row, { mark, overtaken: entry.wasRefreshed });
    }
    this.#finish(entry, policy.optimistic);
  }

  #confirmRow(op: RowOp, row: Row | undefined, since: Since): void {
    const { host } = this.#parts;
    const { state, clock } = host;
    const { mark } = since;
    const base = state.store.get(op.id);
    const overtaken = since.overtaken || mark?.isNewer(op.id) === true;
    // Something came while the op was under way. Where it shows the op's effect it is newer, and stays; what was
    // asked meanwhile may be older or newer than the op.
    if (overtaken && carriesOp(op, base)) {
      if (state.uphold(op.id, mark)) this.#doubt(op.id);
      return;
    }
    const stored = overtaken ? applyOp(op, base) : (row ?? applyOp(op, base));
    // A write may take its row out of what the master, as it is narrowed, shows.
    const isOurs = stored !== undefined && host.belongs?.(op.id, stored) !== false;
    const after = isOurs ? stored : undefined;
    state.confirm(op.id, after, { fetchedAt: clock.now(), mark });
    state.noteUpstream({ id: op.id, before: base, after });
    if (overtaken) this.#doubt(op.id);
  }

  /** The rows are gone, but for those that came while the deleteAll was under way: nobody knows of them. */
  #confirmGone(ids: readonly string[] | undefined, mark: ReadMark | undefined): void {
    const { state, clock } = this.#parts.host;
    const left = new Map<string, Row>();
    if (mark?.hasTouched === true) {
      for (const id of ids ?? state.store.ids()) {
        const row = mark.isNewer(id) ? state.store.get(id) : undefined;
        if (row !== undefined) left.set(id, row);
      }
    }
    if (ids === undefined) {
      // Rows that were asked for before it are gone as well, also those that have not come yet.
      state.dropReads();
      state.noteEmptied();
      state.confirmAll(left, { fetchedAt: clock.now(), mark });
    } else
      for (const id of ids) if (!left.has(id)) state.confirm(id, undefined, { fetchedAt: clock.now(), mark });
    state.notice("upstream");
    for (const id of left.keys()) this.#doubt(id);
  }

  #doubt(id: string): void {
    const { host } = this.#parts;
    host.state.markStale(id);
    host.reread?.(id);
  }

  #finish(entry: WriteEntry, inCache: boolean): void {
    const { state } = this.#parts.host;
    const { op } = entry;
    this.#leave(entry, inCache);
    state.announce({ type: "writeConfirmed", op });
    const row = op.kind === "deleteAll" ? undefined : state.store.get(op.id);
    entry.handle.confirmedVerdict.resolve(row);
    this.#settleAbsorbed(entry, (absorbed) => absorbed.handle.confirmedVerdict.resolve(row));
  }

  /** `inCache`: the confirmed rows hold its effect, which has to reach the cache file before the queue forgets it. */
  #leave(entry: WriteEntry, inCache: boolean): void {
    const { host, echoes, file } = this.#parts;
    const { op } = entry;
    echoes.remove(entry);
    this.#noteEnd(entry);
    this.hide(entry);
    entry.phase = "done";
    if (inCache && host.durability !== "memory" && host.hasDurableCache) {
      const effect = op.kind === "deleteAll" ? op : toStoredOp(op, host.state.store.get(op.id));
      // Parked ops are confirmed after later ones, and the next start applies all as they came.
      const nextAttemptAt = ++this.#confirmations;
      file.dropBehindCache({ ...toQueued(entry, "confirmed"), op: effect, nextAttemptAt });
    } else {
      file.drop(entry.sequence);
    }
    this.#parts.forget(entry);
  }

  #settleAbsorbed(entry: WriteEntry, settle: (absorbed: WriteEntry) => void): void {
    for (const absorbed of entry.absorbed ?? []) settle(absorbed);
    entry.absorbed = undefined;
  }

  /** The destination stored it under another id: the row and everything queued on it move there. */
  #rekey(entry: WriteEntry, op: RowOp, answer: Answer): void {
    const { host, schedule, echoes, letters, intake, policy } = this.#parts;
    const { idColumn, state, clock } = host;
    const cell: Value = (idColumn === undefined ? undefined : answer.row?.[idColumn]) ?? answer.id;
    const rekeying: Rekeying = { from: op.id, to: answer.id, idColumn, cell };
    // What stands under an id that was to be inserted is somebody else's row.
    if (policy.optimistic && op.kind !== "insert" && state.store.get(op.id) !== undefined) {
      state.confirm(op.id, undefined, { fetchedAt: clock.now() });
    }
    const others = new Set<WriteEntry>([
      ...schedule.opsOf(op.id),
      ...echoes.of(op.id),
      ...letters.opsOf(op.id),
      ...intake.staging().filter((staging) => concernedIds(staging.op).includes(op.id)),
    ]);
    // The one that was sent goes last: while it is there, no barrier gets ahead of the others.
    others.delete(entry);
    for (const moved of others) this.#move(moved, rekeying, false);
    this.#move(entry, rekeying, true);
    letters.reindex(op.id);
  }

  #move(entry: WriteEntry, rekeying: Rekeying, isTaken: boolean): void {
    const { schedule, echoes, host, policy } = this.#parts;
    const { isShown, place } = entry;
    if (isShown) this.hide(entry);
    if (place !== "out") schedule.end(entry);
    // On a wall clock, which may have been set back since.
    const waitMs = Math.min(Math.max(0, entry.nextAttemptAt - host.clock.now()), policy.echoTimeoutMs);
    if (entry.phase === "echo") echoes.remove(entry);
    entry.op = Object.freeze(rekeyOp(entry.op, rekeying));
    if (place !== "out" && !isTaken) schedule.add(entry);
    if (entry.phase === "echo") echoes.add(entry, waitMs);
    if (isShown) this.show(entry);
    if (!isTaken) this.keepAgain(entry);
  }

  /** Puts an op that the queue was given into it as it stands here. */
  keepAgain(entry: WriteEntry, options: NoteOptions = {}): void {
    const { file, letters } = this.#parts;
    const { phase } = entry;
    if (phase === "intake" || phase === "staging" || phase === "done") return;
    const parksUpTo = phase === "failed" ? letters.get(entry.op.opId)?.parksUpTo : undefined;
    file.note(toQueued(entry, phase === "failed" || phase === "echo" ? phase : "queued", parksUpTo), options);
  }
}

/** The effect as an op that can be applied again, whatever the cache holds by then. */
function toStoredOp(op: RowOp, stored: Row | undefined): WriteOp {
  const { opId, enqueuedAt, attempt, id } = op;
  return stored === undefined
    ? { opId, enqueuedAt, attempt, kind: "delete", id }
    : { opId, enqueuedAt, attempt, kind: "replace", id, row: stored };
}
