import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { createActivity, Lens, type WriteOp } from "vantage-diorama";
import { TourError } from "../failure.ts";
import { show } from "../format.ts";
import type { KeptReport } from "../report.ts";
import { timed } from "../stopwatch.ts";
import type { Tour } from "../tour.ts";
import type { TourSource } from "./open-source.ts";
import type { TourCopy } from "./start-copy.ts";

/** A write made offline outlives its Lens: the next one over the folder has it, and sends it with the same opId. */
export async function keepWrite(
  source: TourSource,
  copy: TourCopy,
  { options, terminal }: Tour,
): Promise<KeptReport> {
  const first = await copy.dio.vista().first();
  if (first === undefined) throw new TourError("the copy has lost its rows");
  const [id, row] = first;
  terminal.status("writing a row offline");
  const folder = await mkdtemp(join(options.cache, "kept-write-"));
  const activity = createActivity("offline");
  const sent: WriteOp[] = [];
  const builder = Lens.builder()
    .cacheAt(folder)
    .activity(activity)
    .onWrite(async (_dio, op) => void sent.push(op));
  let lens: Lens | undefined;
  try {
    lens = await builder.build();
    const before = await lens.makeDio(source.vista);
    const { ms: keptMs } = await timed(() => before.vista().replace(id, row));
    const opId = before.writes.pending()[0]?.op.opId;
    await lens.close();
    const found = await timed(async () => {
      lens = await builder.build();
      return lens.makeDio(source.vista);
    });
    activity.set("active");
    await found.answer.flush();
    if (sent.length !== 1 || sent[0]?.opId !== opId)
      throw new TourError(
        `the queued write of row ${show(id)} was sent ${sent.length} times after reopening`,
      );
    return { id, keptMs, foundMs: found.ms };
  } finally {
    await lens?.close();
    await rm(folder, { recursive: true });
  }
}
