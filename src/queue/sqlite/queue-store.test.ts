import { cpSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, afterEach, expect, test, vi } from "vitest";
import { createManualClock } from "../../testing/index.ts";
import { encodeQueuedOp } from "./op-record.ts";
import { type Posting, PostingWriter } from "./posting.ts";
import { QueueStore, type QueueStep } from "./queue-store.ts";

const root = mkdtempSync(join(tmpdir(), "diorama-queue-store-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
afterEach(() => vi.restoreAllMocks());

let folders = 0;
const newFolder = (): string => mkdtempSync(join(root, `${++folders}-`));

interface Batch {
  readonly puts?: readonly number[];
  readonly removes?: readonly number[];
  readonly flush?: boolean;
  readonly textBytes?: number;
}

function post(...batches: readonly Batch[]): Posting {
  const writer = new PostingWriter();
  for (const { puts = [], removes = [], flush = true, textBytes = 10 } of batches) {
    writer.begin("products", flush, removes, puts.length);
    for (const sequence of puts) {
      const op = { opId: `op-${sequence}`, enqueuedAt: 1, attempt: 0, kind: "insert", id: "a" } as const;
      const row = { text: "x".repeat(textBytes) };
      const rest = { state: "queued", nextAttemptAt: 0, outcomeUnknown: false } as const;
      writer.put({ sequence, record: encodeQueuedOp("products", { sequence, op: { ...op, row }, ...rest }) });
    }
  }
  return writer.take();
}

/** The statements of a call that begin, commit, flush or say how a commit is flushed. */
function statementsOf(work: () => void): string[] {
  const spy = vi.spyOn(DatabaseSync.prototype, "exec");
  work();
  const statements = spy.mock.calls
    .map(([sql]) => sql)
    .filter((sql) => /^(BEGIN|COMMIT|ROLLBACK|PRAGMA s|PRAGMA wal_checkpoint)/.test(sql));
  spy.mockRestore();
  return statements;
}

const sequencesIn = (store: QueueStore): number[] => [...store.read("products", 0).sequences];

test("U11 a group is flushed for the sake of one batch, late relaxed ones, or not at all", async () => {
  const clock = createManualClock();
  const store = new QueueStore({
    folder: newFolder(),
    maxSizeBytes: undefined,
    onNotice: () => undefined,
    clock,
  });
  store.openFile();
  const group = (...batches: readonly Batch[]) => statementsOf(() => void store.apply([post(...batches)]));
  expect(group({ puts: [1] })).toEqual(["BEGIN IMMEDIATE", "COMMIT"]);
  expect(group({ puts: [2], flush: false })).toEqual([
    "PRAGMA synchronous=NORMAL",
    "BEGIN IMMEDIATE",
    "COMMIT",
  ]);
  await clock.advance(499);
  expect(group({ removes: [1], flush: false })).toEqual(["BEGIN IMMEDIATE", "COMMIT"]);
  await clock.advance(1);
  expect(group({ removes: [2], flush: false })).toEqual([
    "PRAGMA synchronous=FULL",
    "BEGIN IMMEDIATE",
    "COMMIT",
  ]);
  expect(group({ puts: [3], flush: false })).toEqual([
    "PRAGMA synchronous=NORMAL",
    "BEGIN IMMEDIATE",
    "COMMIT",
  ]);
  const mixed = group({ puts: [4], flush: false }, { puts: [5] }, { puts: [6], flush: false });
  expect(mixed).toEqual(["PRAGMA synchronous=FULL", "BEGIN IMMEDIATE", "COMMIT"]);
  expect(group({}, { flush: false })).toEqual([]);
  // Rest: the log is flushed before anything is taken from it.
  group({ puts: [7], flush: false });
  expect(statementsOf(() => expect(store.tidy(249)).toBe(1))).toEqual([]);
  expect(statementsOf(() => void store.tidy(250))).toEqual(["PRAGMA wal_checkpoint(PASSIVE)"]);
  await clock.advance(5_000);
  expect(group({ puts: [8], flush: false })).toEqual(["BEGIN IMMEDIATE", "COMMIT"]);
  expect(sequencesIn(store)).toEqual([3, 4, 5, 6, 7, 8]);
  store.close();
});

test("U12 all that has arrived goes into one transaction, its steps in their order", () => {
  const steps: QueueStep[] = [];
  const store = new QueueStore({
    folder: newFolder(),
    maxSizeBytes: undefined,
    onNotice: () => undefined,
    onStep: (step) => steps.push(step),
  });
  store.openFile();
  const postings = Array.from({ length: 100 }, (_, n) => post({ puts: [n + 1] }, { removes: [n] }));
  const statements = statementsOf(() => {
    expect(store.apply(postings)).toEqual(postings.map(() => undefined));
  });
  expect(statements).toEqual(["BEGIN IMMEDIATE", "COMMIT"]);
  expect(sequencesIn(store)).toEqual([100]);
  expect(steps).toEqual(["received", "appended", "committed"]);
  while (store.tidy() !== undefined);
  expect(new Set(steps.slice(3))).toEqual(
    new Set(["compacting", "compacted", "checkpointing", "checkpointed"]),
  );
  store.close();
});

test("U13 U14 a batch without room is full alone, keeps nothing, and passes once there is room", () => {
  const maxSizeBytes = 400_000;
  const store = new QueueStore({ folder: newFolder(), maxSizeBytes, onNotice: () => undefined });
  const large = { puts: [10, 11, 12], textBytes: 200_000 };
  const postings = [post({ puts: [1] }, large), post({ puts: [2], removes: [99] })];
  for (let time = 0; time < 3; time++) {
    const full = expect.objectContaining({ code: "full", message: expect.stringContaining("queue.db") });
    expect(store.apply(postings)).toEqual([[null, full], [null]]);
    expect(store.apply([post(large)])).toEqual([[full]]);
    expect(sequencesIn(store)).toEqual([1, 2]);
  }
  expect(store.apply([post({ puts: [20], textBytes: 250_000 })])).toEqual([undefined]);
  expect(store.apply([post({ puts: [21], textBytes: 150_000 })])).toMatchObject([[{ code: "full" }]]);
  // Removing needs no room, and makes some.
  expect(store.apply([post({ removes: [20], puts: [21], textBytes: 150_000 })])).toEqual([undefined]);
  expect(sequencesIn(store)).toEqual([1, 2, 21]);
  store.close();
});

test("U13 a transaction that breaks off for whatever reason leaves nothing, and the next one is kept", () => {
  let breaks = 0;
  const store = new QueueStore({
    folder: newFolder(),
    maxSizeBytes: undefined,
    onNotice: () => undefined,
    onStep: (step) => {
      if (step === "appended" && breaks-- > 0) throw new Error("out of the blue");
    },
  });
  store.openFile();
  breaks = 1;
  expect(store.apply([post({ puts: [1] })])).toMatchObject([[{ code: "unavailable" }]]);
  expect(sequencesIn(store)).toEqual([]);
  breaks = 2;
  expect(store.apply([post({ puts: [2] }), post({ puts: [3] })])).toMatchObject([
    [{ code: "unavailable" }],
    [null],
  ]);
  expect(store.apply([post({ puts: [4], removes: [3] })])).toEqual([undefined]);
  expect(sequencesIn(store)).toEqual([4]);
  store.close();
});

test("U24 under load free pages are given back where more than half of the file is free", () => {
  const folder = newFolder();
  const store = new QueueStore({ folder, maxSizeBytes: undefined, onNotice: () => undefined });
  const all = Array.from({ length: 4_000 }, (_, n) => n + 1);
  store.apply([post({ puts: all, textBytes: 1_000 })]);
  store.apply([post({ removes: all })]);
  // Never at rest: one small group after the other.
  for (let n = 0; n < 40; n++) store.apply([post({ puts: [n + 1], removes: [n] })]);
  // Of a copy: the store is alone with the file.
  const copy = newFolder();
  cpSync(folder, copy, { recursive: true });
  const database = new DatabaseSync(join(copy, "queue.db"));
  expect(database.prepare("PRAGMA page_count").get()?.["page_count"]).toBeLessThan(50);
  database.close();
  store.close();
  expect(statSync(join(folder, "queue.db")).size).toBeLessThan(65_536);
});
