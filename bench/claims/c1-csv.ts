import { createReadStream, createWriteStream, statSync } from "node:fs";
import path from "node:path";
import { once } from "node:events";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import Papa from "papaparse";
import { Lens, seedFromMaster } from "vantage-diorama";
import { csv } from "vantage-diorama/sources/csv";
import { generateProducts, productColumns } from "vantage-diorama/testing";
import type { Claim } from "../claim.ts";
import { iteratorSource } from "../iterator-source.ts";
import { median } from "../measure.ts";
import { inTemporaryFolder } from "../temporary-folder.ts";
import { describeLoop, type LoopReport, watchLoop } from "../watch-loop.ts";
import { seed } from "./p1-seed.ts";

/** A CSV file to a readable Dio, against the parser alone and the seeding alone, one after the other. */
export const claim: Claim = {
  id: "C1",
  title: "a CSV file to a readable Dio",
  left: "the parser is papaparse's own; what comes on top of it and of the seeding is finding the rows in the text, counting lines, refusing what is ragged or no text, converting cells and looking for ids that come twice. Parsing and seeding share the main thread; what overlaps with it is the worker that writes. The longest hold is that of P1.",
  run: ({ rows, smoke }) =>
    inTemporaryFolder(async (folder) => {
      const file = path.join(folder, "products.csv");
      await writeProducts(file, rows);
      const parser: number[] = [];
      const seeding: number[] = [];
      const ours: number[] = [];
      const runs: Seeded[] = [];
      for (let round = 0; round < (smoke ? 1 : 2); round++) {
        parser.push(await parseAlone(file, rows));
        seeding.push(await seedAlone(path.join(folder, `seed${round}`), rows));
        const seeded = await csvToDio(file, path.join(folder, `csv${round}`), rows);
        ours.push(seeded.tookMs);
        runs.push(seeded);
      }
      const limit = median(parser) + median(seeding);
      const aboveMb = median(runs.map((run) => run.report.heapPeakMb - run.rowsMb));
      const longest = median(runs.map((run) => run.report.holdMaxMs));
      return {
        findings: [
          {
            work: `${rows.toLocaleString("en")} rows, ${(statSync(file).size / 1e6).toFixed(0)} MB, to a readable and stored Dio`,
            against: "the parser alone, then the seeding alone",
            ours: median(ours),
            limit,
            unit: "ms",
            ratio: median(ours) / limit,
            target: 1.3,
            note: `parser ${median(parser).toFixed(0)} ms, seeding ${median(seeding).toFixed(0)} ms`,
          },
          {
            work: "heap at its peak, above the rows themselves",
            against: "300 MB",
            ours: aboveMb,
            limit: 300,
            unit: "MB",
            ratio: aboveMb / 300,
            target: 1,
          },
          {
            work: "longest hold of the main thread",
            against: "50 ms",
            ours: longest,
            limit: 50,
            unit: "ms",
            ratio: longest / 50,
            target: 1,
            note: describeLoop(runs.map((run) => run.report)),
          },
        ],
      };
    }),
};

interface Seeded {
  readonly tookMs: number;
  readonly rowsMb: number;
  readonly report: LoopReport;
}

async function writeProducts(file: string, rows: number): Promise<void> {
  const out = createWriteStream(file);
  const columns = Object.keys(productColumns);
  out.write(`id,${columns.filter((column) => column !== "id").join(",")}\n`);
  for (const product of generateProducts(rows, 1)) {
    const cells = Object.values(product).map((cell) =>
      cell instanceof Date ? cell.toISOString() : String(cell),
    );
    if (!out.write(`${cells.map((cell) => (/[",\n]/.test(cell) ? JSON.stringify(cell) : cell)).join(",")}\n`))
      await once(out, "drain");
  }
  out.end();
  await once(out, "finish");
}

async function parseAlone(file: string, rows: number): Promise<number> {
  const start = performance.now();
  let parsed = 0;
  const stream = Papa.parse(Papa.NODE_STREAM_INPUT, { header: false });
  createReadStream(file).pipe(stream);
  for await (const _ of stream) parsed += 1;
  if (parsed < rows) throw new Error(`${parsed} rows parsed`);
  return performance.now() - start;
}

async function seedAlone(folder: string, rows: number): Promise<number> {
  const { tookMs } = await seed(folder, iteratorSource([...generateProducts(rows, 1)]));
  return tookMs;
}

async function csvToDio(file: string, folder: string, rows: number): Promise<Seeded> {
  collect();
  const before = process.memoryUsage().heapUsed;
  const lens = await Lens.builder().cacheAt(folder).onStart(seedFromMaster).build();
  const { result, report } = await watchLoop(async () => {
    const start = performance.now();
    const dio = await lens.makeDio(await csv(file, { id: "id" }));
    await lens.flush();
    return { dio, tookMs: performance.now() - start };
  });
  if ((await result.dio.vista().count()) !== rows) throw new Error("rows are missing");
  collect();
  const rowsMb = (process.memoryUsage().heapUsed - before) / 1e6;
  await lens.close();
  return {
    tookMs: result.tookMs,
    rowsMb,
    report: { ...report, heapPeakMb: report.heapPeakMb - before / 1e6 },
  };
}

function collect(): void {
  setFlagsFromString("--expose-gc");
  const gc: unknown = runInNewContext("gc");
  if (typeof gc === "function") gc();
}
