import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { crc32 } from "node:zlib";
import { isDioramaError, systemClock, toMilliseconds } from "../../src/base/index.ts";
import { decodeMeta, encodeMeta } from "../../src/cache/sqlite/meta-codec.ts";
import { readContents, readOrderBlock } from "../../src/cache/sqlite/order-file.ts";
import { blankMeta } from "../../src/cache/index.ts";
import { fromToken, toToken } from "../../src/dio/facade-token.ts";
import { decodeQueuedOp, encodeQueuedOp, knownOfRecord } from "../../src/queue/sqlite/op-record.ts";
import { problemOfLog, salvageQueue } from "../../src/queue/sqlite/salvage.ts";
import { decodeRow, encodeRow } from "../../src/record/index.ts";
import { FolderLock } from "../../src/sqlite/index.ts";
import { csv } from "../../src/sources/csv/index.ts";
import { parseJson } from "../../src/sources/rest/json-text.ts";
import { linkOf } from "../../src/sources/rest/link-header.ts";
import { readText } from "../../src/sources/rest/read-body.ts";
import { createRandom, deriveSeed, type Random } from "../../src/testing/index.ts";
import { damageFile } from "../../src/testing/node/index.ts";
import { decodeBlock, encodeBlock } from "../../src/views/stored-block.ts";
import type { Battery } from "./battery.ts";
import { queueHistory } from "./queue-history.ts";

const MAX_MS = 1_000;
const MAX_GROWTH = 64;
/** What an engine keeps of its own however small the input: counters, caches, compiled code. */
const SLACK_BYTES = 16_000_000;
const SOAK_INPUTS = 3_000;
/** One in so many is large, and its memory is measured. */
const LARGE_EVERY = 250;
const LARGE_BYTES = 300_000;

setFlagsFromString("--expose-gc");
const collect: () => void = runInNewContext("gc");

/** What reads bytes or text of anyone: it answers, or throws a DioramaError with one of these codes. */
interface Parser {
  readonly name: string;
  readonly codes: readonly ("corrupt" | "invalid" | "unsupported" | "inUse" | "rejected" | "unavailable")[];
  /** What it reads when all is well. */
  sound(random: Random): Uint8Array;
  parse(bytes: Uint8Array, file: string): unknown;
}

export interface ParserCounts {
  readonly inputs: number;
  readonly read: number;
  readonly refused: number;
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1");
const sampleRow = (random: Random) => ({
  id: `r${random.integer(0, 99)}`,
  price: random.next(),
  at: new Date(random.integer(0, 1e9)),
  big: 2n ** 70n,
  list: [null, true, { deep: ["x".repeat(random.integer(0, 400))] }],
});

const parsers: readonly Parser[] = [
  {
    name: "rows in CBOR",
    codes: ["corrupt"],
    sound: (random) => encodeRow(sampleRow(random)),
    parse: (bytes) => decodeRow(bytes),
  },
  {
    name: "records of ops",
    codes: ["corrupt", "unsupported"],
    sound: (random) => record(random),
    parse: (bytes) => [knownOfRecord(bytes), decodeQueuedOp(bytes)],
  },
  {
    name: "records of ops whose checksum is right",
    codes: ["corrupt", "unsupported"],
    sound: (random) => record(random),
    parse: (bytes) => decodeQueuedOp(signed(bytes)),
  },
  {
    name: "queue files",
    codes: [],
    sound: (random) => Buffer.concat(Array.from({ length: 40 }, () => record(random))),
    parse: (bytes) => salvageQueue(bytes),
  },
  {
    name: "logs of queue files",
    codes: [],
    sound: (random) => Buffer.concat(Array.from({ length: 40 }, () => record(random))),
    parse: (bytes) => [problemOfLog(new Uint8Array(), bytes), salvageQueue(new Uint8Array(), bytes)],
  },
  {
    name: "metadata of tables",
    codes: ["corrupt"],
    sound: (random) => encodeMeta({ ...blankMeta, total: random.integer(0, 99), notes: sampleRow(random) }),
    parse: (bytes) => decodeMeta(bytes),
  },
  {
    name: "blocks of kept orders",
    codes: [],
    sound: (random) => block(random),
    parse: (bytes) => decodeBlock(bytes, ["number", "text"]),
  },
  {
    name: "files of kept orders",
    codes: [],
    sound: (random) => block(random),
    parse: (bytes, file) => {
      writeFileSync(file, bytes);
      return [readContents(file), readOrderBlock(file, () => true, 0)];
    },
  },
  {
    name: "files of kept orders whose checksum is right",
    codes: [],
    sound: () => Buffer.from('{"table":"products","name":"by price","edition":1,"blocks":[4,1]}'),
    parse: (bytes, file) => {
      const trailer = Buffer.from("........DioOrd01", "latin1");
      trailer.writeUInt32BE(bytes.length, 0);
      trailer.writeUInt32BE(crc32(bytes), 4);
      writeFileSync(file, Buffer.concat([bytes, trailer]));
      return [readContents(file), readOrderBlock(file, () => true, 0)];
    },
  },
  {
    name: "names of holders",
    codes: ["inUse"],
    sound: (random) =>
      Buffer.from(JSON.stringify({ pid: random.integer(1, 99), host: "here", since: "today" })),
    parse: (bytes, file) => {
      const folder = dirname(file);
      const lock = FolderLock.take(folder, systemClock);
      try {
        writeFileSync(join(folder, "holder.json"), bytes);
        return FolderLock.take(folder, systemClock);
      } finally {
        lock.release();
      }
    },
  },
  {
    name: "tokens",
    codes: ["invalid"],
    sound: (random) =>
      Buffer.from(toToken({ offset: random.integer(0, 1e9), afterId: `é ${random.next()}` })),
    parse: (bytes) => fromToken(text(bytes), "products"),
  },
  {
    name: "durations",
    codes: ["invalid"],
    sound: (random) => Buffer.from(`${random.next() * 100}${random.pick(["ms", "s", "m", "h", "d"])}`),
    parse: (bytes) => toMilliseconds(text(bytes), "freshFor"),
  },
  {
    name: "HTTP bodies",
    codes: ["rejected", "unavailable"],
    sound: (random) =>
      Buffer.from(`[{"id":${2n ** 70n},"price":${random.next()},"é":[null,true,"\\u00e9\\n"]}]`),
    parse: async (bytes) => {
      const limits = { maxBytes: 2 * LARGE_BYTES, signal: new AbortController().signal };
      return parseJson((await readText(new Response(Uint8Array.from(bytes)), limits)).text);
    },
  },
  {
    name: "Link headers",
    codes: ["rejected"],
    sound: (random) =>
      Buffer.from(
        `</rows?page=${random.integer(1, 99)}>; rel="next x"; title="a \\"b\\"", <?page=1>; rel=first`,
      ),
    parse: (bytes) => {
      const header = text(bytes).replaceAll(/[^\t\x20-\x7E\x80-\xFF]/g, " ");
      return linkOf(new Headers({ Link: header }), "next", new URL("https://api.test/rows"))?.href;
    },
  },
  {
    name: "CSV",
    codes: ["invalid", "corrupt"],
    sound: () => Buffer.from(`id,name,price\n${'1,"a ""b""",1.5\n2,c,\n'.repeat(50)}`),
    parse: async (bytes, file) => {
      writeFileSync(file, bytes);
      return (await csv(file, { id: "id" })).list();
    },
  },
];

/**
 * Promise 17: bytes of anyone, most of them damaged from what is read when all is well, to everything that reads
 * bytes. Throws where one crashes, hangs or grows, naming parser and seed.
 */
export async function runParsers(seed: number, inputs: number): Promise<ParserCounts> {
  const counts = { inputs: 0, read: 0, refused: 0 };
  const folder = mkdtempSync(join(tmpdir(), "diorama-p17-"));
  try {
    for (; counts.inputs < inputs; counts.inputs++) {
      const random = createRandom(deriveSeed(seed, "input", counts.inputs));
      const parser = random.pick(parsers);
      const isLarge = counts.inputs % LARGE_EVERY === LARGE_EVERY - 1;
      const bytes = createInput(parser, random, isLarge);
      try {
        const wasRead = await check(parser, bytes, join(folder, "input"), isLarge);
        if (wasRead) counts.read += 1;
        else counts.refused += 1;
      } catch (error) {
        const what = `${parser.name}, input ${counts.inputs} of ${bytes.length} bytes`;
        throw new Error(`P17: ${what}, DIORAMA_SEED=${seed}`, { cause: error });
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return counts;
}

export const parsersBattery: Battery = {
  promise: "P17",
  goals: { inputs: 5_000_000 },
  least: { inputs: 300_000 },
  run: async (seed) => ({ ...(await runParsers(seed, SOAK_INPUTS)) }),
};

function createInput(parser: Parser, random: Random, isLarge: boolean): Uint8Array {
  let bytes = parser.sound(random);
  if (isLarge)
    bytes = Buffer.concat(Array.from({ length: Math.ceil(LARGE_BYTES / bytes.length) }, () => bytes));
  for (let left = random.pick([0, 1, 1, 2, 3]); left > 0; left--) {
    bytes = damageFile(bytes, random, { pageBytes: 64 }).bytes;
  }
  return bytes;
}

/** Whether it could be read; throws where it was not refused as it should be. */
async function check(parser: Parser, bytes: Uint8Array, file: string, isMeasured: boolean): Promise<boolean> {
  if (isMeasured) collect();
  const before = process.memoryUsage();
  const { kept, error, tookMs } = await parseOnce(parser, bytes, file);
  if (error !== undefined && !parser.codes.some((code) => isDioramaError(error, code))) {
    throw new Error("it was neither read nor refused", { cause: error });
  }
  // The machine may have been busy with something else: what hangs, hangs again.
  if (tookMs > MAX_MS && (await parseOnce(parser, bytes, file)).tookMs > MAX_MS) {
    throw new Error(`it took ${Math.round(tookMs)} ms`);
  }
  if (isMeasured) {
    collect();
    const after = process.memoryUsage();
    const grown = after.heapUsed - before.heapUsed + after.external - before.external;
    if (grown > bytes.length * MAX_GROWTH + SLACK_BYTES) throw new Error(`it kept ${grown} bytes`);
  }
  return error === undefined && kept !== undefined;
}

interface Parsed {
  readonly kept?: unknown;
  readonly error?: unknown;
  readonly tookMs: number;
}

async function parseOnce({ parse }: Parser, bytes: Uint8Array, file: string): Promise<Parsed> {
  const start = performance.now();
  try {
    const kept = await parse(bytes, file);
    return { kept, tookMs: performance.now() - start };
  } catch (error) {
    return { error, tookMs: performance.now() - start };
  }
}

const records = queueHistory(1).flatMap(({ queue, batch }) =>
  (batch.puts ?? []).map((put) => encodeQueuedOp(queue, put)),
);

const record = (random: Random): Uint8Array => random.pick(records);

function block(random: Random): Uint8Array {
  const count = random.integer(0, 50);
  return encodeBlock({
    ids: Array.from({ length: count }, (_, index) => `é${index}`),
    keys: [
      Float64Array.from({ length: count }, () => random.next()),
      Array.from({ length: count }, () => `key ${random.integer(0, 9)}`),
    ],
  });
}

/** With the length and the checksum that it should have, so that what is behind them is read. */
function signed(bytes: Uint8Array): Uint8Array {
  if (bytes.length < 100) return bytes;
  const copy = Buffer.from(bytes);
  Buffer.from(records[0] ?? copy).copy(copy, 0, 0, 8);
  copy.writeUInt32BE(copy.length, 8);
  copy[16] = 1;
  copy.writeUInt32BE(crc32(copy.subarray(16)), 12);
  return copy;
}
