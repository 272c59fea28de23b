import { toRow, withIdColumn } from "../record/index.ts";
import { unreachable } from "../base/index.ts";
import type { ChangeEvent, Vista } from "../vista/index.ts";
import type { Run } from "./run.ts";

/** Stages one upstream change in a run. An event without its row is a reason to ask the master for it. */
export async function stageChange(
  run: Run,
  change: ChangeEvent,
  master: Vista,
  idColumn: string | undefined,
): Promise<void> {
  switch (change.type) {
    case "inserted":
    case "updated": {
      const row: object | undefined = change.row ?? (await master.get(change.id, { signal: run.signal }));
      const place = { vista: master.name, id: change.id };
      if (row === undefined) run.remove(change.id);
      else run.put(change.id, withIdColumn(change.id, toRow(row, place), idColumn, place));
      return;
    }
    case "deleted":
      run.remove(change.id);
      return;
    case "invalidated":
      return;
    default:
      unreachable(change);
  }
}

/** Runs work for one key in the order it came; different keys do not wait for each other. */
export class InOrder {
  readonly #last = new Map<string, Promise<unknown>>();

  /** Whether work for that key is under way or waiting. */
  has(key: string): boolean {
    return this.#last.has(key);
  }

  run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key) ?? Promise.resolve();
    // A failure belongs to its own caller, not to the next one in line.
    const result = before.then(work, work);
    this.#last.set(key, result);
    const done = (): void => {
      if (this.#last.get(key) === result) this.#last.delete(key);
    };
    result.then(done, done);
    return result;
  }
}
