import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import {
  type ActivitySwitch,
  createActivity,
  type Dio,
  isDioramaError,
  Lens,
  memory,
  type Vista,
} from "vantage-diorama";
import { createRandom } from "vantage-diorama/testing";
import type { Battery, Counts } from "./battery.ts";

const KILLS_A_ROUND = 5;
const REFUSED_MS = 1_000;
const TAKEN_OVER_MS = 2_000;
const MOST_LIFE_MS = 120;
const holderFile = fileURLToPath(new URL("./lens-holder.ts", import.meta.url));

export const oneProcessBattery: Battery = {
  promise: "P8",
  goals: { kills: 200 },
  least: { kills: 50 },
  run: (seed) => killHolders(seed, KILLS_A_ROUND),
};

interface Held {
  readonly child: ChildProcess;
  readonly life: number;
  /** Ids of the writes that were acknowledged, in order. */
  readonly acknowledged: readonly string[];
  /** Rows that were on disk. */
  rows(): number;
}

/** Holders of one folder, one after the other, each refused to others, killed, and taken over from with what it kept. */
export async function killHolders(seed: number, kills: number): Promise<Counts> {
  const random = createRandom(seed);
  const root = mkdtempSync(join(tmpdir(), "diorama-p8-"));
  const folder = join(root, "folder");
  const counts = { kills: 0, refused: 0, acknowledged: 0, recovered: 0, lost: 0 };
  const held = new Set<ChildProcess>();
  let unsent: readonly string[] = [];
  try {
    // What a process loads once is not what a second opener waits for.
    await (await openLens(join(root, "another"), createActivity())).close();
    for (let life = 0; life < kills; life++) {
      const about = `kill ${life} of seed ${seed}`;
      const holder = await holdElsewhere(folder, life, held);
      await refuseAnother(folder, holder, about);
      await sleep(random.integer(0, MOST_LIFE_MS));
      const exit = once(holder.child, "close");
      holder.child.kill("SIGKILL");
      const killedAt = performance.now();
      await exit;
      const isSending = random.chance(0.5);
      const taken = await takeOver({ folder, holder, killedAt, unsent, isSending, about });
      unsent = taken.unsent;
      counts.recovered += taken.recovered;
      counts.kills += 1;
      counts.refused += 1;
      counts.acknowledged += holder.acknowledged.length;
    }
    counts.lost = counts.acknowledged - counts.recovered;
    return counts;
  } finally {
    for (const child of held) child.kill("SIGKILL");
    rmSync(root, { recursive: true, force: true });
  }
}

/** A process that holds the folder, from the moment that it says so. */
async function holdElsewhere(folder: string, life: number, all: Set<ChildProcess>): Promise<Held> {
  const child = spawn(process.execPath, [holderFile, folder, String(life)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  all.add(child);
  const acknowledged: string[] = [];
  let rows = 0;
  const lines = createInterface({ input: child.stdout });
  await new Promise<void>((resolve, reject) => {
    lines.on("line", (line) => {
      if (line === "held") resolve();
      else if (line.startsWith("op ")) acknowledged.push(line);
      else rows = Number(line.slice("rows ".length));
    });
    child.once("exit", () => reject(new Error("the holder ended before it held the folder")));
  });
  return { child, life, acknowledged, rows: () => rows };
}

async function refuseAnother(folder: string, { child }: Held, about: string): Promise<void> {
  const from = performance.now();
  const refused: unknown = await openLens(folder, createActivity()).catch((error: unknown) => error);
  const ms = performance.now() - from;
  assert.ok(refused instanceof Error && "code" in refused, `${about}: a second opener was let in`);
  assert.equal(refused.code, "inUse", `${about}: ${refused.message}`);
  assert.ok(refused.message.includes(`process ${child.pid} on ${hostname()} since 2`), refused.message);
  assert.ok(ms < REFUSED_MS, `${about}: refused after ${ms.toFixed(0)} ms`);
}

interface TakeOver {
  readonly folder: string;
  readonly holder: Held;
  readonly killedAt: number;
  /** Writes of earlier holders that were not sent yet. */
  readonly unsent: readonly string[];
  readonly isSending: boolean;
  readonly about: string;
}

interface TakenOver {
  /** How many of the holder's acknowledged writes are there. */
  readonly recovered: number;
  readonly unsent: readonly string[];
}

/** Opens the folder of a killed holder: its writes wait in their order, and are sent where that is wanted. */
async function takeOver({
  folder,
  holder,
  killedAt,
  unsent,
  isSending,
  about,
}: TakeOver): Promise<TakenOver> {
  const activity = createActivity("offline");
  const lens = await takeFolder(folder, activity, killedAt);
  const sent: string[] = [];
  const dio = await lens.makeDio(products(), {
    onWrite: async (_dio, op) => void sent.push(String(op.id)),
  });

  const pending = dio.writes.pending().map(({ op }) => String(op.id));
  const promised = [...unsent, ...holder.acknowledged];
  assert.deepEqual(pending.slice(0, promised.length), promised, `${about}: acknowledged writes, in order`);
  // The write that was under way may have been kept and not yet told.
  assert.ok(pending.length <= promised.length + 1, `${about}: writes that nobody made`);
  await checkRows(dio, holder, about);
  if (isSending) {
    activity.set("active");
    await dio.flush();
    assert.deepEqual(sent, pending, `${about}: what was sent, in order`);
  }
  await lens.close({ drain: 0 });
  return { recovered: holder.acknowledged.length, unsent: isSending ? [] : pending };
}

async function checkRows(dio: Dio, { life, rows }: Held, about: string): Promise<void> {
  for (let n = 0; n < rows(); n++) {
    const id = `row ${life}-${n}`;
    assert.deepEqual(await dio.cache.confirmed(id), { id, life: String(life), n }, `${about}: a row on disk`);
  }
}

const products = (): Vista => memory("products", { id: "id", columns: { life: "text", n: "integer" } });

const openLens = (folder: string, activity: ActivitySwitch): Promise<Lens> =>
  Lens.builder().cacheAt(folder).activity(activity).build();

/** Tries until the folder is free: later than two seconds after the kill it may not be refused any more. */
async function takeFolder(folder: string, activity: ActivitySwitch, killedAt: number): Promise<Lens> {
  for (;;) {
    const ms = performance.now() - killedAt;
    try {
      return await openLens(folder, activity);
    } catch (error) {
      if (!isDioramaError(error, "inUse") || ms > TAKEN_OVER_MS) throw error;
      await sleep(10);
    }
  }
}
