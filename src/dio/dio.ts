import { DioramaError, type Duration, toMilliseconds } from "../base/index.ts";
import { checkId, type Row } from "../record/index.ts";
import type {
  GroupedFilter,
  GroupedValues,
  RecordScenery,
  Sceneries,
  SceneryFilter,
  TableDescription,
  TableSceneryOptions,
  Values,
} from "../scenery/index.ts";
import { type ChangeEvent, type Schema, type Source, vista, type Vista } from "../vista/index.ts";
import type { DioDiagnostics } from "./diagnostics.ts";
import { DioCache } from "./dio-cache.ts";
import type { DioParts } from "./dio-parts.ts";
import type { EventSubscription } from "./event-bus.ts";
import type { DioEventOf, DioEventType } from "./events.ts";
import { type Following, MASTER_FEED, type OpenFeed } from "./follow.ts";
import type { Run, RunKind } from "./run.ts";
import { checkChange, stageChange, stageRow } from "./upstream.ts";
import type { DeadLetters, WriteHandle, WriteRequest } from "./writer.ts";

/** Kinds of runs that read the master whole: inside them a refresh would wait for itself. */
const WHOLE_RUNS: ReadonlySet<RunKind> = new Set<RunKind>(["start", "refresh", "seed"]);

const WHY_NOT_REFRESH = "onStart and onRefresh are the refresh already; return instead";

export interface CloseOptions {
  /** How long a memory queue goes on sending what is left. Default 30 s; a durable queue keeps it instead. */
  readonly drain?: Duration;
}

/** A change feed: an async iterable, or a function that opens one at the position that was stored last. */
export type ChangeStream<R extends object> =
  | AsyncIterable<ChangeEvent<R>>
  | ((call: {
      readonly signal: AbortSignal;
      readonly position: string | undefined;
    }) => AsyncIterable<ChangeEvent<R>>);

/**
 * A Vista bound to a Lens: a cache table, a write queue and events. Made by `lens.makeDio`. The one that a
 * callback receives is bound to its run: it reads its own writes, which others see when it publishes.
 */
export class Dio<R extends object = Row> {
  /** The rows by id. */
  readonly cache: DioCache<R>;
  readonly #parts: DioParts;
  readonly #run: Run | undefined;
  readonly #ownMaster: Vista | undefined;

  /** `ownMaster`: what a reload is trying out. */
  constructor(parts: DioParts, run?: Run, ownMaster?: Vista) {
    this.#parts = parts;
    this.#run = run;
    this.#ownMaster = ownMaster;
    this.cache = new DioCache<R>(parts, run);
  }

  /** The name of its cache table. */
  get name(): string {
    return this.#parts.name;
  }

  get schema(): Schema {
    return this.master.schema;
  }

  /** The data source, with the deadline and the activity of the Lens around every call. */
  get master(): Vista<R> {
    return typedVista<R>(this.#ownMaster ?? this.#parts.master);
  }

  /** An ordinary Vista over the copy: reads are local, writes are queued. */
  vista(): Vista<R> {
    this.#parts.assertOpen(this.#run);
    return typedVista<R>(this.#parts.facade(this.#run));
  }

  /** The vista on the other end of a reference, narrowed by that row; a Dio's own where one is open for it. */
  related<Other extends object = Row>(name: string, row: R): Vista<Other> {
    return this.vista().related<Other>(name, row);
  }

  // Events -------------------------------------------------------------------------------------------------

  /** Every event from now on, at the reader's own pace. */
  subscribeEvents(): EventSubscription {
    this.#parts.assertOpen(this.#run);
    return this.#parts.state.bus.subscribe();
  }

  /** Calls the handler with each event of one type; the returned function ends it. */
  on<T extends DioEventType>(type: T, handler: (event: DioEventOf<T>) => unknown): () => void {
    this.#parts.assertOpen(this.#run);
    return this.#parts.state.bus.on(type, handler);
  }

  // Sceneries ----------------------------------------------------------------------------------------------

  /** The rows of a query by position, to be opened: live, and read without waiting. */
  tableScenery(options: TableSceneryOptions = {}): TableDescription<R> {
    return this.#sceneries.table<R>(options);
  }

  /** One row, whether it is there or not, and how it stands. Close it, or `using`. */
  recordScenery(id: string): RecordScenery<R> {
    return this.#sceneries.record<R>(id);
  }

  /** Counts, sums and the like over the rows of a filter; with `groupBy`, one for each of its values. */
  valueScenery(options?: SceneryFilter & { readonly groupBy?: undefined }): Values<R>;
  valueScenery(options: GroupedFilter): GroupedValues;
  valueScenery(
    options: SceneryFilter & { readonly groupBy?: string | undefined } = {},
  ): Values<R> | GroupedValues {
    const { groupBy, ...filter } = options;
    return groupBy === undefined
      ? this.#sceneries.value<R>(filter)
      : this.#sceneries.value({ ...filter, groupBy });
  }

  // Upstream -----------------------------------------------------------------------------------------------

  /** Takes in one change of the master through onEvent, in order for each id. */
  async handleEvent(change: ChangeEvent<R>): Promise<void> {
    this.#assertNotInside(WHOLE_RUNS, "handleEvent()", "use applyChange(), which joins the callback");
    return this.#parts.handleEvent(untypedChange(change));
  }

  /** What onEvent does by default: puts, removes, or reads again what changed. */
  async applyChange(change: ChangeEvent<R>): Promise<void> {
    const untyped = untypedChange(change);
    const { rows } = this.#parts;
    const master = (): Vista => this.#ownMaster ?? this.#parts.master;
    checkChange(untyped, this.name);
    if (untyped.type !== "invalidated")
      return this.#write(untyped, (run) => stageChange(run, untyped, master, rows));
    this.#assertNotInside(WHOLE_RUNS, "an invalidation", WHY_NOT_REFRESH);
    // Said first: if the refresh fails, what is stale stays so, and the next reader has it renewed.
    this.#parts.invalidate();
    await this.#parts.refresh();
  }

  /** Another system told of a row: puts it and publishes. */
  async patched(id: string, row: R): Promise<void> {
    const { rows } = this.#parts;
    const own = rows.toOwn(id, row);
    await this.#write({ type: "updated", id, row: own }, (run) =>
      Promise.resolve(stageRow(run, id, own, rows)),
    );
  }

  /** Another system told that a row is gone: removes it and publishes. */
  async removed(id: string): Promise<void> {
    checkId(id, { vista: this.name });
    await this.#write({ type: "deleted", id }, (run) => Promise.resolve(run.remove(id)));
  }

  /** Says that a row is out of date: it is shown as stale and read again when it is next asked for. */
  async invalidateRecord(id: string): Promise<void> {
    this.#parts.assertOpen(this.#run);
    checkId(id, { vista: this.name });
    const { state } = this.#parts;
    await this.#run?.publish();
    state.markStale(id);
    state.announce({ type: "recordChanged", id });
    this.#parts.renewShown(id);
    await state.published();
  }

  /** Says that everything is out of date; publishes what a callback has written so far. */
  async invalidateAll(): Promise<void> {
    this.#parts.assertOpen(this.#run);
    const { state } = this.#parts;
    await this.#run?.publish();
    this.#parts.invalidate();
    state.announce({ type: "invalidated" });
    this.#parts.renewShown();
    await state.published();
  }

  /** In a callback: makes everyone see what it has written so far. */
  async publish(): Promise<void> {
    this.#parts.assertOpen(this.#run);
    await this.#run?.publish();
    await this.#parts.state.published();
  }

  /** Applies the master's own changes from now on; after a loss, subscribes again and refreshes. */
  watch(): Following {
    this.#parts.assertOpen(this.#run);
    const { master } = this.#parts;
    // Refused here and not in the background, where it would be tried again and again.
    if (!master.capabilities.canSubscribe) {
      const message = `${this.name}: the master can't push (no canSubscribe); use refreshEvery or follow(stream)`;
      throw new DioramaError("unsupported", message, { place: { vista: this.name } });
    }
    return this.#parts.follow((call) => this.#parts.watchMaster(call), MASTER_FEED);
  }

  /** As `watch`, for any stream of changes (a queue, a socket); `feed` names its stored position. */
  follow(stream: ChangeStream<R>, feed = "follow"): Following {
    this.#parts.assertOpen(this.#run);
    const open = typeof stream === "function" ? stream : (): AsyncIterable<ChangeEvent<R>> => stream;
    return this.#parts.follow(untypedFeed(open), feed);
  }

  /** Runs onRefresh; resolves when what it brought is published. */
  async refresh(): Promise<void> {
    this.#assertNotInside(WHOLE_RUNS, "refresh()", WHY_NOT_REFRESH);
    return this.#parts.refresh();
  }

  /** Swaps the master and fills from it; views keep the old rows until the new ones are there. */
  async reload(newMaster: Vista<R> | Source<R>): Promise<void> {
    this.#assertNotInside(WHOLE_RUNS, "reload()", "wait until the callback has ended");
    return this.#parts.reload(untypedVista(vista(newMaster)));
  }

  // Writes -------------------------------------------------------------------------------------------------

  /**
   * Queues one write; the handle tells when it is kept, when it is confirmed, and can withdraw it. Throws what
   * a write of `vista()` rejects with at once: `invalid`, `conflict`, `notFound`, `unsupported`, `closed`.
   */
  submit(request: WriteRequest<R>): WriteHandle<R> {
    return typedHandle<R>(this.#parts.submit(untypedRequest(request), this.#run));
  }

  /** What is queued and what has failed for good. */
  get writes(): DeadLetters<R> {
    return typedLetters<R>(this.#parts.letters);
  }

  /** Resolves when everything queued so far has been confirmed or has failed. */
  async flush(): Promise<void> {
    this.#assertNotInside(
      new Set<RunKind>(["write"]),
      "flush()",
      "onWrite is part of what it would wait for",
    );
    return this.#parts.writer.flush();
  }

  // Life ---------------------------------------------------------------------------------------------------

  diagnostics(): DioDiagnostics {
    return this.#parts.diagnostics();
  }

  /** Ends it: the write under way settles, the cache is written, everything after is `closed`. */
  async close(options: CloseOptions = {}): Promise<void> {
    await this.#parts.close(toMilliseconds(options.drain ?? "30s", "close({ drain })"));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  get #sceneries(): Sceneries {
    this.#parts.assertOpen(this.#run);
    if (this.#parts.state.store.keeps) return this.#parts.sceneries;
    const message = `${this.name}: a Scenery shows rows of the cache, and this cache keeps none; give the Lens another one`;
    throw new DioramaError("unsupported", message, { place: { vista: this.name } });
  }

  /** In a callback the change joins its run; else it is a publication of its own. */
  async #write(change: ChangeEvent, stage: (run: Run) => Promise<void>): Promise<void> {
    this.#parts.assertOpen(this.#run);
    if (this.#run !== undefined) return stage(this.#run);
    await this.#parts.inRun("event", async (run) => {
      await stage(run);
      await run.publish();
    });
    await this.#parts.arrived(change);
  }

  #assertNotInside(kinds: ReadonlySet<RunKind>, call: string, why: string): void {
    this.#parts.assertOpen(this.#run);
    if (this.#run === undefined || this.#run.hasEnded || !kinds.has(this.#run.kind)) return;
    const message = `${this.name}: ${call} inside its own callback would wait for itself; ${why}`;
    throw new DioramaError("invalid", message, { place: { vista: this.name } });
  }
}

// The row type is the application's claim about the same rows; see typed-row.ts.

function typedVista<R extends object>(untyped: Vista): Vista<R> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
  return untyped as unknown as Vista<R>;
}

function untypedVista<R extends object>(typed: Vista<R>): Vista {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
  return typed as unknown as Vista;
}

function untypedChange<R extends object>(change: ChangeEvent<R>): ChangeEvent {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
  return change as ChangeEvent;
}

function untypedRequest<R extends object>(request: WriteRequest<R>): WriteRequest {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
  return request as unknown as WriteRequest;
}

function typedHandle<R extends object>(handle: WriteHandle): WriteHandle<R> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
  return handle as unknown as WriteHandle<R>;
}

function typedLetters<R extends object>(letters: DeadLetters): DeadLetters<R> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
  return letters as unknown as DeadLetters<R>;
}

function untypedFeed<R extends object>(
  open: Extract<ChangeStream<R>, (...args: never) => unknown>,
): OpenFeed {
  return async function* feed(call) {
    for await (const change of open({
      signal: call.signal ?? new AbortController().signal,
      position: call.position,
    })) {
      yield untypedChange(change);
    }
  };
}
