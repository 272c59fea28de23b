import { type DioramaError, messageOf } from "../base/index.ts";
import type { Query } from "../query/index.ts";
import { Listeners, type RowChange, type ViewEffect } from "../views/index.ts";
import { addUse } from "./add-use.ts";
import { announce } from "./announce.ts";
import { DelayedCall } from "./delayed-call.ts";
import { LostRows } from "./lost-rows.ts";
import { compileMovesRows, type MovesRows } from "./moved-rows.ts";
import { PageWalk } from "./page-walk.ts";
import { effectOfRows, isNothing, noEffect } from "./position-effect.ts";
import { RetryTimer } from "./retry-timer.ts";
import type { HostNotice, NextRows, SceneryEvent, SceneryHost } from "./scenery-host.ts";
import { COMPLETE, LOADING, PARTIAL } from "./scenery-state.ts";
import { Sequence } from "./sequence.ts";
import type { ModelUse, SceneryState, TableModel, Total } from "./table-model.ts";
import { ToldProperties } from "./told-properties.ts";

const UNKNOWN: Total = Object.freeze({ value: undefined, kind: "unknown" });

/** A table that a source gives page after page: as far as somebody has asked for it, from the start. */
export class SequentialTable implements TableModel {
  readonly #host: SceneryHost;
  readonly #query: Query;
  readonly #pageSize: number;
  readonly #movesRows: MovesRows;
  readonly #listeners = new Listeners<ViewEffect>();
  readonly #told = new ToldProperties();
  readonly #lost: LostRows;
  readonly #retry: RetryTimer;
  readonly #reload: DelayedCall;
  readonly #stops: readonly (() => void)[];
  readonly #firstScreen = Promise.withResolvers<void>();
  /** Of those who have asked for more, until the walk has ended. */
  #ended = Promise.withResolvers<void>();
  #shown = new Sequence();
  #walk: PageWalk | undefined;
  #isReady = false;
  /** Rows have moved since the walk that goes on, or failed, was begun. */
  #isReloadDue = false;
  #failure: DioramaError | undefined;
  #isOver = false;

  constructor(host: SceneryHost, query: Query, pageSize: number) {
    this.#host = host;
    this.#query = query;
    this.#pageSize = pageSize;
    this.#movesRows = compileMovesRows(query, host.schema);
    this.#lost = new LostRows(host);
    this.#retry = new RetryTimer(host.clock, () => this.#walkAgain());
    this.#reload = new DelayedCall(host.clock, host.viewportDebounceMs, () => this.#reloadOnce());
    this.#stops = [
      host.onNotice((notice, changes) => this.#onNotice(notice, changes)),
      host.onRows((ids) => this.#onRows(ids)),
    ];
    this.#walkOn();
  }

  get rowCount(): number {
    return this.#shown.size;
  }

  get total(): Total {
    return this.#shown.hasEnded ? { value: this.rowCount, kind: "stated" } : UNKNOWN;
  }

  get hasMore(): boolean {
    return !this.#shown.hasEnded;
  }

  get state(): SceneryState {
    if (this.#failure !== undefined) return { kind: "error", error: this.#failure };
    if (!this.#isReady) return LOADING;
    return this.hasMore ? PARTIAL : COMPLETE;
  }

  idAt(index: number): string | undefined {
    return this.#shown.idAt(index);
  }

  idsBetween(start: number, end: number): readonly string[] {
    return this.#shown.idsBetween(start, end);
  }

  indexOf(id: string): number {
    return this.#shown.indexOf(id);
  }

  /** The page that comes next is. */
  isLoading(index: number): boolean {
    const { size } = this.#shown;
    return this.#walk?.isOnward === true && index >= size && index < size + this.#pageSize;
  }

  whenReady(): Promise<void> {
    return this.#firstScreen.promise;
  }

  /** One page more; a failure is in `state`. While rows are walked again, that goes a page further. */
  async loadMore(): Promise<void> {
    if (this.#isOver) return;
    if (this.#walk === undefined) {
      if (this.#isReloadDue) this.#walkAgain();
      else if (this.hasMore) this.#walkOn();
      else return;
    }
    if (this.#walk?.isOnward === false) this.#walk.goal = this.rowCount + 1;
    await this.#ended.promise;
  }

  use(onChange: (effect: ViewEffect) => void): ModelUse {
    return addUse(this.#listeners, onChange, () => this.#end());
  }

  #walkOn(): void {
    this.#begin({ from: this.#shown, goal: this.rowCount + 1 });
  }

  /** From the start, as far as is shown, and where somebody waits for more a page further. */
  #walkAgain(): void {
    const goal = this.rowCount + (this.#isMoreAwaited ? 1 : 0);
    this.#walk?.abort();
    this.#isReloadDue = false;
    this.#reload.cancel();
    this.#begin({ goal: Math.max(1, goal) });
  }

  /** Whether the walk that goes on is to bring more than was there. */
  get #isMoreAwaited(): boolean {
    return this.#walk !== undefined && (this.#walk.isOnward || this.#walk.goal > this.rowCount);
  }

  #begin(how: { readonly from?: Sequence; readonly goal: number }): void {
    this.#retry.cancel();
    const given = { host: this.#host, query: this.#query, pageSize: this.#pageSize, ...how };
    this.#walk = new PageWalk(given, {
      onPage: (walk, page) => this.#onPage(walk, page),
      onDone: (walk) => this.#onDone(walk),
      onFailure: (walk, error) => this.#onFailure(walk, error),
    });
  }

  // What happens -------------------------------------------------------------------------------------------

  #onPage(walk: PageWalk, page: NextRows): void {
    const start = walk.rows.size;
    const effect = walk.rows.append(page);
    if (!walk.isOnward) return;
    this.#failure = undefined;
    this.#isReady = true;
    this.#publish(effect);
    this.#announce({ type: "rangeLoaded", range: { start, end: walk.rows.size } });
  }

  #onDone(walk: PageWalk): void {
    this.#failure = undefined;
    this.#isReady = true;
    this.#retry.succeeded();
    const before = this.#shown;
    this.#shown = walk.rows;
    if (!walk.isOnward) this.#lost.clear();
    this.#endWalk();
    this.#publish(walk.isOnward ? noEffect : walk.rows.effectAfter(before));
    if (!walk.isOnward) this.#announce({ type: "rangeLoaded", range: { start: 0, end: walk.rows.size } });
    if (this.#isReloadDue && !this.#isOver) this.#reload.request();
  }

  #onFailure(walk: PageWalk, error: DioramaError): void {
    if (this.#host.isClosing) return;
    this.#failure = error;
    if (!walk.isOnward) {
      // What is shown is not right any more, whether or not somebody asks for more.
      this.#isReloadDue = true;
      this.#retry.failed();
    } else if (this.#isReloadDue) {
      this.#reload.request();
    }
    this.#endWalk();
    this.#publish(noEffect);
    const start = walk.isOnward ? walk.rows.size : 0;
    this.#announce({
      type: "loadFailed",
      range: { start, end: Math.max(walk.goal, start + this.#pageSize) },
      error,
    });
  }

  #onNotice(notice: HostNotice, changes: readonly RowChange[] | undefined): void {
    if (notice === "closed") this.#end();
    else if (notice === "refreshed") this.#walkAgain();
    else if (notice === "upstream" && (changes?.some(this.#movesRows) ?? true)) this.#reload.request();
  }

  /** A walk that goes on is let go on: one that always begins again would never end. One that failed has its own time. */
  #reloadOnce(): void {
    if (this.#walk === undefined && !this.#retry.isSet) this.#walkAgain();
    else this.#isReloadDue = true;
  }

  #onRows(ids: readonly string[] | undefined): void {
    const shown = this.#shown;
    const held = ids?.filter((id) => shown.indexOf(id) !== -1) ?? shown.idsBetween(0, shown.size);
    if (this.#lost.areNewAmong(held)) this.#reload.request();
    this.#publish(effectOfRows(ids, shown));
  }

  #endWalk(): void {
    this.#walk = undefined;
    this.#ended.resolve();
    this.#ended = Promise.withResolvers<void>();
    this.#firstScreen.resolve();
  }

  #publish(effect: ViewEffect): void {
    if (!this.#told.differ(this) && isNothing(effect)) return;
    this.#listeners.tell(effect, (error) =>
      this.#host.logger.error("a Scenery failed", { reason: messageOf(error) }),
    );
  }

  #announce(event: SceneryEvent): void {
    if (!this.#isOver) announce(this.#host, event);
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    for (const stop of this.#stops) stop();
    this.#walk?.abort();
    this.#retry.cancel();
    this.#reload.cancel();
    this.#endWalk();
  }
}
