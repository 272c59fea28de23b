import type { Timer } from "../base/index.ts";
import type { DioContext } from "./dio-context.ts";
import type { RowWatch } from "./row-watch.ts";
import type { Supply } from "./supply.ts";

/**
 * Keeps what Sceneries show from growing old unseen: they read without asking, so that nobody else would have it
 * renewed. What passes `freshFor` is told as stale and renewed behind; so is what was declared out of date.
 */
export class ShownRows {
  readonly #context: DioContext;
  readonly #supply: Supply;
  readonly #watch: RowWatch;
  #timer: Timer | undefined;
  /** When it was last looked what has grown old. */
  #lookedAt = 0;
  #isStopped = false;

  constructor(context: DioContext, supply: Supply, watch: RowWatch) {
    this.#context = context;
    this.#supply = supply;
    this.#watch = watch;
  }

  /** Somebody looks from now on. */
  begin(): void {
    if (this.#context.options.freshForMs === Infinity || this.#timer !== undefined || this.#isStopped) return;
    this.#lookedAt = this.#context.options.clock.now();
    this.#arm();
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  /** The row was declared out of date, and somebody looks at it. */
  renewRow(id: string): void {
    void this.#supply.rows.refetchBehind(id);
  }

  /** Everything was. */
  renewAll(): void {
    if (!this.#isLookedAt) return;
    if (this.#context.state.store.meta.complete) void this.#supply.renewAll();
    else this.reread().catch((error: unknown) => this.#supply.rows.failedBehind(error));
  }

  /** Rows that are looked at are read again; rejects with the first failure. */
  reread(): Promise<void> {
    return this.#supply.rereadAll(this.#watch.ids());
  }

  get #isLookedAt(): boolean {
    return this.#context.state.onlookers.hearNotices;
  }

  #arm(): void {
    const { clock } = this.#context.options;
    const delayMs = Math.max(1, this.#nextDue() + 1 - clock.now());
    this.#timer = clock.setTimer(() => this.#look(), delayMs);
  }

  /** When the next of what is shown passes `freshFor`; what has is looked at again after as long. */
  #nextDue(): number {
    const { state, options } = this.#context;
    const now = options.clock.now();
    let due = now + options.freshForMs;
    const { complete, seededAt } = state.store.meta;
    const times = complete ? [seededAt] : Array.from(this.#watch.ids(), (id) => state.store.fetchedAt(id));
    for (const since of times) {
      const at = (since ?? now) + options.freshForMs;
      if (at >= now && at < due) due = at;
    }
    return due;
  }

  #look(): void {
    this.#timer = undefined;
    if (!this.#isLookedAt) return;
    const { state } = this.#context;
    const before = this.#lookedAt;
    this.#lookedAt = this.#context.options.clock.now();
    if (state.store.meta.complete) this.#lookAtAll(before);
    else for (const id of Array.from(this.#watch.ids())) this.#lookAt(id, before);
    this.#arm();
  }

  #lookAtAll(before: number): void {
    const { state } = this.#context;
    const { seededAt } = state.store.meta;
    if (seededAt === undefined || !this.#isOld(seededAt, this.#lookedAt)) return;
    if (!this.#isOld(seededAt, before)) state.touchAll();
    void this.#supply.renewAll();
  }

  #lookAt(id: string, before: number): void {
    const { state } = this.#context;
    const since = state.store.fetchedAt(id);
    if (since === undefined || !this.#isOld(since, this.#lookedAt)) return;
    if (!this.#isOld(since, before)) state.touch(id);
    // A reader of it has it renewed as the Lens says; what fails is as old as it was.
    this.#supply.rows.get(id).catch((error: unknown) => this.#supply.rows.failedBehind(error));
  }

  #isOld(since: number, now: number): boolean {
    // As readers judge it: a clock that was set back makes nothing young.
    return Math.abs(now - since) > this.#context.options.freshForMs;
  }
}
