import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual, promisify } from "node:util";
import type { LostOp, QueuedOp } from "../../src/queue/index.ts";
import { openDurableQueues } from "../../src/queue/sqlite/index.ts";
import { createRandom, deriveSeed, type Random } from "../../src/testing/index.ts";
import { damageFile } from "../../src/testing/node/index.ts";
import type { Battery } from "./battery.ts";
import { openStoreHere } from "./queue-store-here.ts";
import { queueHistory, queueNames, type QueueStep, truthOf } from "./queue-history.ts";
import { isCutAtEdge, isDisplaced, isTold, locate, type SoundFiles } from "./queue-places.ts";

/** Files that are damaged anew for each history. */
const FILES_PER_HISTORY = 25;

export interface DamageCounts {
  readonly files: number;
  readonly ops: number;
  readonly kept: number;
  /** Ops, or newest states of ops, that were not whole any more; each was told. */
  readonly reported: number;
  /** Removed before, and back from a log that could not tell so any more. */
  readonly risen: number;
}

type Counts = { -readonly [name in keyof DamageCounts]: DamageCounts[name] };

interface Case extends SoundFiles {
  readonly steps: readonly QueueStep[];
  readonly random: Random;
  readonly folder: string;
  /** What was done to the files. */
  readonly what: string;
}

/**
 * Promise 6: queue files, closed in order or left by a killed process, that were damaged and are opened. Throws
 * where an op that is whole is not kept, something wrong is served, or a loss is not told, naming the seed.
 */
export async function runQueueDamage(seed: number, files: number): Promise<DamageCounts> {
  return inFolder(async (root, counts) => {
    while (counts.files < files) {
      const first = counts.files;
      const left = Math.min(FILES_PER_HISTORY, files - first);
      const run = await openHistory(seed, first / FILES_PER_HISTORY, root, counts);
      const numbers = Array.from({ length: left }, (_, index) => first + index);
      const half = Math.ceil(left / 2);
      await Promise.all([numbers.slice(0, half), numbers.slice(half)].map((part) => inTurn(part, run)));
    }
  });
}

/** One of the files of a seed. */
export async function runDamagedFile(seed: number, number: number): Promise<DamageCounts> {
  return inFolder(async (root, counts) => {
    const run = await openHistory(seed, Math.floor(number / FILES_PER_HISTORY), root, counts);
    await run(number);
  });
}

async function inFolder(work: (root: string, counts: Counts) => Promise<void>): Promise<DamageCounts> {
  const counts: Counts = { files: 0, ops: 0, kept: 0, reported: 0, risen: 0 };
  const root = mkdtempSync(join(tmpdir(), "diorama-p6-"));
  try {
    await work(root, counts);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
  return counts;
}

/** Writes the sound files of a history; answers what damages and judges a file of it. */
async function openHistory(
  seed: number,
  history: number,
  root: string,
  counts: Counts,
): Promise<(number: number) => Promise<void>> {
  const sound = join(root, `sound-${history}`);
  const historySeed = deriveSeed(seed, "history", history);
  await fill(sound, historySeed, historySeed % 3 === 0 ? "close" : "kill");
  const steps = queueHistory(historySeed);
  return (number) => runCase({ seed, number, steps, sound, root }, counts);
}

export const queueDamageBattery: Battery = {
  promise: "P6",
  goals: { files: 2_000 },
  least: { files: 500 },
  sharesMachine: true,
  run: async (seed) => ({ ...(await runQueueDamage(seed, FILES_PER_HISTORY)) }),
};

async function inTurn(numbers: readonly number[], run: (number: number) => Promise<void>): Promise<void> {
  for (const number of numbers) await run(number);
}

async function fill(folder: string, seed: number, end: "close" | "kill"): Promise<void> {
  mkdirSync(folder);
  const child = fileURLToPath(new URL("./queue-filler.ts", import.meta.url));
  const done = promisify(execFile)(process.execPath, [child, folder, String(seed), end]);
  await done.catch((error: unknown) => {
    if (end !== "kill" || (error as { readonly signal?: unknown }).signal !== "SIGKILL") throw error;
  });
}

interface CaseSettings {
  readonly seed: number;
  readonly number: number;
  readonly steps: readonly QueueStep[];
  readonly sound: string;
  readonly root: string;
}

async function runCase({ seed, number, steps, sound, root }: CaseSettings, counts: Counts): Promise<void> {
  const random = createRandom(deriveSeed(seed, "damage", number));
  const folder = join(root, `case-${number}`);
  cpSync(sound, folder, { recursive: true });
  const main = readFileSync(join(sound, "queue.db"));
  const logPath = join(sound, "queue.db-wal");
  const log = existsSync(logPath) ? readFileSync(logPath) : Buffer.alloc(0);
  let what = "";
  const damage = (name: string, bytes: Buffer): Buffer => {
    const damaged = damageFile(bytes, random, { pageBytes: name === "queue.db" ? 4_096 : 4_120 });
    writeFileSync(join(folder, name), damaged.bytes);
    what += `${name}: ${damaged.what}; `;
    return Buffer.from(damaged.bytes);
  };
  const target = log.length === 0 ? "main" : random.pick(["main", "log", "both"] as const);
  const damagedMain = target === "log" ? main : damage("queue.db", main);
  const damagedLog = target === "main" ? log : damage("queue.db-wal", log);
  try {
    const files = { main, log, damagedMain, damagedLog };
    await judge({ ...files, steps, random, folder, what }, counts);
    counts.files += 1;
  } catch (error) {
    throw new Error(`P6: file ${number} (${what}) of DIORAMA_SEED=${seed}`, { cause: error });
  }
  rmSync(folder, { recursive: true });
}

async function judge(one: Case, counts: Counts): Promise<void> {
  // A thread for each file would take most of the time: what it runs is mostly run here.
  const open = one.random.chance(0.2) ? openDurableQueues : openStoreHere;
  const queues = await open(one.folder);
  const kept = new Map<string, readonly QueuedOp[]>();
  const lost: LostOp[] = [];
  for (const name of queueNames) {
    const queue = await queues.openQueue(name);
    kept.set(name, queue.kept);
    lost.push(...queue.lost);
    await queue.apply({ puts: [late] });
  }
  await queues.close();
  for (const name of queueNames) judgeQueue(one, name, { kept: kept.get(name) ?? [], lost }, counts);
  if (one.random.chance(0.5)) return;
  const again = await open(one.folder);
  for (const name of queueNames) {
    const queue = await again.openQueue(name);
    must(isDeepStrictEqual(queue.kept, [...(kept.get(name) ?? []), late]), "the queue does not go on");
    must(queue.lost.length === 0, `losses are told twice: ${JSON.stringify(queue.lost)}`);
  }
  await again.close();
}

/** Comes after all others. */
const late: QueuedOp = {
  sequence: 1_000_000,
  op: { kind: "delete", id: "late", opId: "late", enqueuedAt: 1, attempt: 0 },
  state: "queued",
  nextAttemptAt: 0,
  outcomeUnknown: false,
};

interface Opened {
  readonly kept: readonly QueuedOp[];
  readonly lost: readonly LostOp[];
}

function judgeQueue(one: Case, name: string, { kept, lost }: Opened, counts: Counts): void {
  const { newest, everything } = truthOf(one.steps, name);
  const found = new Map(kept.map((op) => [op.sequence, op]));
  for (const op of kept) {
    const known = (everything.get(op.sequence) ?? []).some((state) => isDeepStrictEqual(state, op));
    must(known, `op ${op.sequence} of ${name} is none that was ever put: ${JSON.stringify(op.state)}`);
    if (newest.has(op.sequence)) continue;
    const canRise = !one.damagedLog.equals(one.log);
    must(canRise, `op ${op.sequence} of ${name} was removed and is back`);
    counts.risen += 1;
  }
  for (const [sequence, op] of newest) {
    counts.ops += 1;
    if (isDeepStrictEqual(found.get(sequence), op)) {
      counts.kept += 1;
      continue;
    }
    const place = locate(one, name, op);
    // A transaction that is cut off looks like one that was never committed.
    const isAtEdge = isCutAtEdge(one);
    must(
      !place.isWhole || isAtEdge || isDisplaced(one.what),
      `op ${sequence} of ${name} is whole in the file, and it is not kept: ${JSON.stringify(place)}`,
    );
    const told = isAtEdge || isAnotherFile(one) || lost.some((loss) => isTold(loss, sequence, place));
    must(told, `op ${sequence} of ${name} is lost without a word: ${JSON.stringify([place, lost])}`);
    counts.reported += 1;
  }
}

/** Where nothing of the file is left, nothing tells what stood there. */
function isAnotherFile({ damagedMain, what }: Case): boolean {
  return damagedMain.length === 0 || what.includes("queue.db: another kind of file");
}

function must(condition: boolean, problem: string): void {
  if (!condition) throw new Error(problem);
}
