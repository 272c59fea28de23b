import { DioramaError, errorAt, messageOf } from "../base/index.ts";
import type { Query } from "../query/index.ts";
import { Listeners } from "../views/index.ts";
import type { OpenHandles } from "./open-handles.ts";
import { Preparation } from "./preparation.ts";
import type { SceneryHost } from "./scenery-host.ts";
import { COMPLETE, isSameState, LOADING, PARTIAL } from "./scenery-state.ts";
import type { SceneryState } from "./table-model.ts";

/** What keeps the value up to date. */
export interface ValueView<T> {
  /** May throw: then there is no value, and that is the state's error. */
  read(): T;
  isSame(a: T, b: T): boolean;
  subscribe(listener: () => void): () => void;
  release(): void;
}

/** A value, or why there is none. */
type Reading<T> =
  | { readonly value: T; readonly state: SceneryState }
  | { readonly value: undefined; readonly state: SceneryState };

/**
 * One live value over the rows of a query. There is none before every row is there for the first time. Close it, or
 * `using`.
 */
export class ValueScenery<T> {
  readonly #host: SceneryHost;
  readonly #query: Query;
  readonly #open: () => ValueView<T>;
  /** Opened when there is something to read. */
  #view: ValueView<T> | undefined;
  #stopView: (() => void) | undefined;
  readonly #preparation: Preparation;
  readonly #forget: () => void;
  #listeners = new Listeners<void>();
  #isShown = false;
  #told: Reading<T>;
  #generation = 0;
  /** Something may be different that nobody has looked at: without listeners, nothing is computed that isn't read. */
  #isBehind = false;
  #closedWith: DioramaError | undefined;
  #isSilent = false;

  constructor(
    { host, handles }: { readonly host: SceneryHost; readonly handles: OpenHandles },
    query: Query,
    openView: () => ValueView<T>,
  ) {
    this.#host = host;
    this.#query = query;
    this.#open = openView;
    this.#forget = handles.add({ end: (error) => this.#end(error, true) });
    // Behind the views of this publication, with which it is told where they are told.
    this.#preparation = new Preparation(host, query, { onChange: () => queueMicrotask(() => this.#look()) });
    this.#told = this.#now();
    this.#prepare();
  }

  /** Resolves when there is a value, or the rows could not be had; rejects `invalid` and `closed`. */
  async open(): Promise<this> {
    if (this.#closedWith !== undefined) throw this.#closedWith;
    await this.#preparation.tried();
    this.#look();
    return this;
  }

  /** `undefined` before the first one, and where the rows have none: an average of no rows, a cell of another type. */
  get value(): T | undefined {
    return this.#now().value;
  }

  /** `complete` with every row taken in; `error` says why there is no value, or why it may be old. */
  get state(): SceneryState {
    return this.#now().state;
  }

  /** Counts what its listeners were told; without any, how often it was found to be another one. */
  get generation(): number {
    this.#catchUp();
    return this.#generation;
  }

  /** Calls the listener at most once for each publication, where the value or the state is another one. */
  subscribe(listener: () => void): () => void {
    if (this.#isSilent) return () => undefined;
    this.#catchUp();
    return this.#listeners.add(() => {
      if (!this.#isSilent) listener();
    });
  }

  /** Idempotent. There is no value after it, and nobody is told anything. */
  close(): void {
    this.#isSilent = true;
    this.#end(errorAt("closed", { vista: this.#host.name }, "the value is closed"), false);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #prepare(): void {
    this.#preparation.tried().catch((error: unknown) => {
      if (this.#closedWith === undefined)
        this.#host.logger.debug("no rows for a value", { reason: messageOf(error) });
    });
  }

  #now(): Reading<T> {
    if (this.#closedWith !== undefined) return without({ kind: "error", error: this.#closedWith });
    const { readiness } = this.#preparation;
    if (readiness.kind === "ready") this.#isShown = true;
    if (readiness.kind === "loading") return without(LOADING);
    // A value of some of the rows is none, but one of those that were all of them is shown on.
    const view = this.#isShown ? this.#openView() : undefined;
    if (view === undefined) return without(readiness.kind === "error" ? readiness : PARTIAL);
    try {
      this.#host.settle();
      const value = view.read();
      if (readiness.kind === "error") return { value, state: readiness };
      return { value, state: readiness.kind === "ready" ? COMPLETE : PARTIAL };
    } catch (error) {
      return without({ kind: "error", error: this.#toError(error) });
    }
  }

  #openView(): ValueView<T> | undefined {
    if (this.#view !== undefined) return this.#view;
    if (!this.#host.canShow(this.#query)) return undefined;
    this.#host.settle();
    const view = this.#open();
    this.#view = view;
    this.#stopView = view.subscribe(() => {
      if (this.#listeners.isEmpty) this.#isBehind = true;
      else this.#look();
    });
    return view;
  }

  #catchUp(): void {
    if (this.#isBehind) this.#look();
  }

  #look(): void {
    this.#isBehind = false;
    if (this.#closedWith !== undefined) return;
    const before = this.#told;
    const now = this.#now();
    if (isSameState(before.state, now.state) && this.#isSameValue(before.value, now.value)) return;
    this.#told = now;
    this.#tell();
  }

  #isSameValue(before: T | undefined, now: T | undefined): boolean {
    if (before === undefined || now === undefined) return before === now;
    return this.#view?.isSame(before, now) === true;
  }

  #toError(error: unknown): DioramaError {
    const { name } = this.#host;
    if (!(error instanceof DioramaError)) {
      return new DioramaError("rejected", `${name}: a value could not be computed: ${messageOf(error)}`, {
        cause: error,
      });
    }
    const place = { ...error.place, vista: name };
    return new DioramaError(error.code, `${name}: ${error.message}`, { cause: error, place });
  }

  #tell(): void {
    this.#generation += 1;
    this.#listeners.tell(undefined, (error) => {
      this.#host.logger.error("a listener of a Scenery failed", { reason: messageOf(error) });
    });
  }

  #end(error: DioramaError, isTold: boolean): void {
    if (this.#closedWith !== undefined) return;
    this.#closedWith = error;
    this.#forget();
    this.#stopView?.();
    this.#preparation.close();
    this.#view?.release();
    if (isTold) this.#tell();
    this.#isSilent = true;
    this.#listeners = new Listeners();
  }
}

function without(state: SceneryState): { readonly value: undefined; readonly state: SceneryState } {
  return { value: undefined, state };
}
