import { DioramaError, unreachable } from "../base/index.ts";
import { checkId } from "../record/index.ts";
import type { ChangeEvent, Vista } from "../vista/index.ts";
import type { OwnRows } from "./own-rows.ts";
import type { Run } from "./run.ts";

const TYPES: readonly string[] = [
  "inserted",
  "updated",
  "deleted",
  "invalidated",
] satisfies ChangeEvent["type"][];

/** A change from outside: `invalid` where it is none. */
export function checkChange(change: ChangeEvent, vista: string): void {
  if (typeof change !== "object" || change === null) {
    throw new DioramaError("invalid", `${vista}: a change is an object with a type`, { place: { vista } });
  }
  if (!TYPES.includes(change.type)) {
    const message = `${vista}: ${JSON.stringify(change.type)} is no type of change; types are ${TYPES.join(", ")}`;
    throw new DioramaError("invalid", message, { place: { vista } });
  }
  if (change.type !== "invalidated") checkId(change.id, { vista });
}

/** Stages a row that somebody tells of; `undefined`, or one that the master does not show: it is gone. */
export function stageRow(run: Run, id: string, row: object | undefined, rows: OwnRows): void {
  const own = row === undefined ? undefined : rows.toOwn(id, row);
  if (own === undefined || !rows.belongs(id, own)) run.remove(id);
  else run.put(id, own);
}

/** Stages one upstream change in a run. An event without its row is a reason to ask the master for it. */
export async function stageChange(
  run: Run,
  change: ChangeEvent,
  master: () => Vista,
  rows: OwnRows,
): Promise<void> {
  switch (change.type) {
    case "inserted":
    case "updated": {
      stageRow(run, change.id, change.row ?? (await askFor(change.id, master, run)), rows);
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

/** The master's row, of the one that is it when it has answered. */
async function askFor(id: string, master: () => Vista, run: Run): Promise<object | undefined> {
  for (;;) {
    const asked = master();
    const row = await asked.get(id, { signal: run.signal });
    if (asked === master()) return row;
  }
}
