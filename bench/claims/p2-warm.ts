import { setTimeout as sleep } from "node:timers/promises";
import { Lens, seedFromMaster } from "vantage-diorama";
import { generateProducts } from "vantage-diorama/testing";
import type { Claim } from "../claim.ts";
import { iteratorSource } from "../iterator-source.ts";
import { median } from "../measure.ts";
import { inTemporaryFolder } from "../temporary-folder.ts";
import { describeLoop, type LoopReport, watchLoop } from "../watch-loop.ts";
import { seed } from "./p1-seed.ts";

/** A warm start answers `get` and `count` before the rows have been read: the same at any size. */
export const claim: Claim = {
  id: "P2a",
  title: "a warm start answers get and count at once",
  left: "the open itself: reading the table's entry, and one row by its id. The rows follow in batches of a thousand, decoded a few milliseconds at a time; the longest hold is the Map growing, as in P1.",
  async run({ rows, smoke }) {
    const rounds = smoke ? 1 : 3;
    const small = await warmStarts(Math.min(rows, 10_000), rounds);
    const large = await warmStarts(rows, rounds);
    const largeMs = median(large.map(({ answeredMs }) => answeredMs));
    const holdMs = median(large.map(({ report }) => report.holdMaxMs));
    return {
      findings: [
        {
          work: `makeDio, count() and get(id) of ${rows.toLocaleString("en")} stored rows`,
          against: "the same of 10,000",
          ours: largeMs,
          limit: median(small.map(({ answeredMs }) => answeredMs)),
          unit: "ms",
          ratio: largeMs / 100,
          target: 1,
          note: "judged against 100 ms",
        },
        {
          work: "longest hold of the main thread while the rows follow",
          against: "50 ms",
          ours: holdMs,
          limit: 50,
          unit: "ms",
          ratio: holdMs / 50,
          target: 1,
          note: `all in memory after ${median(large.map(({ loadedMs }) => loadedMs)).toFixed(0)} ms; ${describeLoop(large.map(({ report }) => report))}`,
        },
      ],
    };
  },
};

interface WarmStart {
  readonly answeredMs: number;
  readonly loadedMs: number;
  readonly report: LoopReport;
}

function warmStarts(rows: number, rounds: number): Promise<readonly WarmStart[]> {
  return inTemporaryFolder(async (folder) => {
    const products = [...generateProducts(rows, 1)];
    await seed(folder, iteratorSource(products));
    const starts: WarmStart[] = [];
    for (let round = 0; round < rounds; round++) {
      const lens = await Lens.builder().cacheAt(folder).onStart(seedFromMaster).build();
      const { result, report } = await watchLoop(async () => {
        const start = performance.now();
        const dio = await lens.makeDio(iteratorSource(products));
        const count = await dio.vista().count();
        const row = await dio.vista().get(products.at(-1)?.id ?? "");
        const answeredMs = performance.now() - start;
        if (count !== rows || row === undefined) throw new Error("the warm start lost rows");
        while (!dio.diagnostics().cache.loaded) await sleep(5);
        return { answeredMs, loadedMs: performance.now() - start };
      });
      starts.push({ ...result, report });
      await lens.close();
    }
    return starts;
  });
}
