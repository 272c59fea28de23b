import { setTimeout as sleep } from "node:timers/promises";
import { type Dio, Lens, memory, seedFromMaster } from "vantage-diorama";
import type { Product } from "vantage-diorama/testing";
import type { Claim } from "../claim.ts";
import { iteratorSource } from "../iterator-source.ts";
import { median } from "../measure.ts";
import { BY_PRICE, WINDOW } from "../ours.ts";
import { inTemporaryFolder } from "../temporary-folder.ts";
import { describeLoop, type LoopReport, watchLoop } from "../watch-loop.ts";
import { sameRows, Workload } from "../workload.ts";

/** A view that was open before a restart shows its first screen before the rows have been read. */
export const claim: Claim = {
  id: "P2",
  title: "a warm start shows the first screen of a view at once",
  left: "reading the first block of the stored order and the 50 rows by their number, on the worker, and the messages there and back.",
  async run({ rows, smoke }) {
    const rounds = smoke ? 1 : 3;
    const small = await warmStarts(Math.min(rows, 10_000), rounds);
    const large = await warmStarts(rows, rounds);
    const smallMs = median(small.map(({ shownMs }) => shownMs));
    const largeMs = median(large.map(({ shownMs }) => shownMs));
    const holdMs = median(large.map(({ report }) => report.holdMaxMs));
    const orderMs = median(large.map(({ completeMs }) => completeMs));
    return {
      findings: [
        {
          work: `makeDio to the first ${WINDOW} of ${rows.toLocaleString("en")} rows by price`,
          against: "100 ms",
          ours: largeMs,
          limit: 100,
          unit: "ms",
          ratio: largeMs / 100,
          target: 1,
        },
        {
          work: "the same",
          against: "the same of 10,000 rows",
          ours: largeMs,
          limit: smallMs,
          unit: "ms",
          ratio: largeMs / smallMs,
          target: 2,
        },
        {
          work: "longest hold of the main thread while rows and order follow",
          against: "50 ms",
          ours: holdMs,
          limit: 50,
          unit: "ms",
          ratio: holdMs / 50,
          target: 1,
          note: `the last row shown after ${orderMs.toFixed(0)} ms; ${describeLoop(large.map(({ report }) => report))}`,
        },
      ],
    };
  },
};

interface WarmStart {
  readonly shownMs: number;
  readonly completeMs: number;
  readonly report: LoopReport;
}

function warmStarts(size: number, rounds: number): Promise<WarmStart[]> {
  return inTemporaryFolder(async (folder) => {
    const workload = new Workload(size);
    const expected = workload.sorted();
    await useView(folder, workload.products);
    const starts: WarmStart[] = [];
    for (let round = 0; round < rounds; round++)
      starts.push(await warmStart(folder, workload.products, expected));
    return starts;
  });
}

const lensAt = (folder: string): Promise<Lens> =>
  Lens.builder().cacheAt(folder).onStart(seedFromMaster).build();

/** The session before: rows are stored, and a view of them is in use. */
async function useView(folder: string, products: readonly Product[]): Promise<void> {
  const lens = await lensAt(folder);
  const dio = await lens.makeDio(iteratorSource(products));
  const table = await dio.tableScenery({ orderBy: BY_PRICE }).open();
  table.setViewport(0, WINDOW);
  table.rows(products.length - WINDOW, products.length);
  await lens.flush();
  await lens.close();
}

async function warmStart(
  folder: string,
  products: readonly Product[],
  expected: readonly Product[],
): Promise<WarmStart> {
  const lens = await lensAt(folder);
  // Its worker is up once a table is open.
  await lens.makeDio(memory("other", { id: "id", columns: { n: "integer" } }));
  const { result, report } = await watchLoop(async () => {
    const start = performance.now();
    const dio: Dio<Product> = await lens.makeDio(iteratorSource(products));
    const table = await dio.tableScenery({ orderBy: BY_PRICE }).open();
    table.setViewport(0, WINDOW);
    const first = table.rows(0, WINDOW);
    const shownMs = performance.now() - start;
    sameRows(
      "the first screen",
      first.map((shown) => shown?.row),
      expected.slice(0, WINDOW),
    );
    while (!dio.diagnostics().cache.loaded || table.state.kind !== "complete") await sleep(5);
    const completeMs = performance.now() - start;
    const last = table.rows(products.length - WINDOW, products.length);
    sameRows(
      "the last screen",
      last.map((shown) => shown?.row),
      expected.slice(-WINDOW),
    );
    return { shownMs, completeMs };
  });
  await lens.close();
  return { ...result, report };
}
