import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { createGzip, gzipSync } from "node:zlib";
import { createWriteStream } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { errorOf, openCsvFolder, openInChunks, rowsOf } from "../../../test/csv/csv-folder.ts";
import { runs } from "../../../test/properties/runs.ts";
import { isDioramaError } from "../../base/index.ts";
import type { CsvOptions } from "./csv-options.ts";
import { csv } from "./csv.ts";

const folder = openCsvFolder();
const MAX_MS = 1_000;
const MAX_GROWTH = 64;
/** What an engine keeps of its own however small the input: counters, caches, compiled code. */
const SLACK_BYTES = 4_000_000;
/** The young generation may fill up before anything is collected. */
const RSS_SLACK_BYTES = 100_000_000;

setFlagsFromString("--expose-gc");
const collect: () => void = runInNewContext("gc");

/** What a reader sees of a file: its rows and what was left out, or the error. */
async function outcomeOf(file: string, options: CsvOptions, chunkBytes: number): Promise<unknown> {
  const start = performance.now();
  try {
    const source = await openInChunks(file, options, chunkBytes);
    const rows = await rowsOf(source);
    for (const [id] of rows) expect(id).not.toBe("");
    return { rows, columns: source.schema.columns, skipped: source.lastRead?.skipped };
  } catch (error) {
    if (!isDioramaError(error, "invalid", "corrupt")) throw error;
    expect(error.place.file).toBe(file);
    return { code: error.code, message: error.message };
  } finally {
    expect(performance.now() - start).toBeLessThan(MAX_MS);
  }
}

const scrap = fc.constantFrom<readonly number[]>(
  ...[
    '"',
    '""',
    ",",
    ";",
    "\t",
    "|",
    "\n",
    "\r\n",
    "\r",
    "a",
    "1",
    "1.5",
    "é",
    "😀",
    " ",
    "\uFEFF",
    "\uFFFD",
    "k,v\n",
  ].map((text) => [...Buffer.from(text)]),
  [0],
  [0xff],
  [0xfe],
  [0xc3],
  [0xf0, 0x9f],
  [0xed, 0xa0, 0x80],
  [0x1f, 0x8b],
);
const bytes = fc
  .tuple(
    fc.constantFrom<readonly number[]>(
      [],
      [0xef, 0xbb, 0xbf],
      [0xff, 0xfe],
      [0xfe, 0xff],
      [0x1f, 0x8b, 8, 0],
    ),
    fc.array(
      fc.oneof(
        { weight: 8, arbitrary: scrap },
        fc.integer({ min: 0, max: 255 }).map((byte) => [byte]),
      ),
      {
        maxLength: 60,
      },
    ),
  )
  .map(([start, rest]) => Buffer.from([start, ...rest].flat()));
const options: fc.Arbitrary<CsvOptions> = fc.record(
  {
    id: fc.constantFrom("k", ["k", "v"]),
    delimiter: fc.constantFrom(",", ";", "\t", " "),
    quote: fc.constantFrom<string | false>('"', "'", false),
    encoding: fc.constantFrom("auto", "utf-8", "utf-16le", "utf-16be", "latin1", "windows-1252"),
    nullTokens: fc.constantFrom([], ["", "1"]),
    trim: fc.boolean(),
    onBadRow: fc.constantFrom("fail", "skip"),
    maxRowBytes: fc.constantFrom(3, 10, 40),
    headers: fc.constant(["k", "v"]),
  },
  { requiredKeys: [] },
);

test("P17 CSV1 CSV21 CSV22 CSV23 any bytes are rows or an error that names the file, the same in chunks of any size", async () => {
  const property = fc.asyncProperty(
    bytes,
    options,
    fc.integer({ min: 1, max: 9 }),
    async (content, how, chunkBytes) => {
      const file = folder.write(content, "fuzz.csv");
      const whole = await outcomeOf(file, how, 65_536);
      expect(await outcomeOf(file, how, chunkBytes)).toEqual(whole);
    },
  );
  await fc.assert(property, runs(800));
});

/** A million bytes, made to keep a parser busy or to make it hoard. */
const hostile: readonly (readonly [what: string, content: string])[] = [
  ["one quote", `k,v\na,"${"x".repeat(1_000_000)}`],
  ["quotes alone", `k,v\n${'"'.repeat(1_000_000)}`],
  ["quotes within quotes", `k,v\n"${'a"'.repeat(500_000)}`],
  ["quotes, then spaces up to the delimiter", `k,v\n"${'a"'.repeat(250_000)}${" ".repeat(500_000)},1\n`],
  ["closed quotes and spaces", `k,v\n${`"a"${" ".repeat(1_000)}x\n`.repeat(1_000)}`],
  ["a quote on every line", `k,v\n${'"a\n'.repeat(300_000)}`],
  ["pairs of quotes without an end", `k,v\n${'"",""'.repeat(200_000)}`],
  ["open quotes a window apart", `k,v\n${`"${"x\n".repeat(125_000)}`.repeat(4)}`],
  ["cells without an end", `k,v\n${",".repeat(1_000_000)}`],
  ["rows of many cells", `k,v\n${`${",".repeat(900_000)}\n`.repeat(2)}`],
  ["a header of many columns", `${Array.from({ length: 100_000 }, (_, at) => `c${at}`).join(",")}\n1\n`],
  ["empty lines", "\n".repeat(1_000_000)],
  ["carriage returns", `k,v\n${"\r".repeat(1_000_000)}`],
  ["returns before quotes", `k,v\n${'1,"\r"\n'.repeat(150_000)}`],
  ["NULs", `k,v\n${"\0".repeat(1_000_000)}`],
  ["a NUL on every line", `k,v\n${"\0\n".repeat(500_000)}`],
  ["digits", `k,v\n${"9".repeat(900_000)},1\n`],
  ["ids alike", `k,v\n${"same,1\n".repeat(140_000)}`],
  ["JSON within JSON", `k,v\n${"[".repeat(900_000)},1\n`],
];

test.each(hostile)(
  "P17 CSV21 CSV22 %s: refused or read in a second, without hoarding",
  async (_what, content) => {
    const file = folder.write(content, "hostile.csv");
    // One letter is enough for the file to be compiled for.
    await outcomeOf(folder.write("k,v\na,1\n", "warm.csv"), {}, 65_536);
    for (const how of [
      {},
      { onBadRow: "skip" },
      { id: "k" },
      { columns: { k: "json", v: "number" } },
    ] as const) {
      collect();
      const before = process.memoryUsage();
      const start = performance.now();
      const kept: unknown[] = [];
      let most = 0;
      try {
        const { source } = await csv(file, how);
        kept.push(source);
        for await (const batch of source.read({ conditions: [], order: [], search: undefined }, {})) {
          most = Math.max(most, batch.length);
        }
      } catch (error) {
        if (!isDioramaError(error, "invalid")) throw error;
      }
      expect(performance.now() - start).toBeLessThan(2 * MAX_MS);
      expect(most).toBeLessThanOrEqual(1_000);
      // What was needed on the way, garbage included, and what is kept.
      expect(process.memoryUsage().rss - before.rss).toBeLessThan(
        MAX_GROWTH * content.length + RSS_SLACK_BYTES,
      );
      collect();
      const after = process.memoryUsage();
      const growth = after.heapUsed + after.external - before.heapUsed - before.external;
      expect(growth).toBeLessThan(MAX_GROWTH * content.length + SLACK_BYTES);
      expect(kept.length).toBeLessThanOrEqual(1);
    }
  },
);

test("P17 CSV22 a cell of a gigabyte is refused after its first megabyte", async () => {
  const file = join(folder.path, "gigabyte.csv.gz");
  const part = Buffer.alloc(1 << 20, "x");
  async function* cell(): AsyncGenerator<Buffer> {
    yield Buffer.from('k,v\na,"');
    for (let megabyte = 0; megabyte < 1_024; megabyte++) yield part;
  }
  await pipeline(Readable.from(cell()), createGzip({ level: 1 }), createWriteStream(file));
  collect();
  const before = process.memoryUsage().rss;
  const start = performance.now();
  const vista = await csv(file);
  const error = await errorOf(vista.list());
  expect([error.code, error.place.line, error.place.column]).toEqual(["invalid", 2, "v"]);
  expect(error.message).toContain("1000000 bytes");
  expect(performance.now() - start).toBeLessThan(MAX_MS);
  expect(process.memoryUsage().rss - before).toBeLessThan(200_000_000);
});

test("P17 CSV20 damaged gzip data ends every read with an error or its rows", async () => {
  const packed = gzipSync(
    `k,v\n${Array.from({ length: 500 }, (_, at) => `${at},${(at * 7_919) % 1_009}\n`).join("")}`,
  );
  const property = fc.asyncProperty(
    fc.integer({ min: 0, max: packed.length - 1 }),
    fc.integer({ min: 1, max: 255 }),
    fc.boolean(),
    async (at, change, cut) => {
      const damaged = cut ? packed.subarray(0, at) : Buffer.from(packed);
      if (!cut) damaged.writeUInt8((damaged[at] ?? 0) ^ change, at);
      const file = folder.write(damaged, "damaged.csv.gz");
      for (const onBadRow of ["fail", "skip"] as const)
        await outcomeOf(file, { onBadRow, gzip: true }, 65_536);
    },
  );
  await fc.assert(property, runs(200));
});
