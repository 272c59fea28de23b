import { chooseCellEdit, chooseNewRow } from "../choose-edits.ts";
import { TourError } from "../failure.ts";
import { name, show } from "../format.ts";
import type { Skipped, UpstreamReport } from "../report.ts";
import type { Tour } from "../tour.ts";
import { eventsUntil } from "./events-until.ts";
import type { TourSource } from "./open-source.ts";
import type { Workshop } from "./open-workshop.ts";

/** Somebody else edits the file: the change arrives by itself, as events of the rows that differ. */
export async function editUpstream(
  source: TourSource,
  workshop: Workshop,
  tour: Tour,
): Promise<UpstreamReport | Skipped> {
  const { dio, file } = workshop;
  tour.terminal.status("editing the working copy behind Diorama's back");
  const edits = editRows(source, workshop);
  if (edits.length === 0) return { skipped: "no row of it could be edited" };
  const following = dio.watch();
  await following.ready;
  const events = dio.subscribeEvents();
  const editedAt = await place(workshop);
  const heard = await eventsUntil(
    events,
    ({ type }) => type === "invalidated" || type === "refreshFailed",
    tour.signal,
  );
  await following.stop();
  const last = heard.at(-1)?.event;
  if (last?.type === "refreshFailed") throw last.error;
  const missing = file.rows.size - (await dio.vista().count());
  if (missing !== 0)
    throw new TourError(
      `after the edit the copy has ${Math.abs(missing)} rows ${missing > 0 ? "less" : "more"} than the file`,
    );
  return {
    workingCopy: file.path,
    edits,
    events: heard.map(({ event, at }) => ({
      atMs: at - editedAt,
      type: event.type,
      ...("id" in event ? { id: event.id } : {}),
    })),
  };
}

async function place({ file }: Workshop): Promise<number> {
  await file.save();
  return performance.now();
}

/** Changes a row, adds one and removes one, as far as the columns allow; says what it did. */
function editRows(source: TourSource, { dio, file }: Workshop): string[] {
  const { columns } = dio.schema;
  const { rows } = file;
  const edits: string[] = [];
  const ids = [...rows.keys()];
  const added = chooseNewRow(columns, source.id, rows);
  // Not the row that the write was about, where there is another.
  const [, changedId = ids[0] ?? "", removedId] = ids;
  const changed = rows.get(changedId);
  const edit =
    changed === undefined
      ? undefined
      : chooseCellEdit(columns, source.id, [changedId, changed], "edited upstream");
  if (changed !== undefined && edit !== undefined) {
    rows.set(changedId, { ...changed, [edit.column]: edit.to });
    edits.push(`row ${show(changedId)}: ${name(edit.column)} ${show(edit.from)} becomes ${show(edit.to)}`);
  }
  // Of numbered rows only the last may go, or every number behind it would change.
  if (removedId !== undefined && source.id.length > 0) {
    rows.delete(removedId);
    edits.push(`row ${show(removedId)} is removed`);
  }
  if (added !== undefined) {
    rows.set("added", added);
    edits.push("a row is added at the end");
  }
  return edits;
}
