import type { RowTest } from "../query/index.ts";
import type { Row } from "../record/index.ts";
import { compileScope, type QueryScope } from "./query-scope.ts";
import type { RowChange } from "./row-change.ts";

/** What stands on the rows of a selection and follows their changes. */
export interface Follower {
  /** The row as the selection had and has it: `undefined` where it does not match. Never both. */
  change(id: string, before: Row | undefined, after: Row | undefined): void;
  /** The same of many rows, each once. */
  changeMany(changes: readonly RowChange[]): void;
  /** A row of the selection shows another status. */
  touch(id: string, row: Row): void;
}

/** The rows of a scope: a change is tested once for all views that stand on them. */
export class Selection {
  readonly scope: QueryScope;
  readonly followers: Set<Follower> = new Set();
  readonly holds: RowTest;
  /** The number of the change that it was last found for. */
  lastFound = 0;
  readonly #waiting: RowChange[] = [];

  constructor(scope: QueryScope) {
    this.scope = scope;
    this.holds = compileScope(scope);
  }

  apply(change: RowChange): void {
    const { id } = change;
    const before = this.#ifHeld(id, change.before);
    const after = this.#ifHeld(id, change.after);
    if (before === undefined && after === undefined) return;
    for (const follower of this.followers) follower.change(id, before, after);
  }

  /** Keeps the change for `flush`. Returns whether it is the first to wait. */
  collect(change: RowChange): boolean {
    const narrowed = this.narrow(change);
    return narrowed !== undefined && this.#waiting.push(narrowed) === 1;
  }

  flush(): void {
    const changes = this.#waiting.splice(0);
    for (const follower of this.followers) follower.changeMany(changes);
  }

  touch(id: string, row: Row): void {
    if (!this.holds(id, row)) return;
    for (const follower of this.followers) follower.touch(id, row);
  }

  /** The change as the selection sees it; `undefined`: not at all. */
  narrow(change: RowChange): RowChange | undefined {
    const { id } = change;
    const before = this.#ifHeld(id, change.before);
    const after = this.#ifHeld(id, change.after);
    if (before === change.before && after === change.after) return change;
    return before === undefined && after === undefined ? undefined : { id, before, after };
  }

  #ifHeld(id: string, row: Row | undefined): Row | undefined {
    return row !== undefined && this.holds(id, row) ? row : undefined;
  }
}
