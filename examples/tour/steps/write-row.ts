import { chooseCellEdit } from "../choose-edits.ts";
import { TourError } from "../failure.ts";
import { show } from "../format.ts";
import type { Skipped, WriteReport } from "../report.ts";
import type { Tour } from "../tour.ts";
import { eventsUntil } from "./events-until.ts";
import type { TourSource } from "./open-source.ts";
import type { TourCopy } from "./start-copy.ts";
import type { Workshop } from "./open-workshop.ts";

/** A write: the reader sees it at once, onWrite brings it to the file, then it is confirmed. */
export async function writeRow(
  source: TourSource,
  copy: TourCopy,
  { dio, file, routed }: Workshop,
  tour: Tour,
): Promise<WriteReport | Skipped> {
  const first = await dio.vista().first();
  const edit =
    first === undefined
      ? undefined
      : chooseCellEdit(dio.schema.columns, source.id, first, "written by the tour");
  if (edit === undefined) return { skipped: "no column but the id could be written" };
  const { id, column, from, to } = edit;
  tour.terminal.status("writing a row");
  const events = dio.subscribeEvents();
  const startedAt = performance.now();
  const [, visible] = await Promise.all([
    dio.vista().patch(id, { [column]: to }),
    dio
      .vista()
      .get(id)
      .then((row) => ({ row, at: performance.now() })),
  ]);
  await eventsUntil(
    events,
    (event) => event.type === "writeConfirmed" || event.type === "writeFailed",
    tour.signal,
  );
  const confirmedAt = performance.now();
  const [arrival] = routed;
  const stored = await dio.master.get(id);
  if (
    arrival === undefined ||
    show(visible.row?.[column]) !== show(to) ||
    show(stored?.[column]) !== show(to)
  ) {
    throw new TourError(
      `the write of row ${show(id)} did not come through: a reader saw ${show(visible.row?.[column])}, the file holds ${show(stored?.[column])}`,
    );
  }
  return {
    workingCopy: file.path,
    rows: file.rows.size,
    whole: file.rows.size === copy.report.rows,
    id,
    column,
    from: show(from),
    to: show(to),
    visibleMs: visible.at - startedAt,
    routedMs: arrival.at - startedAt,
    confirmedMs: confirmedAt - startedAt,
  };
}
