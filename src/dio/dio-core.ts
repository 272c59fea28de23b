import {
  abortable,
  type Clock,
  DioramaError,
  linkSignals,
  toDioramaError,
  yieldToLoop,
} from "../base/index.ts";
import type { LostOp, WriteQueue } from "../queue/index.ts";
import { Sceneries } from "../scenery/index.ts";
import { runChannel } from "../tracing/index.ts";
import { type CallOptions, type ChangeEvent, searchColumnsOf, type Vista } from "../vista/index.ts";
import type { DioDiagnostics } from "./diagnostics.ts";
import { Dio } from "./dio.ts";
import { DioSceneryHost } from "./dio-scenery-host.ts";
import { createWriter } from "./create-writer.ts";
import { CurrentMaster } from "./current-master.ts";
import type { DioContext } from "./dio-context.ts";
import type { DioParts } from "./dio-parts.ts";
import { DioState } from "./dio-state.ts";
import type { DioEventBody } from "./events.ts";
import { Failures } from "./failures.ts";
import type { Following, OpenFeed } from "./follow.ts";
import { Facades } from "./facades.ts";
import { checkMaster } from "./check-master.ts";
import { offlineError } from "./master-guard.ts";
import type { DioOptions, OpenDio, OpenedStores } from "./options.ts";
import { OwnRows } from "./own-rows.ts";
import { Reader } from "./reader.ts";
import { estimateRowsBytes } from "./rows-size.ts";
import { RowStore } from "./row-store.ts";
import { Run, type RunKind } from "./run.ts";
import { runBehind } from "./run-behind.ts";
import { RowWatch } from "./row-watch.ts";
import { ShownRows } from "./shown-rows.ts";
import { Supply } from "./supply.ts";
import { UpstreamChanges } from "./upstream-changes.ts";
import { ViewSweep } from "./view-sweep.ts";
import { WarmOrders } from "./warm-orders.ts";
import { WholeReads } from "./whole-reads.ts";
import { lossErrors, lossSummary } from "./write-losses.ts";
import type { DeadLetters, WriteHandle, Writer, WriteRequest } from "./writer.ts";

/** Wires the parts of one Dio: state, reads, writes, refresh, upstream changes. Its handles share it. */
export class DioCore implements DioParts, OpenDio {
  readonly name: string;
  readonly clock: Clock;
  readonly state: DioState;
  readonly writer: Writer;
  readonly rows: OwnRows = new OwnRows(() => this.master);
  readonly options: DioOptions;
  readonly sceneries: Sceneries;
  readonly #context: DioContext;
  readonly #supply: Supply;
  readonly #sweep: ViewSweep;
  /** Rows that Sceneries look at. */
  readonly #watch = new RowWatch();
  readonly #shown: ShownRows;
  readonly #reader: Reader;
  readonly #wholeReads: WholeReads;
  readonly #facades: Facades;
  readonly #queue: WriteQueue;
  readonly #closing = new AbortController();
  readonly #master: CurrentMaster;
  readonly #upstream: UpstreamChanges;
  readonly #warm: WarmOrders;
  readonly #failures: Failures;
  /** Told when the Dio is open. */
  readonly #losses: DioEventBody[] = [];
  #closed: Promise<void> | undefined;

  constructor(master: Vista, options: DioOptions, opened: OpenedStores) {
    this.name = options.table;
    this.clock = options.clock;
    this.options = options;
    this.#queue = opened.queue;
    const { deadlineMs, clock, activity, logger } = options;
    this.#failures = new Failures({
      name: this.name,
      clock,
      logger,
      onNews: (what, error) => this.state.announce({ type: "backgroundFailed", what, error }),
    });
    const closing = this.#closing.signal;
    this.#master = new CurrentMaster(master, { dio: this.name, deadlineMs, clock, activity, closing });
    const store = new RowStore(opened.table, {
      clock: options.clock,
      keeps: options.cache.keeps,
      writesBehind: options.cache.durable,
      onFailure: (error) => this.#cacheFailed(error),
      onLost: () => {
        this.state.startOver();
        this.state.notice("completeness");
      },
      // Rows of the last session that arrive behind are no changes: views take them as they are in the end.
      onLoaded: () => this.#warm.loaded(),
    });
    this.state = new DioState(store, this.#failures.logger("listener"), {
      searchColumns: () => searchColumnsOf(this.master.schema),
      schedule: (step) => void runBehind(step, closing, this.#failures.logger("view")),
      onIdle: () => this.#sweep.begin(),
    });
    this.state.bus.traceAs(this.name);
    this.#sweep = new ViewSweep(clock, (nowMs) => this.state.sweepViews(nowMs));
    this.#warm = new WarmOrders(
      {
        name: this.name,
        state: this.state,
        clock,
        logger: this.#failures.logger("order"),
        searchColumns: () => searchColumnsOf(this.master.schema),
        closing,
      },
      opened.openKeptOrders,
    );
    this.#context = this.#createContext();
    const context = this.#context;
    this.#wholeReads = new WholeReads(context, {
      renewed: () => {
        this.#supply.forget();
        this.state.notice("refreshed");
        this.writer.observeRefresh();
      },
      reloadShown: () => this.#shown.reread(),
      swapMaster: (next, run) => this.#swapMaster(next, run),
    });
    this.#supply = new Supply(context, this.#wholeReads);
    this.#shown = new ShownRows(context, this.#supply, this.#watch);
    this.#reader = new Reader(context, this.#supply);
    this.writer = createWriter(context, opened, {
      reread: (id) => this.#supply.rows.refetchBehind(id),
      resumed: () => this.#doubtKept(),
    });
    this.sceneries = this.#createSceneries();
    this.#upstream = this.#createUpstream();
    this.#facades = new Facades(context, this.#reader, this.writer);
  }

  get master(): Vista {
    return this.#master.vista;
  }

  /** Runs onStart, and looks whether what was kept from an earlier session is still right. */
  async start(): Promise<void> {
    const { onStartBlocking } = this.options;
    await this.writer.ready;
    const started = this.#wholeReads.start();
    // Closing it meanwhile ends the wait, whatever the callback does.
    if (onStartBlocking) await abortable(started, this.#closing.signal);
    else started.catch((error: unknown) => this.#startFailed(error));
    void started.then(
      () => this.#wholeReads.checkVersion(),
      () => undefined,
    );
  }

  /** What could not be read when the table and the queue were opened. */
  noteLosses(rows: string | undefined, ops: readonly LostOp[]): void {
    const { name } = this;
    const queueLoss = lossSummary(ops, name);
    if (queueLoss !== undefined) this.#failures.note("queue", queueLoss);
    for (const error of lossErrors(ops, name)) this.#losses.push({ type: "queueFailed", error });
    if (rows === undefined) return;
    const error = new DioramaError("corrupt", `${name}: ${rows}`, { place: { vista: name } });
    this.#failures.note("cache", error);
    this.#losses.push({ type: "cacheFailed", error });
  }

  /** As events, when whoever opened this can listen. */
  tellLosses(): void {
    const losses = this.#losses.splice(0);
    if (losses.length === 0) return;
    void yieldToLoop().then(() => {
      if (this.#closed === undefined) for (const loss of losses) this.state.announce(loss);
    });
  }

  fingerprint(): string {
    return this.master.fingerprint();
  }

  /** Resolves when every cache change so far is in its table. */
  flush(): Promise<void> {
    return this.state.store.journal.flush();
  }

  facade(run?: Run): Vista {
    return this.#facades.vista(run);
  }

  get letters(): DeadLetters {
    return this.#facades.letters;
  }

  submit(request: WriteRequest, run?: Run): WriteHandle {
    this.assertOpen();
    return this.#facades.submit(request, run);
  }

  assertOpen(run?: Run): void {
    if (this.#closed === undefined) return;
    // While the queue drains, the routes that it calls go on as before.
    if (run?.kind !== "write" || this.#closing.signal.aborted) throw this.#closedError();
  }

  async inRun<T>(kind: RunKind, work: (run: Run) => Promise<T>, call: CallOptions = {}): Promise<T> {
    const closing = this.#closing.signal;
    // Nothing is begun after the end, and no callback called.
    closing.throwIfAborted();
    const linked = call.signal === undefined ? undefined : linkSignals(call.signal, closing);
    const run = new Run(this.state, {
      kind,
      startedAt: this.clock.now(),
      signal: linked?.signal ?? closing,
    });
    try {
      return await (runChannel.hasSubscribers
        ? runChannel.trace({ dio: this.name, kind }, () => work(run))
        : work(run));
    } finally {
      run.end();
      linked?.release();
    }
  }

  handleEvent(change: ChangeEvent): Promise<void> {
    return this.#upstream.handle(change);
  }

  arrived(change: ChangeEvent): Promise<void> {
    return this.#upstream.arrived(change);
  }

  refresh(): Promise<void> {
    return this.#wholeReads.refresh();
  }

  async reload(master: Vista): Promise<void> {
    this.assertOpen();
    checkMaster(master);
    const { idColumn } = this.master;
    if (master.idColumn !== idColumn) {
      const message = `${this.name}: reload() takes a master with the same id column, ${String(idColumn)}, not ${String(master.idColumn)}; make another Dio`;
      throw new DioramaError("invalid", message, { place: { vista: this.name } });
    }
    return this.#wholeReads.reload(this.#master.guard(master));
  }

  watchMaster(call: CallOptions): AsyncIterable<ChangeEvent> {
    return this.#master.watch(call);
  }

  renewShown(id?: string): void {
    if (id === undefined) this.#shown.renewAll();
    else if (this.sceneries.lookAt(id)) this.#shown.renewRow(id);
  }

  invalidate(): void {
    this.#supply.forget();
    this.state.markAllStale();
    this.state.notice("refreshed");
  }

  emptied(): void {
    this.#supply.forget();
    this.state.noteEmptied();
    this.state.setMeta({ complete: false, seededAt: undefined, version: undefined });
  }

  follow(open: OpenFeed, feed: string): Following {
    return this.#upstream.follow(open, feed);
  }

  diagnostics(): DioDiagnostics {
    const { cache, activity } = this.options;
    const { store, bus } = this.state;
    const error = store.journal.failing?.message;
    return {
      name: this.name,
      activity: activity.state,
      cache: {
        kind: cache.kind,
        durable: cache.durable,
        complete: store.meta.complete,
        rows: store.count,
        sizeBytes: estimateRowsBytes(store.entries(), store.count),
        loaded: store.isLoaded,
        unwritten: store.journal.backlog,
        ...(error === undefined ? {} : { error }),
      },
      freshness: { seededAt: store.meta.seededAt, version: store.meta.version, stale: this.state.isAllStale },
      writes: this.writer.diagnostics(),
      reads: {
        flights: this.#reader.flights,
        refreshing: this.#wholeReads.isRefreshing,
        seeding: this.#wholeReads.isSeeding,
      },
      views: { ...this.state.viewFigures, sceneries: this.sceneries.openCount },
      failures: this.#failures.last,
      events: { lastSeq: bus.lastSeq, subscribers: bus.subscriberCount },
    };
  }

  close(drainMs: number, { isKept = true }: { readonly isKept?: boolean } = {}): Promise<void> {
    this.#closed ??= this.#close(drainMs, isKept);
    return this.#closed;
  }

  async #close(drainMs: number, isKept: boolean): Promise<void> {
    this.#wholeReads.stop();
    this.#sweep.stop();
    this.#shown.stop();
    try {
      await this.writer.close({ drainMs });
      this.#closing.abort(this.#closedError());
      this.state.publishNow();
      await this.#warm.close();
      this.state.notice("closed");
      this.state.publishNow();
      this.sceneries.close();
      // What is known to be out of date has to be looked at in the next session.
      await this.state.store.close({ upToDate: !this.state.hasStale, isKept });
    } finally {
      this.#closing.abort(this.#closedError());
      this.state.close();
      await this.#queue.close();
      this.options.onClose(this);
    }
  }

  /**
   * Nobody knows what was lost at an unclean end: served at once, refreshed behind. What is sent after this brings
   * rows of now.
   */
  #doubtKept(): void {
    const { store } = this.state;
    if (!store.meta.clean && store.count > 0) this.state.markAllStale();
  }

  #swapMaster(next: Vista, run: Run): void {
    this.state.setMeta({ fingerprint: next.fingerprint(), complete: false });
    // What the old one still answers is of other rows, and so is what it confirms.
    this.state.dropReads(run.mark);
    this.#master.swap(next);
    // Its schema may tell of other columns to search.
    this.state.resetViews();
    this.writer.observeRefresh();
  }

  #closedError(): DioramaError {
    return new DioramaError("closed", `${this.name}: this Dio is closed`, { place: { vista: this.name } });
  }

  #startFailed(error: unknown): void {
    const failure = toDioramaError(error, "unavailable", `${this.name}: onStart failed`);
    this.#failures.note("start", failure);
    this.state.announce({ type: "startFailed", error: failure });
  }

  #cacheFailed(error: DioramaError): void {
    this.#failures.note("cache", error);
    if (error.code === "corrupt") this.#supply.forget();
    this.state.announce({ type: "cacheFailed", error });
  }

  #createContext(): DioContext {
    return {
      name: this.name,
      options: this.options,
      state: this.state,
      master: () => this.master,
      rows: this.rows,
      failures: this.#failures,
      warm: this.#warm,
      assertOpen: () => this.assertOpen(),
      assertOnline: () => {
        if (this.options.activity.state === "offline") throw offlineError(this.name);
      },
      inRun: (kind, work, call) => this.inRun(kind, work, call),
      handle: (run, master) => new Dio(this, run, master),
    };
  }

  #createUpstream(): UpstreamChanges {
    return new UpstreamChanges(this.#context, {
      writer: this.writer,
      wholeReads: this.#wholeReads,
      closing: this.#closing.signal,
      invalidate: () => this.invalidate(),
      reread: (id) => this.#supply.rows.refetchBehind(id),
    });
  }

  #createSceneries(): Sceneries {
    const host = new DioSceneryHost(this.#context, {
      writer: this.writer,
      supply: this.#supply,
      watch: this.#watch,
      shown: this.#shown,
      isClosing: () => this.#closed !== undefined,
      isSeeding: () => this.#wholeReads.isSeeding,
      seed: () => this.#wholeReads.seed(),
    });
    return new Sceneries(host);
  }
}
