import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import {
  type ActivitySwitch,
  createActivity,
  type Dio,
  isDioramaError,
  Lens,
  memory,
  type MemoryVista,
  seedFromMaster,
  silentLogger,
  type WriteOp,
} from "vantage-diorama";
import { createRandom, type Random } from "vantage-diorama/testing";
import type { Battery, Counts } from "./battery.ts";

interface Product {
  readonly id: string;
  readonly text: string;
}

const MEBIBYTE = 1_048_576;
/** What is freed in the end has room for everything twice over: a log comes before a file. */
const DISK_MEBIBYTES = 16;
const SEEDED = 200;
const MOST_ROUNDS = 400;
const REFUSED_MS = 1_000;
/** For what has no limit in the promise: it must end. */
const PATIENCE_MS = 20_000;

export const diskFullBattery: Battery = {
  promise: "P7",
  goals: { disks: 20 },
  least: { disks: 20 },
  lacks: () => (process.getuid?.() === 0 ? undefined : "root, who alone may mount a small disk"),
  async run(seed) {
    const counts = await playSmallDisk(seed);
    assert.ok(counts !== undefined, "no small disk could be mounted");
    return counts;
  },
};

/** A place that gets full, and how it gets room. */
export interface FullDisk {
  /** Opens what is kept on it. */
  open(activity: ActivitySwitch): Promise<Lens>;
  /** Absent: it has room again when queued writes were sent. */
  readonly makeRoom?: () => void;
}

/** A Lens whose cache and queue are on a disk of a few megabytes. Undefined where none can be mounted. */
export async function playSmallDisk(seed: number): Promise<Counts | undefined> {
  const random = createRandom(seed);
  const root = mkdtempSync(join(tmpdir(), "diorama-p7-"));
  const mount = spawnSync("mount", ["-t", "tmpfs", "-o", `size=${DISK_MEBIBYTES}m`, "tmpfs", root]);
  try {
    if (mount.status !== 0) return undefined;
    const filler = join(root, "filler");
    writeFileSync(filler, new Uint8Array(random.integer(12, 14) * MEBIBYTE));
    mkdirSync(join(root, "cache"));
    return await playFullDisk(seed, random, {
      makeRoom: () => rmSync(filler),
      open: (activity) =>
        Lens.builder().cacheAt(join(root, "cache")).activity(activity).logger(silentLogger).build(),
    });
  } finally {
    if (mount.status === 0) spawnSync("umount", ["--lazy", root]);
    rmSync(root, { recursive: true, force: true });
  }
}

/** What was done on one disk. */
interface Story {
  readonly about: string;
  readonly random: Random;
  readonly acknowledged: Map<string, Product>;
  readonly refused: Set<string>;
  readonly destination: MemoryVista<Product>;
  readonly sent: WriteOp<Product>[];
}

/** Writes until there is no room, reads and sends on, makes room, and goes on; at last everything is there. */
export async function playFullDisk(seed: number, random: Random, disk: FullDisk): Promise<Counts> {
  const story: Story = {
    about: `seed ${seed}`,
    random,
    acknowledged: new Map(),
    refused: new Set(),
    destination: createDestination(),
    sent: [],
  };
  const activity = createActivity();
  const lens = await disk.open(activity);
  const dio = await openProducts(lens, story);
  activity.set("offline");
  await fillUp(dio, story);
  await readOn(dio, story);
  activity.set("active");
  await inTime(dio.flush(), "sending while the disk is full", story);
  assert.deepEqual(
    sentOnce(story),
    [...story.acknowledged.keys()],
    `${story.about}: what was sent, in order`,
  );
  await readOn(dio, story);
  const isClosedFull = disk.makeRoom !== undefined && random.chance(0.5);
  if (!isClosedFull) {
    disk.makeRoom?.();
    await writeAgain(dio, story, disk.makeRoom !== undefined);
    await inTime(lens.flush(), "writing the cache once there is room", story);
  }
  const [closed] = await inTime(Promise.allSettled([lens.close()]), "closing", story);
  if (isClosedFull) disk.makeRoom?.();
  // While the disk is full it ends too, and says that rows of the cache are not there.
  const isRight = closed.status === "fulfilled" || (isClosedFull && isDioramaError(closed.reason, "full"));
  assert.ok(isRight, `${story.about}: closing, ${JSON.stringify(closed)}`);
  return await reopen(disk, story);
}

/** The destination is what the cache is a copy of: it outlives every start. */
function createDestination(): MemoryVista<Product> {
  const rows = Array.from({ length: SEEDED }, (_, n) => ({ id: `seeded ${n}`, text: `text ${n}` }));
  return memory<Product>("products", { id: "id", columns: { id: "text", text: "text" }, rows });
}

const openProducts = (lens: Lens, { destination, sent }: Story): Promise<Dio<Product>> =>
  lens.makeDio(destination, {
    onStart: seedFromMaster,
    onWrite: async (_dio, op) => {
      assert.ok(op.kind === "insert");
      destination.source.set(op.id, op.row);
      sent.push(op);
    },
  });

/** One write; tells the story whether it was acknowledged. Refused it must be in time, and with the right code. */
async function write(dio: Dio<Product>, story: Story, bytes: number): Promise<boolean> {
  const id = `written ${story.acknowledged.size + story.refused.size} ${story.random.integer(0, 1e9)}`;
  const product = { id, text: "x".repeat(bytes) };
  const from = performance.now();
  try {
    await dio.vista().insert(id, product);
    story.acknowledged.set(id, product);
    return true;
  } catch (error) {
    const ms = performance.now() - from;
    story.refused.add(id);
    assert.ok(isDioramaError(error, "full"), `${story.about}: refused with ${String(error)}`);
    assert.ok(ms < REFUSED_MS, `${story.about}: refused after ${ms.toFixed(0)} ms`);
    return false;
  }
}

/** Writes, several callers at a time, until one is refused; and then some more. */
async function fillUp(dio: Dio<Product>, story: Story): Promise<void> {
  const { random } = story;
  for (let round = 0; story.refused.size === 0; round++) {
    assert.ok(round < MOST_ROUNDS, `${story.about}: the disk never gets full`);
    const callers = random.integer(1, 10);
    const sizes = Array.from({ length: callers }, () => random.integer(1_000, 30_000));
    await Promise.all(sizes.map((bytes) => write(dio, story, bytes)));
  }
  assert.ok(story.acknowledged.size > 0, `${story.about}: nothing was acknowledged`);
  for (let n = 0; n < 5; n++) await write(dio, story, MEBIBYTE);
}

/** Every reader sees what was there and what was acknowledged, and nothing that was refused. */
async function readOn(dio: Dio<Product>, { about, acknowledged, refused }: Story): Promise<void> {
  const rows = await dio.vista().list();
  assert.equal(rows.size, SEEDED + acknowledged.size, `${about}: rows that are shown`);
  for (const [id, product] of acknowledged) assert.deepEqual(rows.get(id), product, `${about}: ${id}`);
  for (const id of refused) assert.equal(rows.get(id), undefined, `${about}: ${id} was refused`);
  const page = await dio.vista().where("id", "starts with", "seeded").orderBy("id").fetchPage(2, 10);
  assert.equal(page.rows.size, 10, `${about}: rows of a page`);
}

/** There is room, at once or in a moment: a write is taken, without a restart. */
async function writeAgain(dio: Dio<Product>, story: Story, atOnce: boolean): Promise<void> {
  const from = performance.now();
  for (let tries = 1; !(await write(dio, story, 2_000)); tries++) {
    const mayWait = !atOnce && performance.now() - from < REFUSED_MS;
    assert.ok(mayWait, `${story.about}: there is room, and it is still full after ${tries} writes`);
    await sleep(20);
  }
  await inTime(dio.flush(), "sending once there is room", story);
}

/** What the next start finds: every acknowledged row; what could not be noted as confirmed is sent once more. */
async function reopen(disk: FullDisk, story: Story): Promise<Counts> {
  const { about, acknowledged, refused, sent } = story;
  const sentBefore = sent.length;
  const lens = await disk.open(createActivity());
  const dio = await openProducts(lens, story);
  await inTime(dio.flush(), "sending after the next start", story);
  await readOn(dio, story);
  const ids = sentOnce(story);
  assert.deepEqual(ids, [...acknowledged.keys()], `${about}: what was sent in the end, in order`);
  for (const [id, product] of acknowledged)
    assert.deepEqual(await dio.cache.confirmed(id), product, `${about}: ${id} is confirmed`);
  await inTime(lens.close(), "closing", story);
  return {
    disks: 1,
    refused: refused.size,
    acknowledged: acknowledged.size,
    recovered: sent.length - sentBefore,
    duplicated: sent.length - ids.length,
    lost: acknowledged.size - ids.length,
  };
}

/** Ids in the order of their first delivery; the same op may come again, another one for the row may not. */
function sentOnce({ sent, about }: Story): string[] {
  const ops = new Map(sent.map(({ opId, id }) => [opId, String(id)]));
  assert.equal(new Set(ops.values()).size, ops.size, `${about}: two ops for one write`);
  return [...ops.values()];
}

async function inTime<T>(work: Promise<T>, what: string, { about }: Story): Promise<T> {
  const giveUp = new AbortController();
  const late = sleep(PATIENCE_MS, undefined, { signal: giveUp.signal }).then(() => {
    throw new Error(`${about}: ${what} did not end within ${PATIENCE_MS} ms`);
  });
  try {
    return await Promise.race([work, late]);
  } catch (error) {
    throw new Error(`${about}: ${what}`, { cause: error });
  } finally {
    giveUp.abort();
  }
}
