import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, expect, test } from "vitest";
import { silentLogger, sleep, systemClock } from "../../base/index.ts";
import { createManualClock } from "../../testing/index.ts";
import type { LostOp, QueuedOp } from "../write-queue.ts";
import { createQueueLink } from "./durable-queues.ts";
import { openDurableQueues } from "./index.ts";
import { postedBatches } from "./posting.ts";
import { MAX_SEQUENCE } from "./queue-schema.ts";
import { SqliteQueues } from "./sqlite-queues.ts";

const root = mkdtempSync(join(tmpdir(), "diorama-queue-life-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const index = new URL("./index.ts", import.meta.url).href;

function queued(sequence: number, text = "text"): QueuedOp {
  const base = { opId: `op-${sequence}`, enqueuedAt: 1_764_000_000_000, attempt: 0 };
  return {
    sequence,
    op: { ...base, kind: "insert", id: `row ${sequence}`, row: { text, sequence } },
    state: "queued",
    nextAttemptAt: 0,
    outcomeUnknown: false,
  };
}

const sequencesOf = (ops: readonly QueuedOp[]): number[] => ops.map(({ sequence }) => sequence);

test("U11 what has to be flushed: the batches of a queue that is fsync, unless they are relaxed", async () => {
  const folder = join(root, "flushed");
  await (await openDurableQueues(folder)).close();
  const link = createQueueLink({ folder, maxSizeBytes: undefined }, systemClock, silentLogger, undefined);
  const flushed: boolean[] = [];
  const call = link.call.bind(link);
  link.call = (kind, take, transfer) => {
    if (typeof take === "object" && "heads" in take)
      flushed.push(...postedBatches(take).map(({ mustFlush }) => mustFlush));
    return call(kind, take, transfer);
  };
  const backend = new SqliteQueues(folder, link, () => undefined);
  for (const durability of [undefined, "fsync", "process"] as const) {
    const queue = await backend.openQueue(`${durability}`, { durability });
    for (const relaxed of [undefined, false, true]) await queue.apply({ puts: [queued(1)] }, { relaxed });
  }
  const [asFsync, asProcess] = [
    [true, true, false],
    [false, false, false],
  ];
  expect(flushed).toEqual([...asFsync, ...asFsync, ...asProcess]);
  await backend.close();
});

test("U13 a batch beyond the room is full, and those sent with it are kept", async () => {
  const backend = await openDurableQueues(join(root, "full"), { maxSizeBytes: 1_048_576 });
  const queue = await backend.openQueue("products");
  const other = await backend.openQueue("other", { durability: "process" });
  const large = Array.from({ length: 5_000 }, (_, n) => queued(n + 10, "y".repeat(400)));
  const outcomes = await Promise.allSettled([
    queue.apply({ puts: [queued(1)] }),
    queue.apply({ puts: large }),
    other.apply({ puts: [queued(1)] }),
    queue.apply({ puts: [queued(2)] }, { relaxed: true }),
  ]);
  expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled", "fulfilled"]);
  expect(outcomes[1]).toMatchObject({ reason: { code: "full", place: { vista: "products" } } });
  await queue.close();
  await other.close();
  expect(sequencesOf((await backend.openQueue("products")).kept)).toEqual([1, 2]);
  expect((await backend.openQueue("other")).kept).toEqual([queued(1)]);
  await backend.close();
});

test("U15 what can't be encoded is invalid for its own batch alone", async () => {
  const backend = await openDurableQueues(join(root, "invalid"));
  const queue = await backend.openQueue("products");
  const bad: QueuedOp = queued(3, "half a pair \ud800");
  const outcomes = await Promise.allSettled([
    queue.apply({ puts: [queued(1)] }),
    queue.apply({ puts: [queued(2), bad], removes: [1] }),
    ...[0, -1, 0.5, Number.NaN, MAX_SEQUENCE + 1].map((sequence) =>
      queue.apply({ puts: [queued(sequence)] }),
    ),
    queue.apply({ removes: [-1] }),
    queue.apply({ puts: [queued(MAX_SEQUENCE)] }),
  ]);
  const invalid = outcomes
    .slice(1, -1)
    .map((outcome) => outcome.status === "rejected" && outcome.reason.code);
  expect(invalid).toEqual(invalid.map(() => "invalid"));
  expect([outcomes[0]?.status, outcomes.at(-1)?.status]).toEqual(["fulfilled", "fulfilled"]);
  await queue.close();
  expect((await backend.openQueue("products")).kept).toEqual([queued(1), queued(MAX_SEQUENCE)]);
  await backend.close();
});

test("U16 a killed process leaves every batch that was answered, whole, and each other whole or not at all", async () => {
  const folder = join(root, "killed");
  const script = `
    const { openDurableQueues } = await import(${JSON.stringify(index)});
    const backend = await openDurableQueues(${JSON.stringify(folder)});
    const queue = await backend.openQueue("products", { durability: process.argv[1] });
    let sequence = Math.max(0, ...queue.kept.map((each) => each.sequence));
    const writer = async () => {
      for (;;) {
        const base = { state: "queued", nextAttemptAt: 0, outcomeUnknown: false };
        const puts = [1, 2, 3].map(() => {
          const op = { opId: "op", enqueuedAt: 1, attempt: 0, kind: "delete", id: "a" };
          return { sequence: ++sequence, op, ...base };
        });
        await queue.apply({ puts });
        process.stdout.write(puts[0].sequence + "\\n");
      }
    };
    for (let n = 0; n < 5; n++) void writer();
  `;
  let kept: readonly QueuedOp[] = [];
  for (const durability of ["fsync", "process", "fsync"] as const) {
    const child = spawn(process.execPath, ["--input-type=module", "-e", script, durability], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const acknowledged: number[] = [];
    const ended = new Promise((resolve) => child.once("close", resolve));
    for await (const line of createInterface({ input: child.stdout })) {
      acknowledged.push(Number(line));
      if (acknowledged.length === 200) child.kill("SIGKILL");
    }
    await ended;
    const backend = await openDurableQueues(folder);
    const queue = await backend.openQueue("products");
    kept = queue.kept;
    const sequences = new Set(sequencesOf(kept));
    expect(queue.lost).toEqual([]);
    expect(acknowledged.length).toBeGreaterThanOrEqual(200);
    expect(acknowledged.filter((first) => !sequences.has(first))).toEqual([]);
    // Each batch has three, the first at a multiple of three and one.
    expect(kept.length % 3).toBe(0);
    for (const first of sequences) if (first % 3 === 1) expect(sequences.has(first + 2)).toBe(true);
    await backend.close();
  }
  expect(kept.length).toBeGreaterThan(1_800 - 1);
});

test("U17 when the worker dies its calls are unavailable, and a new one serves what was committed", async () => {
  const folder = join(root, "dies");
  await (await openDurableQueues(folder)).close();
  const clock = createManualClock();
  const link = createQueueLink({ folder, maxSizeBytes: undefined }, clock, silentLogger, undefined);
  const backend = new SqliteQueues(folder, link, () => undefined);
  const queue = await backend.openQueue("products");
  await queue.apply({ puts: [queued(1)] });
  const sent = Array.from({ length: 50 }, (_, n) =>
    queue.apply({ puts: [queued(n + 2, "z".repeat(10_000))] }),
  );
  const settled = Promise.allSettled(sent);
  await link.terminate();
  const answered = new Set<number>([1]);
  for (const [n, outcome] of (await settled).entries()) {
    if (outcome.status === "fulfilled") answered.add(n + 2);
    else expect(outcome.reason).toMatchObject({ code: "unavailable" });
  }
  await expect(queue.apply({ puts: [queued(99)] })).rejects.toMatchObject({ code: "unavailable" });
  await clock.advance(1_000);
  await queue.apply({ puts: [queued(100)] });
  await queue.close();
  const kept = new Set(sequencesOf((await backend.openQueue("products")).kept));
  expect(kept.has(100) && !kept.has(99)).toBe(true);
  for (const sequence of answered) expect(kept.has(sequence)).toBe(true);
  await backend.close();
});

test("U27 damage that shows while queues are open is told at once to who listens, each loss once", async () => {
  const folder = join(root, "spoilt");
  await (await openDurableQueues(folder)).close();
  const clock = createManualClock();
  const link = createQueueLink({ folder, maxSizeBytes: undefined }, clock, silentLogger, undefined);
  const backend = new SqliteQueues(folder, link, () => undefined);
  const [queue, other] = [await backend.openQueue("products"), await backend.openQueue("other")];
  const told: LostOp[] = [];
  queue.onLost?.((lost) => told.push(...lost));
  for (let n = 1; n <= 5; n++) await queue.apply({ puts: [queued(n, `text ${n}`)] });
  await link.terminate();
  const file = join(folder, "queue.db");
  const bytes = readFileSync(file);
  const at = bytes.indexOf("text 3");
  expect(at).toBeGreaterThan(0);
  bytes[at] = 0;
  writeFileSync(file, bytes);
  await clock.advance(1_000);
  await Promise.all([queue.apply({ puts: [queued(6)] }), other.apply({ puts: [queued(1)] })]);
  for (let left = 100; told.length === 0 && left > 0; left--) await sleep(systemClock, 20);
  expect(told).toMatchObject([{ sequence: 3, opId: "op-3" }]);
  await queue.close();
  const again = await backend.openQueue("products");
  expect([sequencesOf(again.kept), again.lost, told.length]).toEqual([[1, 2, 4, 5, 6], [], 1]);
  await backend.close();
});

test("U18 timers go off while many ops are put and read", async () => {
  const folder = join(root, "turns");
  const backend = await openDurableQueues(folder);
  const queue = await backend.openQueue("products");
  const puts = Array.from({ length: 30_000 }, (_, n) => queued(n + 1));
  let ticks = 0;
  const timer = setInterval(() => ticks++, 1);
  // What comes behind keeps its place behind it.
  await Promise.all([queue.apply({ puts }), queue.apply({ removes: [7] })]);
  const whileWriting = ticks;
  await queue.close();
  const { kept } = await backend.openQueue("products");
  clearInterval(timer);
  await backend.close();
  expect(sequencesOf(kept)).toEqual(sequencesOf(puts).filter((sequence) => sequence !== 7));
  expect(kept[20_000]).toEqual(queued(20_002));
  expect(whileWriting).toBeGreaterThan(5);
  expect(ticks - whileWriting).toBeGreaterThan(5);
});

test("U18 an idle queue keeps no process alive, a batch on its way does", () => {
  const script = `
    const { openDurableQueues } = await import(${JSON.stringify(index)});
    const queue = await (await openDurableQueues(${JSON.stringify(join(root, "alive"))})).openQueue("products");
    const op = { opId: "op", enqueuedAt: 1, attempt: 0, kind: "delete", id: "a" };
    const puts = [{ sequence: 1, op, state: "queued", nextAttemptAt: 0, outcomeUnknown: false }];
    if (queue.kept.length === 0) void queue.apply({ puts }).then(() => console.log("stored"));
    else console.log(queue.kept.length);
  `;
  for (const expected of ["stored", "1"]) {
    const { status, stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
      encoding: "utf8",
      timeout: 15_000,
    });
    expect([status, stdout.trim(), stderr]).toEqual([0, expected, ""]);
  }
});

test("U25 at rest the log is empty, after closing it is gone; files are 0600 under a generous umask", async () => {
  const folder = join(root, "rest");
  const before = process.umask(0);
  try {
    const backend = await openDurableQueues(folder);
    const queue = await backend.openQueue("products");
    await queue.apply({ puts: [queued(1)] });
    const log = join(folder, "queue.db-wal");
    for (let left = 100; statSync(log).size > 0 && left > 0; left--) await sleep(systemClock, 50);
    expect(statSync(log).size).toBe(0);
    const files = readdirSync(folder).toSorted();
    expect(files).toEqual(["holder.json", "lock.db", "queue.db", "queue.db-wal"]);
    expect(files.map((name) => statSync(join(folder, name)).mode & 0o777)).toEqual(files.map(() => 0o600));
    await backend.close();
    expect(readdirSync(folder).toSorted()).toEqual(["lock.db", "queue.db"]);
  } finally {
    process.umask(before);
  }
});

test("U28 no file and no thread before the first batch, which makes both and is kept", async () => {
  const folder = join(root, "late");
  const before = await openDurableQueues(folder);
  const unused = await before.openQueue("products");
  expect([unused.kept, unused.lost]).toEqual([[], []]);
  await unused.close();
  await before.close();
  expect(readdirSync(folder)).toEqual(["lock.db"]);
  const first = await openDurableQueues(folder);
  const [products, orders] = await Promise.all([first.openQueue("products"), first.openQueue("orders")]);
  await products.apply({ puts: [queued(1)] });
  // The thread is there now: what is opened from here on is read from the file.
  await products.close();
  expect(sequencesOf((await first.openQueue("products")).kept)).toEqual([1]);
  await orders.close();
  await first.close();
  const again = await openDurableQueues(folder);
  expect(sequencesOf((await again.openQueue("products")).kept)).toEqual([1]);
  await again.close();
});

test("U28 a log or a finished draft without its file is looked at when the folder is opened", async () => {
  for (const name of ["queue.db-wal", "queue.db.ready"]) {
    const folder = join(root, `left-${name}`);
    await (await openDurableQueues(folder)).close();
    writeFileSync(join(folder, name), "not what it should be");
    const backend = await openDurableQueues(folder);
    const { lost } = await backend.openQueue("products");
    expect([name, lost.length > 0]).toEqual([name, true]);
    await backend.close();
  }
});
