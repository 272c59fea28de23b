import { isDioramaError, toDioramaError } from "../base/index.ts";
import type { CallOptions, Vista } from "../vista/index.ts";
import type { Dio } from "./dio.ts";
import type { DioContext } from "./dio-context.ts";
import type { CallbackCall, Fill, FillResult } from "./options.ts";
import { Refresher, RefreshTimer } from "./refresher.ts";
import type { Run, RunKind } from "./run.ts";
import { InOrder } from "./in-order.ts";

/** What else a whole read has to tell. */
export interface WholeReadsHooks {
  /** What onQuery brought, and what waits for upstream, has to be looked at again. */
  renewed(): void;
  /** Rows that are looked at are read again. */
  reloadShown(): Promise<void>;
  /** `run` has read the new one. */
  swapMaster(master: Vista, run: Run): void;
}

/** Reads of everything, one at a time: the start, the read-through of the first reader, refreshes, reloads. */
export class WholeReads {
  readonly #context: DioContext;
  readonly #hooks: WholeReadsHooks;
  readonly #turns = new InOrder();
  readonly #refresher: Refresher;
  readonly #timer: RefreshTimer;
  #starting: Promise<void> | undefined;
  #seeding: Promise<void> | undefined;
  #leaveActivity: (() => void) | undefined;
  #stopped = false;

  constructor(context: DioContext, hooks: WholeReadsHooks) {
    this.#context = context;
    this.#hooks = hooks;
    const { refreshEveryMs, clock, activity } = context.options;
    this.#refresher = new Refresher(() => this.#refresh());
    this.#timer = new RefreshTimer(() => this.#refresher.join(), {
      everyMs: refreshEveryMs,
      clock,
      activity,
    });
  }

  get isSeeding(): boolean {
    return this.#starting !== undefined || this.#seeding !== undefined;
  }

  get isRefreshing(): boolean {
    return this.#refresher.isRunning;
  }

  /** Runs onStart. */
  start(): Promise<void> {
    const { onStart } = this.#context.options.callbacks;
    if (onStart === undefined) return Promise.resolve();
    this.#starting = this.#run("start", onStart).finally(() => {
      this.#starting = undefined;
      this.#seedEnded();
    });
    return this.#starting;
  }

  /** Makes the cache complete, unless the start that is running does. */
  async seed(): Promise<void> {
    if (this.#starting !== undefined) {
      // Its failure is reported to whoever waits for the start; this reader looks what is there then.
      await this.#starting.catch(() => undefined);
      return;
    }
    this.#seeding ??= this.#run("seed", this.#context.options.seed).finally(() => {
      this.#seeding = undefined;
      this.#seedEnded();
    });
    return this.#seeding;
  }

  async refresh(): Promise<void> {
    this.#context.assertOnline();
    return this.#refresher.request();
  }

  /** For a read that was served something old. */
  refreshBehind(): Promise<void> {
    return this.#refresher.join();
  }

  /** Looks whether the master has changed since the stored rows were read, and refreshes if so. */
  async checkVersion({ unlessKnown = "keep" }: { unlessKnown?: "keep" | "refresh" } = {}): Promise<void> {
    const { state } = this.#context;
    const { activity } = this.#context.options;
    const { complete, version } = state.store.meta;
    if (!complete || this.#stopped) return;
    if (activity.state === "offline") return this.#checkVersionOnline(unlessKnown);
    const current = await this.#askVersion(this.#context.master(), (error) => this.#versionFailed(error));
    const isKnown = current !== undefined || unlessKnown === "keep";
    if (current === version && isKnown && !state.isAllStale) return;
    state.markAllStale();
    // Its failure is told by itself.
    await this.refreshBehind().catch(() => undefined);
  }

  async reload(master: Vista): Promise<void> {
    this.#context.assertOnline();
    await this.#run(
      "refresh",
      this.#context.options.callbacks.onRefresh ?? this.#context.options.reconcile,
      master,
    );
    this.#hooks.renewed();
    this.#context.state.announce({ type: "invalidated" });
    await this.#context.state.published();
  }

  /** The run has brought the cache to everything the master had when it began. */
  markComplete(run: Run, version: string | undefined): void {
    const { state } = this.#context;
    const { freshForMs, clock, cache } = this.#context.options;
    const { seededAt } = state.store.meta;
    state.setMeta({ complete: cache.keeps, seededAt: run.startedAt, version });
    // Rows that have passed `freshFor` without being declared out of date are young again.
    if (seededAt !== undefined && Math.abs(clock.now() - seededAt) > freshForMs) state.touchAll();
    state.markAllFresh(run.mark);
  }

  stop(): void {
    this.#stopped = true;
    this.#leaveActivity?.();
    this.#timer.stop();
  }

  /** Tables that were opened on the strength of it look how they are fed without it. */
  #seedEnded(): void {
    const { state } = this.#context;
    if (!state.store.meta.complete && !this.#stopped) state.notice("completeness");
  }

  /** Not known now, so as soon as it can be. */
  #checkVersionOnline(unlessKnown: "keep" | "refresh"): void {
    this.#leaveActivity = this.#context.options.activity.subscribe((state) => {
      if (state === "offline") return;
      this.#leaveActivity?.();
      void this.checkVersion({ unlessKnown });
    });
  }

  async #refresh(): Promise<void> {
    const { state, name, failures } = this.#context;
    state.announce({ type: "refreshing" });
    try {
      await this.#run(
        "refresh",
        this.#context.options.callbacks.onRefresh ?? ((dio, call) => this.#refreshByDefault(dio, call)),
      );
    } catch (error) {
      const failure = toDioramaError(error, "unavailable", `${name}: the refresh failed`);
      if (!isDioramaError(error, "closed")) {
        failures.began("refresh", failure);
        state.announce({ type: "refreshFailed", error: failure });
      }
      throw failure;
    }
    failures.ended("refresh");
    this.#hooks.renewed();
    state.announce({ type: "invalidated" });
    await state.published();
  }

  async #refreshByDefault(dio: Dio, call: CallbackCall): Promise<FillResult> {
    if (dio.cache.complete) return this.#context.options.reconcile(dio, call);
    // What nobody looks at is read again when it is next asked for.
    this.#context.state.markAllStale();
    await this.#hooks.reloadShown();
    return undefined;
  }

  #run(kind: RunKind, fill: Fill, newMaster?: Vista): Promise<void> {
    return this.#turns.run("", async () => {
      const master = newMaster ?? this.#context.master();
      const kept = this.#context.state.store.count > 0;
      const { onQuery, onLoadChunk, totalProvider } = this.#context.options.callbacks;
      const fillsInParts = [onQuery, onLoadChunk, totalProvider].some((callback) => callback !== undefined);
      // Asked before the read, so that a change during it is seen as one.
      const version = await this.#askVersion(master);
      await this.#context.inRun(kind, async (run) => {
        const result = await fill(this.#context.handle(run, newMaster), { signal: run.signal });
        const isAll = result?.complete ?? (run.wroteBulk && !fillsInParts);
        // First, so that nothing is sent to the old one that the rows of the new one don't know of.
        if (newMaster !== undefined) this.#hooks.swapMaster(newMaster, run);
        await run.publish({ isAll });
        // A run whose rows were dropped before its end has brought nothing.
        const isWhole = isAll || this.#renews(run, result);
        if (isWhole && !run.mark.wasEmptied) this.#finish(run, version, kept);
        else this.#leave(result, newMaster !== undefined || run.mark.wasEmptied);
      });
    });
  }

  /** A refresh that wrote what it saw fit leaves a complete cache complete, and fresh. */
  #renews(run: Run, result: FillResult): boolean {
    return run.kind === "refresh" && result?.complete !== false && this.#context.state.store.meta.complete;
  }

  #leave(result: FillResult, isOutdated: boolean): void {
    const { state } = this.#context;
    if (result?.complete === false) state.setMeta({ complete: false });
    if (isOutdated) state.markAllStale();
  }

  #finish(run: Run, version: string | undefined, kept: boolean): void {
    const { state } = this.#context;
    // Rows of an earlier session that the start did not write may be gone from a master that has changed since.
    const { meta } = state.store;
    const leftovers =
      run.kind === "start" && kept && !run.wroteWhole && (state.isAllStale || meta.version !== version);
    this.markComplete(run, version);
    if (!leftovers) return;
    state.markAllStale();
    // Its failure is told by itself.
    this.refreshBehind().catch(() => undefined);
  }

  /** Where no read follows that would say so, nobody else tells that the rows may be old. */
  #versionFailed(error: unknown): void {
    const { failures, name } = this.#context;
    if (isDioramaError(error, "closed")) return;
    failures.tellOnce(
      "read",
      toDioramaError(error, "unavailable", `${name}: asking the master for its version`),
    );
  }

  /** `undefined`: it can't tell. */
  async #askVersion(master: Vista, onFailure?: (error: unknown) => void): Promise<string | undefined> {
    if (master.source.version === undefined || this.#context.options.activity.state === "offline")
      return undefined;
    try {
      return await master.version(callOptions);
    } catch (error) {
      // Of a read that follows, a source that is down says so by itself.
      onFailure?.(error);
      return undefined;
    }
  }
}

const callOptions: CallOptions = {};
