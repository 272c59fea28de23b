import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, expect, test } from "vitest";
import type { LostOp, QueuedOp } from "../write-queue.ts";
import { openDurableQueues } from "./index.ts";
import { decodeQueuedOp, encodeQueuedOp } from "./op-record.ts";
import { type Posting, PostingWriter } from "./posting.ts";
import { QueueFile } from "./queue-file.ts";
import { currentFormat, OPS_ROOT_PAGE, type QueueFormat, toUserVersion } from "./queue-schema.ts";
import { QueueStore } from "./queue-store.ts";

const root = mkdtempSync(join(tmpdir(), "diorama-queue-open-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let folders = 0;
const newFolder = (): string => join(root, `folder-${++folders}`);

function queued(sequence: number): QueuedOp {
  const op = {
    opId: `op-${sequence}`,
    enqueuedAt: 1,
    attempt: 0,
    kind: "insert",
    id: `row ${sequence}`,
  } as const;
  const row = { text: `text of ${sequence} in some length`, sequence };
  return { sequence, op: { ...op, row }, state: "queued", nextAttemptAt: 0, outcomeUnknown: false };
}

/** The store without its thread, for speed. */
function openStore(folder: string): QueueStore {
  const store = new QueueStore({ folder, maxSizeBytes: undefined, onNotice: () => undefined });
  store.openFile();
  return store;
}

function put(store: QueueStore, queue: string, puts: readonly QueuedOp[]): void {
  const writer = new PostingWriter();
  writer.begin(queue, true, [], puts.length);
  for (const each of puts) writer.put({ sequence: each.sequence, record: encodeQueuedOp(queue, each) });
  expect(store.apply([writer.take()])).toEqual([undefined]);
}

function removing(removes: readonly number[]): Posting {
  const writer = new PostingWriter();
  writer.begin("products", true, removes, 0);
  return writer.take();
}

/** All of a queue. */
function open(store: QueueStore, queue: string): { kept: QueuedOp[]; lost: readonly LostOp[] } {
  const kept: QueuedOp[] = [];
  for (let packet = store.read(queue, 0); packet.ends.length > 0;) {
    const { ends, bytes } = packet;
    for (const [index, end] of ends.entries()) {
      kept.push(decodeQueuedOp(bytes.subarray(ends[index - 1] ?? 0, end)).queued);
    }
    packet = store.read(queue, kept.at(-1)?.sequence ?? 0);
  }
  const lost = store.lost(queue);
  store.lostTold(queue);
  return { kept, lost };
}

const ops = (count: number): QueuedOp[] => Array.from({ length: count }, (_, n) => queued(n + 1));

/** A folder with two closed queues. */
function filledFolder(): string {
  const folder = newFolder();
  mkdirSync(folder);
  const store = openStore(folder);
  put(store, "products", ops(50));
  put(store, "clients", ops(3));
  store.close();
  return folder;
}

const file = (folder: string): string => join(folder, "queue.db");
const beside = (folder: string, what: "damaged" | "lost"): string[] =>
  readdirSync(folder).filter((name) =>
    new RegExp(`^queue\\.db\\.${what}-\\d{8}T\\d{9}Z(-\\d+)?$`).test(name),
  );

/** Changes the bits of one byte where this text stands. */
function spoil(folder: string, text: string): void {
  const bytes = readFileSync(file(folder));
  const at = bytes.indexOf(text);
  expect(at).toBeGreaterThan(0);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(file(folder), bytes);
}

function withFile<T>(folder: string, work: (database: DatabaseSync) => T): T {
  const database = new DatabaseSync(file(folder));
  try {
    return work(database);
  } finally {
    database.close();
  }
}

const queueFiles = (folder: string): Map<string, Buffer> =>
  new Map(
    readdirSync(folder)
      .filter((name) => name.startsWith("queue.db"))
      .map((name) => [name, readFileSync(join(folder, name))]),
  );

const sequencesOf = (kept: readonly QueuedOp[]): number[] => kept.map(({ sequence }) => sequence);

function goesOn(store: QueueStore, folder: string): void {
  put(store, "goes on", [queued(7)]);
  store.close();
  const again = openStore(folder);
  expect(open(again, "goes on")).toEqual({ kept: [queued(7)], lost: [] });
  again.close();
}

test("U19 a record that is not proven is taken out, told once with its position, and kept apart", async () => {
  const folder = filledFolder();
  spoil(folder, "text of 17 in");
  const backend = await openDurableQueues(folder);
  // Also of a queue that nobody opens.
  expect(beside(folder, "lost").length).toBe(1);
  const clients = await backend.openQueue("clients");
  expect([clients.kept, clients.lost]).toEqual([ops(3), []]);
  const { kept, lost } = await backend.openQueue("products");
  expect(kept).toEqual(ops(50).filter(({ sequence }) => sequence !== 17));
  const [apart = ""] = beside(folder, "lost");
  expect(lost).toEqual([
    {
      position: `sequence 17 in ${file(folder)}`,
      reason: expect.stringContaining(apart),
      sequence: 17,
      opId: "op-17",
      id: "row 17",
    },
  ]);
  expect(statSync(join(folder, apart)).mode & 0o777).toBe(0o600);
  const told = JSON.parse(readFileSync(join(folder, apart), "utf8"));
  expect([told.queue, told.sequence]).toEqual(["products", 17]);
  expect(Buffer.from(told.base64, "base64").toString("latin1")).toContain(" of 17 in some length");
  expect(beside(folder, "damaged")).toEqual([]);
  await backend.close();
  const again = await openDurableQueues(folder);
  const products = await again.openQueue("products");
  expect([products.kept.length, products.lost]).toEqual([49, []]);
  await again.close();
  expect(beside(folder, "lost")).toEqual([apart]);
});

test("U19 of many queues and records each that is not proven is found, wherever it stands", () => {
  const folder = newFolder();
  mkdirSync(folder);
  const store = openStore(folder);
  put(store, "products", ops(1_000));
  put(store, "clients", ops(200));
  store.close();
  const spoilt = [1, 64, 65, 128, 500, 1_000];
  for (const sequence of spoilt) spoil(folder, `text of ${sequence} in`);
  const again = openStore(folder);
  const { kept, lost } = open(again, "products");
  expect(lost.map(({ sequence }) => sequence)).toEqual(spoilt);
  expect(kept).toEqual(ops(1_000).filter(({ sequence }) => !spoilt.includes(sequence)));
  again.close();
});

const unusable: readonly [what: string, spoilFile: (folder: string) => void, saved: readonly number[]][] = [
  ["empty", (folder) => truncateSync(file(folder), 0), []],
  ["cut off in its head", (folder) => truncateSync(file(folder), 50), []],
  ["no database", (folder) => writeFileSync(file(folder), "id,name\n1,a\n".repeat(2_000)), []],
  ["all zeros", (folder) => writeFileSync(file(folder), new Uint8Array(40_960)), []],
  [
    "a database of another program",
    (folder) => {
      rmSync(file(folder));
      withFile(folder, (other) => other.exec("CREATE TABLE t (a); INSERT INTO t VALUES (1)"));
    },
    [],
  ],
  [
    "a folder",
    (folder) => {
      rmSync(file(folder));
      mkdirSync(file(folder));
      writeFileSync(join(file(folder), "something"), "in it");
    },
    [],
  ],
  [
    "gone, with a log left",
    (folder) => {
      rmSync(file(folder));
      writeFileSync(`${file(folder)}-wal`, "a log");
    },
    [],
  ],
  [
    "marked as another's",
    (folder) => withFile(folder, (own) => own.exec("PRAGMA application_id=5")),
    [1, 2, 3],
  ],
  [
    "of a format that never was",
    (folder) => withFile(folder, (own) => own.exec("PRAGMA user_version=3")),
    [1, 2, 3],
  ],
  [
    "one whose list has ops in another's place",
    (folder) => withFile(folder, (own) => own.exec("UPDATE queues SET name = '\"other\"' WHERE number = 2")),
    [1, 2, 3],
  ],
];

for (const [what, spoilFile, saved] of unusable) {
  test(`U20 a queue file that is ${what} is set aside, told, and what can be saved is kept`, () => {
    const folder = filledFolder();
    spoilFile(folder);
    const store = openStore(folder);
    const clients = open(store, "clients");
    expect(sequencesOf(clients.kept)).toEqual(saved);
    expect(clients.lost[0]).toMatchObject({
      position: file(folder),
      reason: expect.stringContaining("set aside"),
    });
    const products = open(store, "products");
    expect(products.kept).toEqual(saved.length === 0 ? [] : ops(50));
    const aside = readdirSync(folder).filter((name) => name.startsWith("queue.db.damaged-"));
    expect(aside.length).toBe(1);
    goesOn(store, folder);
    for (let time = 0; time < 4; time++) {
      writeFileSync(file(folder), `no database ${time} `.repeat(1_000));
      openStore(folder).close();
    }
    expect(readdirSync(folder).filter((name) => name.startsWith("queue.db.damaged-")).length).toBe(5);
  });
}

test("U20 a log that is damaged in its middle is no reason to drop what was committed behind it", () => {
  const folder = newFolder();
  mkdirSync(folder);
  const store = openStore(folder);
  for (const op of ops(9)) put(store, "products", [op]);
  // As a killed process leaves them.
  const copy = newFolder();
  mkdirSync(copy);
  for (const suffix of ["", "-wal"]) copyFileSync(file(folder) + suffix, file(copy) + suffix);
  store.close();
  const log = readFileSync(`${file(copy)}-wal`);
  // The first mention of the fifth is in the frame that put it.
  const at = log.indexOf("text of 5 in");
  expect(at).toBeGreaterThan(0);
  log[at] = (log[at] ?? 0) ^ 1;
  writeFileSync(`${file(copy)}-wal`, log);
  const damaged = openStore(copy);
  // Two at the same time: what belongs to no queue is told by one of them.
  const told = damaged.lost("products");
  expect(damaged.lost("clients")).toEqual([]);
  const { kept, lost } = open(damaged, "products");
  expect(lost).toEqual(told);
  expect(damaged.lost("clients")).toEqual([]);
  expect(kept).toEqual(ops(9));
  expect(lost.length).toBeGreaterThan(0);
  expect(beside(copy, "damaged")).toHaveLength(1);
  goesOn(damaged, copy);
});

test("U20 an empty page in the place of the only one of ops is no empty queue", () => {
  for (const count of [0, 5, 200]) {
    const folder = newFolder();
    mkdirSync(folder);
    const store = openStore(folder);
    put(store, "products", ops(count));
    store.close();
    const roots = withFile(folder, (own) => own.prepare("SELECT name, rootpage FROM sqlite_schema").all());
    const pageOf = (table: string): number =>
      Number(roots.find(({ name }) => name === table)?.["rootpage"]) - 1;
    expect(pageOf("ops") + 1).toBe(OPS_ROOT_PAGE);
    const bytes = readFileSync(file(folder));
    const empty = pageOf("losses") * 4_096;
    bytes.copy(bytes, pageOf("ops") * 4_096, empty, empty + 4_096);
    writeFileSync(file(folder), bytes);
    const again = openStore(folder);
    const { kept, lost } = open(again, "products");
    expect(sequencesOf(kept)).toEqual(count === 200 ? sequencesOf(ops(200)) : []);
    expect(lost.map(({ position }) => position)).toContain("queue.db, page 4, byte 12288");
    expect(beside(folder, "damaged")).toHaveLength(1);
    goesOn(again, folder);
  }
});

test("U20 damage that shows while the queue is used makes a new file of what can be read, and the batch is kept", () => {
  const folder = newFolder();
  mkdirSync(folder);
  const notices: string[] = [];
  const store = new QueueStore({ folder, maxSizeBytes: undefined, onNotice: (text) => notices.push(text) });
  const large = ops(2_000).map((each) => ({ ...each, error: { code: "x", message: "y".repeat(12_000) } }));
  put(store, "products", large);
  while (store.tidy() !== undefined);
  // More than the pages that are kept in memory: the rest has to be read again.
  const bytes = readFileSync(file(folder));
  const at = bytes.indexOf("text of 40 in");
  expect(bytes.length).toBeGreaterThan(20_000_000);
  expect(at).toBeGreaterThan(0);
  truncateSync(file(folder), 6_000_000);
  put(store, "products", [queued(9_001)]);
  store.apply([removing([3, 40, 1_999])]);
  const { kept, lost } = open(store, "products");
  expect(beside(folder, "damaged")).toHaveLength(1);
  expect(notices.join()).toContain("set aside");
  expect(kept.length).toBeGreaterThan(300);
  expect(lost.length).toBeGreaterThan(0);
  expect(sequencesOf(kept).filter((sequence) => [3, 40, 1_999].includes(sequence))).toEqual([]);
  expect(kept.at(-1)).toEqual(queued(9_001));
  store.close();
});

test("U21 a rebuild that was interrupted is finished or begun anew, and its losses are still told", () => {
  const folder = filledFolder();
  const whole = readFileSync(file(folder));
  spoil(folder, "text of 17 in");
  withFile(folder, (own) => own.exec("PRAGMA application_id=5"));
  const spoilt = readFileSync(file(folder));
  openStore(folder).close();
  const rebuilt = readFileSync(file(folder));
  const states: readonly [string, () => void][] = [
    ["while the new one was written", () => writeFileSync(`${file(folder)}.new`, rebuilt.subarray(0, 9_000))],
    ["once the new one was whole", () => writeFileSync(`${file(folder)}.ready`, rebuilt)],
    [
      "after the old one was moved",
      () => {
        renameSync(file(folder), `${file(folder)}.damaged-x`);
        writeFileSync(`${file(folder)}.ready`, rebuilt);
      },
    ],
  ];
  for (const [what, leave] of states) {
    for (const name of readdirSync(folder)) rmSync(join(folder, name));
    writeFileSync(file(folder), spoilt);
    // A log of the old one must not be taken for one of the new one.
    writeFileSync(`${file(folder)}-wal`, "");
    leave();
    const store = openStore(folder);
    const { kept, lost } = open(store, "products");
    expect([what, sequencesOf(kept)]).toEqual([
      what,
      sequencesOf(ops(50)).filter((sequence) => sequence !== 17),
    ]);
    expect(lost.some(({ position }) => position === file(folder))).toBe(true);
    const names = readdirSync(folder);
    expect(names.filter((name) => /\.(new|ready)/.test(name))).toEqual([]);
    const [aside = ""] = names.filter((name) => /damaged-[^-]*$/.test(name));
    expect(readFileSync(join(folder, aside)).equals(spoilt)).toBe(true);
    store.close();
  }
  expect(whole.length).toBe(spoilt.length);
});

test("U22 a newer format is refused, and not a byte changes, whether it stands in the file or in its log", async () => {
  for (const where of ["file", "log"] as const) {
    const folder = filledFolder();
    const newer = `PRAGMA user_version=${toUserVersion(currentFormat.number + 1)}`;
    if (where === "file") withFile(folder, (own) => own.exec(newer));
    else {
      const copy = newFolder();
      mkdirSync(copy);
      withFile(folder, (own) => {
        own.exec(newer);
        for (const suffix of ["", "-wal"]) copyFileSync(file(folder) + suffix, file(copy) + suffix);
      });
      for (const suffix of ["", "-wal"]) copyFileSync(file(copy) + suffix, file(folder) + suffix);
    }
    const before = queueFiles(folder);
    expect(before.has("queue.db-wal")).toBe(where === "log");
    await expect(openDurableQueues(folder)).rejects.toMatchObject({
      code: "unsupported",
      message: expect.stringContaining(file(folder)),
    });
    expect(queueFiles(folder)).toEqual(before);
  }
});

/** As it would be if the format had had a predecessor: without losses, and with the list of queues under another name. */
function makeOlder(folder: string): void {
  withFile(folder, (own) =>
    own.exec(
      `DROP TABLE losses; ALTER TABLE queues RENAME TO names; PRAGMA user_version=${toUserVersion(1)}`,
    ),
  );
}

const steps = [
  (own: DatabaseSync) => own.exec("ALTER TABLE names RENAME TO queues"),
  (own: DatabaseSync) =>
    own.exec("CREATE TABLE losses (number INTEGER PRIMARY KEY, queue TEXT, loss TEXT NOT NULL)"),
] as const;

function openAs(folder: string, format: QueueFormat): QueueFile {
  const queueFile = new QueueFile({ folder, maxSizeBytes: undefined, format, onNotice: () => undefined });
  queueFile.open();
  return queueFile;
}

test("U23 an older file is brought to the format by all steps in their order, or by none and again", async () => {
  const folder = filledFolder();
  makeOlder(folder);
  const before = readFileSync(file(folder));
  const broken = new Map([
    [1, steps[0]],
    [
      2,
      () => {
        throw new Error("interrupted");
      },
    ],
  ]);
  expect(() => openAs(folder, { number: 3, steps: broken })).toThrow("interrupted");
  expect(readFileSync(file(folder)).equals(before)).toBe(true);
  expect(() => openAs(folder, { number: 3, steps: new Map([[1, steps[0]]]) })).toThrow(
    "no way from format 2",
  );
  const format = {
    number: 3,
    steps: new Map([
      [1, steps[0]],
      [2, steps[1]],
    ]),
  };
  for (let time = 0; time < 2; time++) {
    const opened = openAs(folder, format);
    const { sequences } = opened.ops.read("products", 0);
    expect([...sequences]).toEqual(sequencesOf(ops(50)));
    expect(opened.losses.of("products")).toEqual([]);
    opened.close();
  }
  // And this version refuses what that one has made.
  await expect(openDurableQueues(folder)).rejects.toMatchObject({ code: "unsupported" });
  expect(beside(folder, "damaged")).toEqual([]);
});

test("U23 a flipped bit in the format is damage, whichever it is", () => {
  const folder = filledFolder();
  const whole = readFileSync(file(folder));
  for (let bit = 0; bit < 32; bit += 5) {
    const bytes = Buffer.from(whole);
    const at = 60 + Math.floor(bit / 8);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << (bit % 8));
    writeFileSync(file(folder), bytes);
    const store = openStore(folder);
    expect(sequencesOf(open(store, "products").kept)).toEqual(sequencesOf(ops(50)));
    store.close();
  }
});
