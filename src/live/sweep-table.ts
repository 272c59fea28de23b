import { type DioramaError, isDioramaError } from "../base/index.ts";
import type { CacheTable, StoredRow } from "../cache/index.ts";
import type { EntryWrite } from "./compose-batch.ts";
import { type Drops, isDropped } from "./drops.ts";
import { headOf } from "./entry-codec.ts";

/** Entries that are looked at together; their packets are bounded in bytes as well. */
const BATCH_ENTRIES = 64;

export interface Sweep {
  readonly table: CacheTable;
  /** As it is now. */
  readonly drops: () => Drops;
  /** Takes its turn among the other calls. */
  readonly write: (write: EntryWrite) => Promise<void>;
  readonly isGivenUp: () => boolean;
  /** A row that is no entry goes as well. */
  readonly onBroken: (error: DioramaError) => void;
}

/** Removes what was dropped before it began, batch by batch, then notes that it is gone. */
export async function sweepTable(sweep: Sweep): Promise<void> {
  const { table, drops, write, isGivenUp } = sweep;
  await write({ kind: "sweepBegun" });
  const upTo = drops().generation;
  let isDone = false;
  try {
    for await (const batch of table.scan(BATCH_ENTRIES)) {
      if (isGivenUp()) return;
      const ids = batch.filter((row) => isGone(row, sweep)).map(({ id }) => id);
      if (ids.length > 0) await write({ kind: "sweep", ids });
    }
    isDone = true;
  } finally {
    await write({ kind: "sweepEnded", upTo: isDone ? upTo : undefined });
  }
}

function isGone(row: StoredRow, { drops, onBroken }: Sweep): boolean {
  try {
    const { subKey, generation } = headOf(row);
    return isDropped(drops(), subKey, generation);
  } catch (error) {
    if (!isDioramaError(error, "corrupt")) throw error;
    onBroken(error);
    return true;
  }
}
