import { type DioramaError, errorAt, messageOf } from "../base/index.ts";
import { checkId, type Row } from "../record/index.ts";
import { Listeners } from "../views/index.ts";
import { isWorthRetrying, LoadAttempts } from "./load-attempts.ts";
import type { OpenHandles } from "./open-handles.ts";
import type { RowStatus, SceneryHost } from "./scenery-host.ts";
import { COMPLETE, isSameState, LOADING } from "./scenery-state.ts";
import type { SceneryState } from "./table-model.ts";

/** What is shown of a row. */
interface Shown {
  readonly row: Row | undefined;
  readonly status: RowStatus | undefined;
  /** Why a write of it failed. */
  readonly failure: DioramaError | undefined;
  readonly state: SceneryState;
}

/**
 * One live row, whether it is there or not: read from the cache, and from the master while that is incomplete. Good
 * at once; `open` waits for the first answer. Close it, or `using`.
 */
export class RecordScenery<R extends object = Row> {
  readonly id: string;
  readonly #host: SceneryHost;
  readonly #attempts: LoadAttempts;
  readonly #forget: () => void;
  readonly #stopRow: () => void;
  readonly #stopWatching: () => void;
  /** While there is no row: what is there now may be known elsewhere, or be gone. */
  #stopNotices: (() => void) | undefined;
  #listeners = new Listeners<void>();
  #state: SceneryState = LOADING;
  #told: Shown = { row: undefined, status: undefined, failure: undefined, state: LOADING };
  #generation = 0;
  #isClosed = false;
  #isSilent = false;

  constructor({ host, handles }: { readonly host: SceneryHost; readonly handles: OpenHandles }, id: string) {
    this.id = checkId(id, { vista: host.name });
    this.#host = host;
    this.#attempts = new LoadAttempts(host, {
      doing: "reading a row",
      load: (signal) => host.loadRow(id, signal),
      onEnd: (failure) => this.#onEnd(failure),
    });
    this.#forget = handles.add({
      end: (error) => this.#end(error, true),
      looksAt: (shown) => shown === id,
    });
    this.#stopRow = host.onRow(id, () => this.#look());
    this.#stopWatching = host.watchRow(id);
    if (host.row(id) !== undefined) this.#state = COMPLETE;
    // A row that is there may be too old: that is for the host to say.
    this.#attempts.start();
    this.#told = this.#now();
    this.#followNotices();
  }

  /** Resolves when it is known whether there is a row, or asking for it has failed; rejects `closed`. */
  async open(): Promise<this> {
    if (this.#isClosed) throw this.#closedError();
    if (this.#state.kind === "loading") await this.#attempts.run();
    return this;
  }

  // Reading ------------------------------------------------------------------------------------------------

  /** As it is now; `undefined`: there is none, or it is not known yet. */
  get row(): R | undefined {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the type is the application's claim
    return this.#row as R | undefined;
  }

  /** `loading` before the first answer; `undefined` where there is no row. */
  get status(): RowStatus | undefined {
    return this.#now().status;
  }

  /** Why the status is `failed`, or the row could not be read. */
  get error(): DioramaError | undefined {
    const { state, failure } = this.#now();
    return state.kind === "error" ? state.error : failure;
  }

  /** Whether there is such a row; `undefined` before that is known. */
  get exists(): boolean | undefined {
    if (this.row !== undefined) return true;
    return this.#state.kind === "complete" ? false : undefined;
  }

  /** Whether it is known what there is, or why asking for it failed. */
  get state(): SceneryState {
    return this.#now().state;
  }

  /** Counts what its listeners were told. */
  get generation(): number {
    return this.#generation;
  }

  // Being told ---------------------------------------------------------------------------------------------

  /** Calls the listener at most once for each publication, where row, status or state are different. */
  subscribe(listener: () => void): () => void {
    if (this.#isSilent) return () => undefined;
    return this.#listeners.add(() => {
      if (!this.#isSilent) listener();
    });
  }

  /** Idempotent. There is no row after it, and nobody is told anything. */
  close(): void {
    this.#isSilent = true;
    this.#end(this.#closedError(), false);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  get #row(): Row | undefined {
    if (this.#isClosed) return undefined;
    const { row } = this.#told;
    // Where everyone has been told of everything, so has this: the row is the one that it was told of.
    return row !== undefined && this.#host.settle() === this.#host.told ? row : this.#host.row(this.id);
  }

  #now(): Shown {
    const row = this.#row;
    // A row that has come some other way needs no answer to the question for it.
    const state = row === undefined || this.#isClosed ? this.#state : COMPLETE;
    if (row === undefined) {
      return { row, status: state.kind === "loading" ? "loading" : undefined, failure: undefined, state };
    }
    const status = this.#host.status(this.id);
    const failure = status === "failed" ? this.#host.errorOf(this.id) : undefined;
    return { row, status, failure, state };
  }

  /** Something may be different. */
  #look(): void {
    if (this.#isClosed) return;
    if (this.#row !== undefined) {
      this.#state = COMPLETE;
      this.#attempts.succeed();
    }
    this.#followNotices();
    const before = this.#told;
    const now = this.#now();
    const isSameRow = now.row === before.row && now.status === before.status;
    if (isSameRow && now.failure === before.failure && isSameState(now.state, before.state)) return;
    this.#told = now;
    this.#tell();
  }

  #onEnd(failure: DioramaError | undefined): boolean {
    this.#state = failure === undefined ? COMPLETE : { kind: "error", error: failure };
    this.#look();
    return this.#state.kind === "error" && failure !== undefined && isWorthRetrying(failure);
  }

  #followNotices(): void {
    if (this.#row !== undefined) {
      this.#stopNotices?.();
      this.#stopNotices = undefined;
      return;
    }
    this.#stopNotices ??= this.#host.onNotice((notice) => {
      if (notice === "completeness" || notice === "refreshed") this.#attempts.start();
    });
  }

  #tell(): void {
    this.#generation += 1;
    this.#listeners.tell(undefined, (error) => {
      this.#host.logger.error("a listener of a Scenery failed", { reason: messageOf(error) });
    });
  }

  #end(error: DioramaError, isTold: boolean): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#forget();
    this.#attempts.close();
    this.#stopRow();
    this.#stopWatching();
    this.#stopNotices?.();
    this.#state = { kind: "error", error };
    if (isTold) this.#tell();
    this.#isSilent = true;
    this.#listeners = new Listeners();
  }

  #closedError(): DioramaError {
    return errorAt("closed", { vista: this.#host.name, id: this.id }, "the record is closed");
  }
}
