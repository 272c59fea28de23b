import type { RowChange } from "./row-change.ts";

/** Changes that came one after the other as one for each id; none for an id that ended as it began. */
export function squashChanges(changes: readonly RowChange[]): RowChange[] {
  const first = new Map<string, RowChange>();
  const last = new Map<string, RowChange>();
  for (const change of changes) {
    if (!first.has(change.id)) first.set(change.id, change);
    last.set(change.id, change);
  }
  const squashed: RowChange[] = [];
  for (const [id, { before }] of first) {
    const after = last.get(id)?.after;
    if (before !== after) squashed.push({ id, before, after });
  }
  return squashed;
}
