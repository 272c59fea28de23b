import { type Dio, Lens, type Row, seedFromMaster, type WriteOp } from "vantage-diorama";
import { csv } from "vantage-diorama/sources/csv";
import { TourError } from "../failure.ts";
import type { Tour } from "../tour.ts";
import { WorkingCopy } from "../working-copy.ts";
import type { TourSource } from "./open-source.ts";
import type { TourCopy } from "./start-copy.ts";

/** Enough to be worth watching, few enough to be written at once. */
const MOST_ROWS = 100_000;

/** Where things are changed: a working copy of the file and a Dio over it, in memory. Nothing of it stays. */
export interface Workshop {
  readonly dio: Dio;
  readonly file: WorkingCopy;
  /** When which write came to onWrite. */
  readonly routed: { readonly op: WriteOp; readonly at: number }[];
  close(): Promise<void>;
}

export async function openWorkshop(source: TourSource, copy: TourCopy, tour: Tour): Promise<Workshop> {
  tour.terminal.status("making a working copy");
  const rows = new Map<string, Row>((await copy.dio.vista().fetchWindow(0, MOST_ROWS)).rows);
  const { columns } = source.vista.schema;
  const file = await WorkingCopy.create(tour.options.cache, source.report.file, columns, rows);
  const routed: Workshop["routed"] = [];
  let lens: Lens | undefined;
  try {
    lens = await Lens.builder()
      .onStart((dio, { signal }) => seedFromMaster(dio, { signal: AbortSignal.any([signal, tour.signal]) }))
      .onWrite(async (_dio, op) => {
        routed.push({ op, at: performance.now() });
        file.apply(op);
        await file.save();
      })
      .build();
    const master = await csv(file.path, {
      ...(source.id.length === 0 ? {} : { id: source.id }),
      columns: Object.fromEntries(columns.map(({ name, type }) => [name, type])),
      delimiter: ",",
      pollInterval: "1s",
    });
    const dio = await lens.makeDio(master);
    if ((await dio.vista().count()) !== rows.size) {
      throw new TourError(`the working copy ${file.path} was read back with another number of rows`);
    }
    return { dio, file, routed, close: () => closeAll(lens, file) };
  } catch (error) {
    await closeAll(lens, file);
    throw error;
  }
}

async function closeAll(lens: Lens | undefined, file: WorkingCopy): Promise<void> {
  try {
    await lens?.close({ drain: 0 });
  } finally {
    await file.remove();
  }
}
