import { DioramaError } from "../base/index.ts";
import type { Query } from "../query/index.ts";
import type { Range, RowChange, ViewEffect } from "../views/index.ts";
import { announce } from "./announce.ts";
import { type BlockLoad, BlockLoads, type LoadPurpose } from "./block-loads.ts";
import { DelayedCall } from "./delayed-call.ts";
import { keepLayout, layoutKey, takeLayout } from "./kept-layouts.ts";
import { LayoutPair } from "./layout-pair.ts";
import { compileMovesRows, type MovesRows } from "./moved-rows.ts";
import { isWanted, type LoadSituation, nextLoads } from "./next-loads.ts";
import { effectOfRows, isNothing, noEffect } from "./position-effect.ts";
import { LostRows } from "./lost-rows.ts";
import { RetryTimer } from "./retry-timer.ts";
import type { HostNotice, SceneryEvent, SceneryHost } from "./scenery-host.ts";
import { COMPLETE, LOADING, PARTIAL } from "./scenery-state.ts";
import { totalOf } from "./table-end.ts";
import type { Block } from "./table-layout.ts";
import type { ModelUse, SceneryState, TableModel, Total } from "./table-model.ts";
import { TotalAsk } from "./total-ask.ts";
import { ToldProperties } from "./told-properties.ts";
import { type View, ViewUses } from "./view-uses.ts";

/**
 * A table by position: what its viewports miss is loaded block by block. What is shown is always of one state of the
 * source; a newer one is gathered beside it and takes its place in one step.
 */
export class PagedTable implements TableModel {
  readonly #host: SceneryHost;
  readonly #pageSize: number;
  readonly #firstRange: Range;
  readonly #key: string;
  readonly #movesRows: MovesRows;
  readonly #layouts: LayoutPair;
  readonly #uses: ViewUses;
  readonly #loads: BlockLoads;
  readonly #retry: RetryTimer;
  readonly #reload: DelayedCall;
  readonly #lost: LostRows;
  readonly #totalAsk: TotalAsk;
  readonly #told = new ToldProperties();
  readonly #ending = new AbortController();
  readonly #stops: readonly (() => void)[];
  readonly #firstScreen = Promise.withResolvers<void>();
  #isReady = false;
  #failure: { readonly error: DioramaError; readonly purpose: LoadPurpose } | undefined;
  #isQuestionWaiting = false;
  /** Somebody has asked for more; `isHere`: it has come, and is to be shown with the rest. */
  #more: { readonly shown: PromiseWithResolvers<void>; isHere: boolean } | undefined;
  /** Rows were moved since what is gathered was begun. */
  #isReloadDue = false;

  constructor(host: SceneryHost, query: Query, pageSize: number) {
    this.#host = host;
    this.#pageSize = pageSize;
    this.#firstRange = { start: 0, end: pageSize };
    this.#key = layoutKey(query, pageSize);
    this.#movesRows = compileMovesRows(query, host.schema);
    const kept = takeLayout(host, this.#key);
    this.#layouts = new LayoutPair(kept);
    if (kept !== undefined && host.refreshOnOpen) this.#layouts.renew();
    this.#uses = new ViewUses(host, this.#firstRange, {
      onViewport: (range, isAnother) => this.#onViewport(range, isAnother),
      onFewer: () => this.#goOn(),
      onNone: (range) => this.#end(range),
    });
    this.#loads = new BlockLoads(host, query, {
      onBlock: (load, block) => this.#onBlock(load, block),
      onFailure: (load, error) => this.#onFailure(load, error),
    });
    this.#retry = new RetryTimer(host.clock, () => this.#tryAgain());
    this.#reload = new DelayedCall(host.clock, host.viewportDebounceMs, () => this.#reloadOnce());
    this.#stops = [
      host.onNotice((notice, changes) => this.#onNotice(notice, changes)),
      host.onRows((ids) => this.#onRows(ids)),
    ];
    this.#lost = new LostRows(host);
    this.#totalAsk = new TotalAsk(host, query, this.#ending.signal, (total) =>
      this.#goOn(total === undefined ? noEffect : this.#layouts.setTotal(total)),
    );
    if (this.#isCovered(this.#uses.views)) this.#becomeReady();
    this.#told.differ(this);
    this.#totalAsk.ask();
  }

  get rowCount(): number {
    return this.#layouts.shown.rowCount;
  }

  get total(): Total {
    return totalOf(this.#layouts.shown.end);
  }

  /** Whether a position is not known yet, or where the rows end. */
  get hasMore(): boolean {
    const { positions, rowCount } = this.#layouts.shown;
    return this.total.kind !== "stated" || positions.known < rowCount;
  }

  get state(): SceneryState {
    if (this.#failure !== undefined) return { kind: "error", error: this.#failure.error };
    if (!this.#isReady) return LOADING;
    return this.hasMore ? PARTIAL : COMPLETE;
  }

  idAt(index: number): string | undefined {
    return this.#layouts.shown.positions.idAt(index);
  }

  idsBetween(start: number, end: number): readonly (string | undefined)[] {
    return this.#layouts.shown.idsBetween(start, end);
  }

  indexOf(id: string): number {
    return this.#layouts.shown.positions.indexOf(id);
  }

  isLoading(index: number): boolean {
    if (this.idAt(index) !== undefined) return false;
    return this.#loads.some(({ range }) => index >= range.start && index < range.end);
  }

  whenReady(): Promise<void> {
    return this.#firstScreen.promise;
  }

  /** The page after what is looked at; a failure is in `state`. Who asks while it comes waits for the same. */
  loadMore(): Promise<void> {
    if (this.#isOver) return Promise.resolve();
    this.#more ??= { shown: Promise.withResolvers<void>(), isHere: false };
    const { promise } = this.#more.shown;
    this.#goOn();
    return promise;
  }

  use(onChange: (effect: ViewEffect) => void): ModelUse {
    return this.#uses.add(onChange);
  }

  // What happens -------------------------------------------------------------------------------------------

  #onViewport(range: Range, isAnother: boolean): void {
    if (isAnother) this.#announce({ type: "viewportChanged", range });
    this.#goOn();
  }

  #onBlock({ range, isOutdated, purpose }: BlockLoad, block: Block): void {
    this.#failure = undefined;
    this.#retry.succeeded();
    this.#totalAsk.ask();
    const effect = this.#layouts.land(block, isOutdated);
    if (purpose === "more" && this.#more !== undefined) this.#more.isHere = true;
    this.#goOn(effect);
    this.#announce({ type: "rangeLoaded", range });
  }

  #onFailure({ range, layout, purpose }: BlockLoad, error: DioramaError): void {
    if (this.#host.isClosing) return;
    this.#endMore();
    // What nobody has promised may well not be there.
    if (purpose === "more" && !this.hasMore) return this.#goOn();
    this.#failure = { error, purpose };
    for (const view of this.#uses.views) if (layout.wants(view.range, range)) view.isWaiting = true;
    if (purpose === "question") this.#isQuestionWaiting = true;
    if (purpose !== "more") this.#retry.failed();
    this.#becomeReady();
    this.#goOn();
    this.#announce({ type: "loadFailed", range, error });
  }

  #tryAgain(): void {
    for (const view of this.#uses.views) view.isWaiting = false;
    this.#isQuestionWaiting = false;
    this.#goOn();
  }

  #onNotice(notice: HostNotice, changes: readonly RowChange[] | undefined): void {
    if (notice === "closed") {
      this.#end();
    } else if (notice === "refreshed") {
      this.#reload.cancel();
      this.#isReloadDue = false;
      this.#layouts.renew();
      this.#tryAgain();
    } else if (notice === "upstream" && (changes?.some(this.#movesRows) ?? true)) {
      this.#reload.request();
    }
  }

  /** Once, however many changes there were; those that come while rows are gathered are for the next time. */
  #reloadOnce(): void {
    if (this.#layouts.isGathering) {
      this.#isReloadDue = true;
      return;
    }
    this.#layouts.renew();
    this.#goOn();
  }

  #onRows(ids: readonly string[] | undefined): void {
    const { positions } = this.#layouts.shown;
    const looked = ids ?? this.#uses.views.flatMap(({ range }) => this.idsBetween(range.start, range.end));
    const held = looked.filter((id) => id !== undefined && positions.indexOf(id) !== -1);
    if (this.#lost.areNewAmong(held)) this.#reload.request();
    this.#publish(effectOfRows(ids, positions));
  }

  /** Does what is to be done next, and tells what has become of it all. */
  #goOn(effect: ViewEffect = noEffect): void {
    if (this.#isOver) return;
    const { views } = this.#uses;
    const swapped = this.#swap(views);
    const now = this.#situation(views);
    this.#loads.abort((load) => !isWanted(load, now));
    if (this.#totalAsk.isTried) {
      for (const order of nextLoads(this.#situation(views))) this.#loads.start(order);
    }
    if (this.#isCovered(views)) this.#becomeReady();
    this.#forgetFailure(views);
    this.#publish(swapped ?? effect);
  }

  #situation(views: readonly View[]): LoadSituation {
    if (this.#more?.isHere === true && !this.#layouts.isGathering) this.#endMore();
    return {
      layout: this.#layouts.target,
      views,
      running: this.#loads.running,
      pageSize: this.#pageSize,
      isMoreWanted: this.#more !== undefined && !this.#layouts.isGathering,
      isQuestionWaiting: this.#isQuestionWaiting,
    };
  }

  #swap(views: readonly View[]): ViewEffect | undefined {
    const ranges = views.map(({ range }) => range);
    const effect = this.#totalAsk.isTried ? this.#layouts.swap(ranges, this.#pageSize) : undefined;
    if (effect === undefined) return undefined;
    this.#lost.clear();
    if (this.#isReloadDue) this.#reload.request();
    this.#isReloadDue = false;
    return effect;
  }

  #endMore(): void {
    this.#more?.shown.resolve();
    this.#more = undefined;
  }

  #isCovered(views: readonly View[]): boolean {
    const { shown } = this.#layouts;
    if (!this.#totalAsk.isTried && shown.positions.size === 0) return false;
    return views.every(({ range }) => shown.plan(range, this.#pageSize) === undefined);
  }

  #becomeReady(): void {
    this.#isReady = true;
    this.#firstScreen.resolve();
  }

  /** It concerns nobody any more where all that is looked at is here. What was asked for by hand has failed for good. */
  #forgetFailure(views: readonly View[]): void {
    if (this.#isQuestionWaiting || views.some(({ isWaiting }) => isWaiting)) return;
    this.#retry.cancel();
    if (this.#loads.isIdle && this.#failure?.purpose !== "more") this.#failure = undefined;
  }

  #publish(effect: ViewEffect): void {
    if (this.#told.differ(this) || !isNothing(effect)) this.#uses.tell(effect);
  }

  #announce(event: SceneryEvent): void {
    if (!this.#isOver) announce(this.#host, event);
  }

  get #isOver(): boolean {
    return this.#ending.signal.aborted;
  }

  #end(lastRange?: Range): void {
    if (this.#isOver) return;
    const reason = new DioramaError("closed", `${this.#host.name}: nobody shows this table any more`);
    this.#ending.abort(reason);
    for (const stop of this.#stops) stop();
    this.#uses.end();
    this.#loads.abort();
    this.#retry.cancel();
    this.#reload.cancel();
    this.#endMore();
    this.#firstScreen.resolve();
    if (lastRange === undefined) return;
    keepLayout(this.#host, this.#key, this.#layouts.shown, [this.#firstRange, lastRange]);
  }
}
