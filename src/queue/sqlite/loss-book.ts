import type { DatabaseSync } from "node:sqlite";
import type { LostOp } from "../write-queue.ts";
import { toStoredName } from "./stored-ops.ts";

/** Losses that nobody was told of yet: they stay in the file until somebody was. */
export class LossBook {
  readonly #database: DatabaseSync;
  /** The last that each queue was answered with. */
  readonly #answered = new Map<string, readonly number[]>();

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** In the open transaction. Without a queue: the next one that is opened is told. */
  note(queue: string | undefined, loss: LostOp): void {
    this.#database
      .prepare("INSERT INTO losses (queue, loss) VALUES (?, ?)")
      .run(queue === undefined ? null : toStoredName(queue), JSON.stringify(loss));
  }

  /** What that queue is to tell; what belongs to none is told by one of those that are opened at the same time. */
  of(queue: string): readonly LostOp[] {
    this.#answered.delete(queue);
    const taken = new Set([...this.#answered.values()].flat());
    const rows = this.#database
      .prepare("SELECT number, loss FROM losses WHERE queue IS NULL OR queue = ? ORDER BY number")
      .all(toStoredName(queue))
      .filter(({ number }) => !taken.has(Number(number)));
    this.#answered.set(
      queue,
      rows.map(({ number }) => Number(number)),
    );
    return rows.map(({ loss }) => toLoss(loss));
  }

  told(queue: string): void {
    this.#database
      .prepare("DELETE FROM losses WHERE number IN (SELECT value FROM json_each(?))")
      .run(JSON.stringify(this.#answered.get(queue) ?? []));
    this.#answered.delete(queue);
  }
}

function toLoss(stored: unknown): LostOp {
  try {
    const loss: unknown = JSON.parse(String(stored));
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only `note` writes there
    if (typeof loss === "object" && loss !== null && "position" in loss) return loss as LostOp;
  } catch {
    // Told below.
  }
  return { position: "the list of losses", reason: "an entry of it can't be read" };
}
