import type { Row } from "../record/index.ts";
import type { RowFollower } from "./aggregate-contract.ts";
import { Listeners } from "./listeners.ts";
import type { QueryScope } from "./query-scope.ts";
import type { RowChange } from "./row-change.ts";
import type { SharedView } from "./shared-view.ts";

/** What makes an aggregate: `key` stands for all of it. */
export interface AggregateIdentity {
  readonly key: string;
  readonly scope: QueryScope;
  readonly sizeBytes: number;
}

/** A value over the rows of a scope, kept up to date: one for all who ask for it. */
export class SharedAggregate<Kept extends RowFollower> implements SharedView {
  readonly key: string;
  readonly scope: QueryScope;
  readonly sizeBytes: number;
  readonly canSleep = true;
  readonly kept: Kept;
  readonly listeners: Listeners<void> = new Listeners();
  readonly #hasNews: (view: SharedView) => void;

  constructor({ key, scope, sizeBytes }: AggregateIdentity, kept: Kept, hasNews: (view: SharedView) => void) {
    this.key = key;
    this.scope = scope;
    this.sizeBytes = sizeBytes;
    this.kept = kept;
    this.#hasNews = hasNews;
  }

  change(id: string, before: Row | undefined, after: Row | undefined): void {
    if (this.#follow(id, before, after) && !this.listeners.isEmpty) this.#hasNews(this);
  }

  changeMany(changes: readonly RowChange[]): void {
    for (const { id, before, after } of changes) this.change(id, before, after);
  }

  /** A status is no part of a value. */
  touch(): void {
    // Nothing to do.
  }

  catchUp(changes: readonly RowChange[]): boolean {
    for (const { id, before, after } of changes) this.#follow(id, before, after);
    return true;
  }

  reset(): void {
    this.kept.reset();
    if (!this.listeners.isEmpty) this.#hasNews(this);
  }

  tell(onError: (error: unknown) => void): void {
    this.listeners.tell(undefined, onError);
  }

  close(): void {
    this.kept.reset();
  }

  #follow(id: string, before: Row | undefined, after: Row | undefined): boolean {
    if (before !== undefined && after !== undefined) return this.kept.replace(id, before, after);
    if (after !== undefined) return this.kept.add(id, after);
    return before !== undefined && this.kept.remove(id, before);
  }
}
