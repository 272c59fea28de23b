import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { sleep, systemClock } from "../../base/index.ts";
import { createRandom, type Random } from "../../testing/index.ts";
import type { QueuedOp } from "../write-queue.ts";
import { openDurableQueues } from "./index.ts";
import { encodeQueuedOp } from "./op-record.ts";
import { PostingWriter } from "./posting.ts";
import { QueueStore } from "./queue-store.ts";

const root = mkdtempSync(join(tmpdir(), "diorama-queue-compaction-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const OP_BYTES = 48;
const FREE_BYTES = 65_536;
const lives = Number(process.env["DIORAMA_RUNS"] ?? 4);
const firstSeed = Number(process.env["DIORAMA_SEED"] ?? Math.floor(Math.random() * 2 ** 32));

function queued(sequence: number, textBytes: number): QueuedOp {
  const op = { opId: `op-${sequence}`, enqueuedAt: 1, attempt: 0, kind: "insert", id: "a" } as const;
  const row = { text: "x".repeat(textBytes) };
  return { sequence, op: { ...op, row }, state: "queued", nextAttemptAt: 0, outcomeUnknown: false };
}

/** What the file holds, by queue and sequence: the bytes of each record. */
type Content = Map<string, number>;

function step(store: QueueStore, random: Random, content: Content, typicalBytes: number): void {
  const writer = new PostingWriter();
  const queue = random.pick(["a", "b", "c"]);
  const held = [...content.keys()].filter((key) => key.startsWith(`${queue} `));
  const isDraining = random.chance(0.4);
  const removes = held
    .filter(() => random.chance(isDraining ? 0.8 : 0.1))
    .map((key) => Number(key.split(" ")[1]));
  const puts = Array.from({ length: isDraining ? 0 : random.integer(0, 60) }, () => {
    const textBytes = random.chance(0.02) ? random.integer(0, 30_000) : random.integer(0, typicalBytes);
    const sequence = random.integer(1, 500);
    return { sequence, record: encodeQueuedOp(queue, queued(sequence, textBytes)) };
  });
  writer.begin(queue, random.chance(0.5), removes, puts.length);
  for (const put of puts) writer.put(put);
  expect(store.apply([writer.take()])).toEqual([undefined]);
  for (const sequence of removes) content.delete(`${queue} ${sequence}`);
  for (const { sequence, record } of puts) content.set(`${queue} ${sequence}`, record.length);
}

function rest(store: QueueStore): void {
  while (store.tidy() !== undefined);
}

const boundOf = (content: Content): number =>
  2 * [...content.values()].reduce((sum, bytes) => sum + bytes + OP_BYTES, 0) + FREE_BYTES;

test("U24 U25 after any life the file at rest is within twice its content, and its log is empty", () => {
  for (let life = 0; life < lives; life++) {
    const seed = (firstSeed + life) >>> 0;
    const random = createRandom(seed);
    const folder = mkdtempSync(join(root, "life-"));
    const store = new QueueStore({ folder, maxSizeBytes: undefined, onNotice: () => undefined });
    const content: Content = new Map();
    const typicalBytes = random.pick([20, 300, 2_000, 5_000, 9_000]);
    for (let turn = 0; turn < 8; turn++) {
      for (let n = random.integer(1, 8); n > 0; n--) step(store, random, content, typicalBytes);
      rest(store);
      const sizes = [statSync(join(folder, "queue.db")).size, statSync(join(folder, "queue.db-wal")).size];
      expect(sizes[0], `seed ${seed}, turn ${turn}`).toBeLessThanOrEqual(boundOf(content));
      expect(sizes[1]).toBe(0);
    }
    const kept = ["a", "b", "c"].flatMap((queue) => {
      const { sequences, ends } = readAll(store, queue);
      return sequences.map((sequence, index) => [`${queue} ${sequence}`, ends[index]] as const);
    });
    expect(new Map(kept), `seed ${seed}`).toEqual(content);
    store.close();
    expect(statSync(join(folder, "queue.db")).size).toBeLessThanOrEqual(boundOf(content));
  }
});

/** The length of each record, by sequence. */
function readAll(store: QueueStore, queue: string): { sequences: number[]; ends: number[] } {
  const sequences: number[] = [];
  const ends: number[] = [];
  for (let after = 0; ;) {
    const packet = store.read(queue, after);
    if (packet.sequences.length === 0) return { sequences, ends };
    sequences.push(...packet.sequences);
    ends.push(...[...packet.ends].map((end, index) => end - (packet.ends[index - 1] ?? 0)));
    after = sequences.at(-1) ?? 0;
  }
}

test("U24 records of every awkward size keep within the bound: half a page, a page, and just beyond", () => {
  for (const textBytes of [1_900, 1_950, 3_950, 4_000, 8_100, 12_200]) {
    const folder = mkdtempSync(join(root, "size-"));
    const store = new QueueStore({ folder, maxSizeBytes: undefined, onNotice: () => undefined });
    const content: Content = new Map();
    for (let sequence = 1; sequence <= 300; sequence++) {
      const writer = new PostingWriter();
      const record = encodeQueuedOp("a", queued(sequence, textBytes + (sequence % 40)));
      writer.begin("a", false, [], 1);
      writer.put({ sequence, record });
      store.apply([writer.take()]);
      content.set(`a ${sequence}`, record.length);
    }
    rest(store);
    expect(statSync(join(folder, "queue.db")).size, `${textBytes}`).toBeLessThanOrEqual(boundOf(content));
    store.close();
  }
});

test("U24 pages that were left a third full are written anew", () => {
  const folder = mkdtempSync(join(root, "thin-"));
  const store = new QueueStore({ folder, maxSizeBytes: undefined, onNotice: () => undefined });
  const content: Content = new Map();
  const writer = new PostingWriter();
  const all = Array.from({ length: 1_000 }, (_, n) => n + 1);
  writer.begin("a", true, [], all.length);
  for (const sequence of all) {
    const record = encodeQueuedOp("a", queued(sequence, 650));
    writer.put({ sequence, record });
    content.set(`a ${sequence}`, record.length);
  }
  // Two of the five that a page takes stay: too many for SQLite to put pages together by itself.
  const removes = all.filter((sequence) => sequence % 5 > 1);
  for (const sequence of removes) content.delete(`a ${sequence}`);
  store.apply([writer.take()]);
  writer.begin("a", true, removes, 0);
  store.apply([writer.take()]);
  rest(store);
  expect(statSync(join(folder, "queue.db")).size).toBeLessThanOrEqual(boundOf(content));
  expect(new Set(readAll(store, "a").sequences)).toEqual(
    new Set(all.filter((sequence) => sequence % 5 <= 1)),
  );
  store.close();
});

test("U24 a queue stays on the list as long as it has an op", () => {
  const folder = mkdtempSync(join(root, "listed-"));
  const store = new QueueStore({ folder, maxSizeBytes: undefined, onNotice: () => undefined });
  const held = { first: [1], last: [2 ** 44 - 1], none: [] };
  for (const [queue, sequences] of Object.entries(held)) {
    const writer = new PostingWriter();
    for (const sequence of [...sequences, 5]) {
      writer.begin(queue, true, [], 1);
      writer.put({ sequence, record: encodeQueuedOp(queue, queued(sequence, 10)) });
    }
    writer.begin(queue, true, [5], 0);
    store.apply([writer.take()]);
  }
  rest(store);
  for (const [queue, sequences] of Object.entries(held)) {
    expect(readAll(store, queue).sequences, queue).toEqual(sequences);
  }
  store.close();
});

test("U24 the worker does so by itself when it has nothing else to do", async () => {
  const folder = join(root, "worker");
  const backend = await openDurableQueues(folder);
  const queue = await backend.openQueue("products", { durability: "process" });
  const all = Array.from({ length: 3_000 }, (_, n) => n + 1);
  await queue.apply({ puts: all.map((sequence) => queued(sequence, 500)) });
  await queue.apply({ removes: all.filter((sequence) => sequence % 10 !== 0) });
  const file = join(folder, "queue.db");
  const bound = 2 * 300 * (encodeQueuedOp("products", queued(1, 500)).length + OP_BYTES) + FREE_BYTES;
  for (let left = 200; left > 0; left--) {
    if (statSync(file).size <= bound && statSync(`${file}-wal`).size === 0) break;
    await sleep(systemClock, 50);
  }
  expect(statSync(file).size).toBeLessThanOrEqual(bound);
  expect(statSync(`${file}-wal`).size).toBe(0);
  await backend.close();
});
