import { ChangeDispatch } from "./change-dispatch.ts";
import type { QueryScope } from "./query-scope.ts";
import type { RowChange } from "./row-change.ts";
import type { RowSet } from "./row-set.ts";
import { type Follower, Selection } from "./selection.ts";

/** The selections that views follow, each there once, while anything follows it. */
export class Selections {
  readonly #byKey = new Map<string, Selection>();
  readonly #dispatch = new ChangeDispatch();
  readonly #waiting: Selection[] = [];

  /** From now on the follower hears of every change of the scope's rows. */
  follow(scope: QueryScope, follower: Follower): Selection {
    let selection = this.#byKey.get(scope.key);
    if (selection === undefined) {
      selection = new Selection(scope);
      this.#byKey.set(scope.key, selection);
      this.#dispatch.add(selection);
    }
    selection.followers.add(follower);
    return selection;
  }

  unfollow(selection: Selection, follower: Follower): void {
    if (!selection.followers.delete(follower) || selection.followers.size > 0) return;
    this.#byKey.delete(selection.scope.key);
    this.#dispatch.delete(selection);
  }

  apply(changes: readonly RowChange[]): void {
    const [first] = changes;
    if (first !== undefined && changes.length === 1) this.#applyOne(first);
    else this.#applyMany(changes);
  }

  touch(ids: Iterable<string>, rows: RowSet): void {
    if (this.#byKey.size === 0) return;
    for (const id of ids) {
      const row = rows.get(id);
      if (row === undefined) continue;
      for (const selection of this.#dispatch.find(id, undefined, row)) selection.touch(id, row);
    }
  }

  #applyOne(change: RowChange): void {
    for (const selection of this.#dispatch.find(change.id, change.before, change.after))
      selection.apply(change);
  }

  #applyMany(changes: readonly RowChange[]): void {
    for (const change of changes) {
      for (const selection of this.#dispatch.find(change.id, change.before, change.after)) {
        if (selection.collect(change)) this.#waiting.push(selection);
      }
    }
    for (const selection of this.#waiting.splice(0)) selection.flush();
  }
}
