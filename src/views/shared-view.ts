import type { QueryScope } from "./query-scope.ts";
import type { RowChange } from "./row-change.ts";
import type { Follower } from "./selection.ts";

/** A view as the view set keeps it, whatever it computes. */
export interface SharedView extends Follower {
  /** The same for whoever asks for the same. */
  readonly key: string;
  readonly scope: QueryScope;
  /** An estimate of what it holds in memory beyond the rows. */
  readonly sizeBytes: number;
  /** Whether it can take changes later. One that can't hears of each also while nobody uses it. */
  readonly canSleep: boolean;
  /**
   * Takes what it slept through: changes of its selection's rows in the order in which they came, an id perhaps more
   * than once. False where starting over is cheaper; it is of no use then.
   */
  catchUp(changes: readonly RowChange[]): boolean;
  /** Rows changed too much to follow. */
  reset(): void;
  /** Ends a publication: tells its listeners, if there is something. */
  tell(onError: (error: unknown) => void): void;
  /** Nobody reads any more. */
  close(): void;
}
