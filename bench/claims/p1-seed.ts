import path from "node:path";
import { Worker } from "node:worker_threads";
import { createCapabilities, createSchema, Lens, seedFromMaster, type Source } from "vantage-diorama";
import { generateProducts, type Product, productColumns } from "vantage-diorama/testing";
import type { Claim } from "../claim.ts";
import { median } from "../measure.ts";
import { inTemporaryFolder } from "../temporary-folder.ts";
import { describeLoop, type LoopReport, watchLoop } from "../watch-loop.ts";

const BATCH_ROWS = 1_000;

/** A source that has its rows at hand: what is measured is the copying. */
export function iteratorSource(products: readonly Product[]): Source<Product> {
  return {
    name: "products",
    schema: createSchema({ id: "id", columns: productColumns }),
    capabilities: createCapabilities({}),
    fingerprint: () => "iterator",
    async *read() {
      for (let start = 0; start < products.length; start += BATCH_ROWS) {
        yield products.slice(start, start + BATCH_ROWS).map((product) => [product.id, product] as const);
      }
    },
  };
}

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

function bareWorker(folder: string, rows: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL("../limits/seed-worker.ts", import.meta.url), {
      workerData: { file: path.join(folder, "bare.db"), rows },
    });
    worker.once("message", (tookMs: number) => resolve(tookMs));
    worker.once("error", reject);
  });
}

/** Copying rows from an iterator into the durable cache, against one bare worker that does the least. */
export const claim: Claim = {
  id: "P1",
  title: "seeding the durable cache",
  async run({ rows, smoke }) {
    const products = [...generateProducts(rows, 1)];
    const ours: number[] = [];
    const limit: number[] = [];
    const reports: LoopReport[] = [];
    for (let round = 0; round < (smoke ? 1 : 3); round++) {
      await inTemporaryFolder(async (folder) => {
        limit.push(await bareWorker(folder, rows));
        const seeded = await seed(path.join(folder, "ours"), iteratorSource(products));
        ours.push(seeded.tookMs);
        reports.push(seeded.report);
      });
    }
    const holdP99Ms = median(reports.map((report) => report.holdP99Ms));
    return [
      {
        work: `${rows.toLocaleString("en")} rows from an iterator to the disk`,
        against: "one worker that encodes, checksums and inserts them",
        ours: median(ours),
        limit: median(limit),
        unit: "ms",
        ratio: median(ours) / median(limit),
        target: 1 / 0.7,
      },
      {
        work: "the main thread held at a stretch meanwhile, p99",
        against: "50 ms",
        ours: holdP99Ms,
        limit: 50,
        unit: "ms",
        ratio: holdP99Ms / 50,
        target: 1,
        note: describeLoop(reports),
      },
    ];
  },
};
