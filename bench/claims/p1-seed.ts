import path from "node:path";
import { Worker } from "node:worker_threads";
import { Lens, seedFromMaster, type Source } from "vantage-diorama";
import { generateProducts, type Product } from "vantage-diorama/testing";
import type { Claim } from "../claim.ts";
import { iteratorSource } from "../iterator-source.ts";
import { median } from "../measure.ts";
import { inTemporaryFolder } from "../temporary-folder.ts";
import { describeLoop, type LoopReport, watchLoop } from "../watch-loop.ts";

/** From makeDio on an empty folder to the last row on disk, in milliseconds. */
export async function seed(
  folder: string,
  source: Source<Product>,
): Promise<{ tookMs: number; report: LoopReport }> {
  const lens = await Lens.builder().cacheAt(folder).onStart(seedFromMaster).build();
  const { result, report } = await watchLoop(async () => {
    const start = performance.now();
    const dio = await lens.makeDio(source);
    await lens.flush();
    const tookMs = performance.now() - start;
    return { tookMs, count: await dio.vista().count() };
  });
  await lens.close();
  if (result.count === 0) throw new Error("nothing was seeded");
  return { tookMs: result.tookMs, report };
}

interface Bare {
  readonly tookMs: number;
  readonly cpuMs: number;
}

function bareWorker(folder: string, rows: number): Promise<Bare> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL("../limits/seed-worker.ts", import.meta.url), {
      workerData: { file: path.join(folder, "bare.db"), rows },
    });
    worker.once("message", (bare: Bare) => resolve(bare));
    worker.once("error", reject);
  });
}

/** Copying rows from an iterator into the durable cache, against one bare worker that does the least. */
export const claim: Claim = {
  id: "P1",
  title: "seeding the durable cache",
  left: "the main thread and the worker share the work, so that on two free cores the copy takes about as long as the limit, though every row is checked, copied, kept in memory and published besides. Of the main thread's time a quarter is encoding, a quarter the collector (rows that stay are moved twice before they rest), a fifth the look in a Map of a million ids whether the row is new. Where other programs take the cores, two threads get less done than the limit's one, and the ratio nears that of all processor time, 1.6. The longest hold is the Map of the rows growing past 524,288 entries in one step (29 to 42 ms in one series of runs, 62 to 100 ms in another; 73 to 103 ms past 1,048,576): several smaller Maps would need a list of their own for the order of the rows, and slow down every read of one. Steps of the collector's marking, up to 5 ms each, are not told apart from the program's own time, and count as held.",
  async run({ rows, smoke }) {
    const products = [...generateProducts(rows, 1)];
    const ours: number[] = [];
    const limit: Bare[] = [];
    const reports: LoopReport[] = [];
    for (let round = 0; round < (smoke ? 1 : 2); round++) {
      await inTemporaryFolder(async (folder) => {
        limit.push(await bareWorker(folder, rows));
        const seeded = await seed(path.join(folder, "ours"), iteratorSource(products));
        ours.push(seeded.tookMs);
        reports.push(seeded.report);
      });
    }
    const limitMs = median(limit.map(({ tookMs }) => tookMs));
    const limitCpuS = median(limit.map(({ cpuMs }) => cpuMs)) / 1_000;
    const ourCpuS = median(reports.map(({ cpuMs }) => cpuMs)) / 1_000;
    const holdP99Ms = median(reports.map((report) => report.holdP99Ms));
    const holdMaxMs = median(reports.map((report) => report.holdMaxMs));
    return {
      findings: [
        {
          work: `${rows.toLocaleString("en")} rows from an iterator to the disk`,
          against: "one worker that encodes, checksums and inserts them",
          ours: median(ours),
          limit: limitMs,
          unit: "ms",
          ratio: median(ours) / limitMs,
          target: 1 / 0.7,
          note: `processor time of the main thread ${ourCpuS.toFixed(1)} s, of the limit's one thread ${limitCpuS.toFixed(1)} s`,
        },
        {
          work: "the main thread held at a stretch meanwhile, p99",
          against: "50 ms",
          ours: holdP99Ms,
          limit: 50,
          unit: "ms",
          ratio: holdP99Ms / 50,
          target: 1,
          note: `longest ${holdMaxMs.toFixed(0)} ms; ${describeLoop(reports)}`,
        },
      ],
    };
  },
};
