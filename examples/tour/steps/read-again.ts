import { show } from "../format.ts";
import { TourError } from "../failure.ts";
import type { ComparisonReport } from "../report.ts";
import { sideBySide } from "../stopwatch.ts";
import type { Tour } from "../tour.ts";
import type { TourSource } from "./open-source.ts";
import type { TourCopy } from "./start-copy.ts";

/** The file parsed again against the same read of the copy: every row, and one in the middle. */
export async function readAgain(
  { vista }: TourSource,
  { dio, report }: TourCopy,
  { terminal, signal }: Tour,
): Promise<ComparisonReport[]> {
  const call = { signal };
  terminal.status("reading every row, of the file and of the copy");
  const all = await sideBySide(
    {
      file: async () => (await vista.list(call)).size,
      copy: async () => (await dio.vista().list(call)).size,
    },
    signal,
  );
  expectSame("every row", all.file, all.copy);
  const [id = ""] = (await dio.vista().fetchWindow(report.rows >> 1, 1)).rows.keys();
  terminal.status("reading one row, of the file and of the copy");
  const one = await sideBySide({ file: () => vista.get(id, call), copy: () => dio.vista().get(id) }, signal);
  expectSame(`row ${show(id)}`, one.file !== undefined, one.copy !== undefined);
  return [
    { what: "every row", ...all.times },
    { what: `the row ${show(id)}`, ...one.times },
  ];
}

function expectSame(what: string, file: unknown, copy: unknown): void {
  if (file === copy) return;
  throw new TourError(
    `${what}: the file answers ${String(file)}, the copy ${String(copy)}; has the file changed meanwhile?`,
  );
}
