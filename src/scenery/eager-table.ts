import { messageOf, type Timer } from "../base/index.ts";
import type { Query } from "../query/index.ts";
import { Listeners, type OrderedView, type ViewEffect } from "../views/index.ts";
import { addUse } from "./add-use.ts";
import { Preparation } from "./preparation.ts";
import type { SceneryHost } from "./scenery-host.ts";
import { COMPLETE, LOADING, PARTIAL } from "./scenery-state.ts";
import type { ModelUse, SceneryState, TableModel, Total } from "./table-model.ts";

/** So long an opening table waits for all of its rows, where some are there already. */
const FIRST_SCREEN_WAIT_MS = 500;

const UNKNOWN: Total = Object.freeze({ value: undefined, kind: "unknown" });
/** Of what the model says of itself, not of its rows. */
const NO_ROWS: ViewEffect = Object.freeze({ reset: false, ranges: [], ids: [] });
const ALL_ROWS: ViewEffect = Object.freeze({ reset: true, ranges: [], ids: [] });

/** A table all of whose rows are in the cache, or will be: an ordered view, and whether it has everything. */
export class EagerTable implements TableModel {
  readonly #host: SceneryHost;
  readonly #query: Query;
  readonly #preparation: Preparation;
  readonly #uses = new Listeners<ViewEffect>();
  /** Opened when it is known what to show: rows that come in bulk are cheaper to order at once. */
  #view: OrderedView | undefined;
  #stopView: (() => void) | undefined;
  readonly #firstScreen = Promise.withResolvers<void>();
  #firstScreenTimer: Timer | undefined;
  /** Something is shown, though not everything may be there. */
  #isShown = false;
  #isFollowingOrder = false;
  /** What is told at the end of the stretch. */
  #soon: ViewEffect | undefined;
  #isOver = false;

  constructor(host: SceneryHost, query: Query) {
    this.#host = host;
    this.#query = query;
    this.#preparation = new Preparation(host, query, {
      onChange: () => this.#tellSoon(NO_ROWS),
      // Else the handles that use it are about to show another model.
      isWanted: () => host.feedOf(query) === "eager",
    });
    if (this.#preparation.readiness.kind === "ready") return;
    this.#firstScreenTimer = host.clock.setTimer(() => this.#showFirstScreen(), FIRST_SCREEN_WAIT_MS);
  }

  get rowCount(): number {
    return this.#openView()?.count ?? 0;
  }

  get total(): Total {
    if (this.#preparation.readiness.kind !== "ready" || this.#openView() === undefined) return UNKNOWN;
    return { value: this.rowCount, kind: "stated" };
  }

  /** Whatever more there is comes by itself. */
  get hasMore(): boolean {
    return false;
  }

  get state(): SceneryState {
    const readiness = this.#preparation.readiness;
    switch (readiness.kind) {
      case "error":
        return readiness;
      case "loading":
        return this.#isShown ? PARTIAL : LOADING;
      case "again":
        return PARTIAL;
      case "ready": {
        const view = this.#openView();
        return view !== undefined && view.prepared >= view.count ? COMPLETE : PARTIAL;
      }
    }
  }

  idAt(index: number): string | undefined {
    return this.#openView()?.idAt(index);
  }

  idsBetween(start: number, end: number): readonly string[] {
    return this.#openView()?.idsBetween(start, end) ?? [];
  }

  indexOf(id: string): number {
    return this.#openView()?.rankOf(id) ?? -1;
  }

  isLoading(): boolean {
    return false;
  }

  async whenReady(): Promise<void> {
    await Promise.race([this.#preparation.tried(), this.#firstScreen.promise]);
    this.#show();
  }

  /** There is nothing beyond what comes by itself; what failed is tried again. */
  async loadMore(): Promise<void> {
    await this.#preparation.tried();
  }

  use(onChange: (effect: ViewEffect) => void): ModelUse {
    return addUse(this.#uses, onChange, () => this.#close());
  }

  #openView(): OrderedView | undefined {
    if (this.#view !== undefined) return this.#view;
    if (!this.#host.canShow(this.#query)) return undefined;
    this.#host.settle();
    const view = this.#host.views.openOrdered(this.#query);
    this.#view = view;
    this.#stopView = view.subscribe((effect) => this.#onEffect(effect));
    this.#followOrder();
    // Whoever shows nothing so far is told that there is something.
    if (this.#isShown) this.#tellSoon(ALL_ROWS);
    return view;
  }

  #onEffect(effect: ViewEffect): void {
    this.#followOrder();
    if (!this.#isShown) this.#showFirstScreen();
    this.#tell(effect);
  }

  /** Rows that are there are shown; without any, it is waited on for the first ones, or to know that there are none. */
  #showFirstScreen(): void {
    if (this.rowCount > 0) this.#show();
  }

  #show(): void {
    this.#firstScreenTimer?.cancel();
    if (this.#isOver || this.#isShown) return;
    this.#openView();
    this.#isShown = true;
    this.#firstScreen.resolve();
  }

  /** Nobody is told when an order has become complete but those who wait for it. */
  #followOrder(): void {
    const view = this.#view;
    if (view === undefined || this.#isFollowingOrder || view.prepared >= view.count) return;
    this.#isFollowingOrder = true;
    const done = (): void => {
      this.#isFollowingOrder = false;
      if (this.#isOver) return;
      this.#followOrder();
      this.#tellSoon(NO_ROWS);
    };
    view.whenComplete().then(done, () => undefined);
  }

  /** Behind the rows of this publication, with which it is told where they are told. */
  #tellSoon(effect: ViewEffect): void {
    if (this.#soon === undefined) queueMicrotask(() => this.#tellNow());
    if (this.#soon !== ALL_ROWS) this.#soon = effect;
  }

  #tellNow(): void {
    if (this.#isOver) return;
    // Which may be more to tell of.
    this.#openView();
    const effect = this.#soon ?? NO_ROWS;
    this.#soon = undefined;
    this.#tell(effect);
  }

  #tell(effect: ViewEffect): void {
    this.#uses.tell(effect, (error) => this.#logFailure(error));
  }

  #logFailure(error: unknown): void {
    this.#host.logger.error("a Scenery failed", { reason: messageOf(error) });
  }

  #close(): void {
    this.#isOver = true;
    this.#firstScreenTimer?.cancel();
    this.#preparation.close();
    this.#stopView?.();
    this.#view?.release();
  }
}
