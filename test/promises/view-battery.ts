import {
  type ActivitySwitch,
  createActivity,
  type Dio,
  Lens,
  memory,
  type Row,
  seedFromMaster,
  type Value,
} from "vantage-diorama";
import { createRandom, deriveSeed, type Random } from "vantage-diorama/testing";
import type { Battery } from "./battery.ts";
import { LiveTable } from "./live-table.ts";
import { checkValues, openValues } from "./live-values.ts";

/** Rows that there may be: few, so that changes meet each other and the ends of every view. */
const MAX_ROWS = 60;
const TABLES = 6;
/** Changes after which a battery starts over with other tables. */
const ROUND_CHANGES = 500;

/** Changes of one round of the long column: a few seconds. */
const SOAK_CHANGES = 30_000;

export interface ViewCounts {
  readonly changes: number;
  readonly comparisons: number;
}

const cells: readonly (Value | undefined)[] = [
  undefined,
  null,
  true,
  false,
  0,
  -0,
  1,
  1n,
  2,
  2.5,
  -3,
  Number.NaN,
  Infinity,
  -Infinity,
  2 ** 53,
  2n ** 53n + 1n,
  "",
  "a",
  "B",
  "ana",
  "banana",
  "\u{FFFF}",
  "😀",
  new Date(0),
  new Date(1),
  new Uint8Array([1, 2]),
  [1, "a"],
  { deep: 1 },
];

/**
 * Promise 9: changes of every kind to rows of mixed types, and after each of them every open view against the same
 * query computed from scratch. Throws at the first difference, naming the seed that replays it.
 */
export async function runViewBattery(seed: number, changes: number): Promise<ViewCounts> {
  const done = { changes: 0, comparisons: 0 };
  for (let round = 0; done.changes < changes; round++) {
    const random = createRandom(deriveSeed(seed, round));
    try {
      await runRound(random, Math.min(ROUND_CHANGES, changes - done.changes), done);
    } catch (error) {
      throw new Error(`views differ from a recompute: seed ${seed}, round ${round}`, { cause: error });
    }
  }
  return done;
}

export const viewBattery: Battery = {
  promise: "P9",
  goals: { changes: 5_000_000 },
  least: { changes: 1_000_000 },
  sharesMachine: true,
  run: async (seed) => ({ ...(await runViewBattery(seed, SOAK_CHANGES)) }),
};

async function runRound(random: Random, changes: number, done: { changes: number; comparisons: number }) {
  const rows = Array.from({ length: random.integer(0, MAX_ROWS) }, (_, n) => createRow(random, `r${n}`));
  const columns = { id: "text", a: "json", b: "integer", c: "text", t: "text" } as const;
  const source = memory("rows", { id: "id", columns, rows });
  // Queued writes are sent when the round says so: nothing may happen between a change and its comparison.
  const activity = createActivity();
  const lens = await Lens.builder().activity(activity).onStart(seedFromMaster).build();
  const dio = await lens.makeDio(source);
  const tables = await Promise.all(Array.from({ length: TABLES }, () => LiveTable.open(dio, random)));
  const values = openValues(dio, random);
  const until = done.changes + changes;
  while (done.changes < until) {
    activity.set("offline");
    done.changes += await change(dio, activity, random);
    if (random.chance(0.02)) {
      const at = random.integer(0, tables.length - 1);
      tables[at]?.close();
      tables[at] = await LiveTable.open(dio, random);
    }
    if (random.chance(0.05)) await random.pick(tables).alter(random);
    const now = [...(await dio.cache.list())];
    for (const table of tables) table.check(now);
    checkValues(values, now);
    done.comparisons += tables.length + 1;
  }
  await lens.close({ drain: 0 });
}

/** One publication; says how many rows it wrote. */
async function change(dio: Dio, activity: ActivitySwitch, random: Random): Promise<number> {
  const kind = random.integer(0, 11);
  const id = `r${random.integer(0, MAX_ROWS - 1)}`;
  if (kind < 5) await dio.cache.insert(id, createRow(random, id));
  else if (kind < 7) await dio.cache.delete(id);
  else if (kind === 7) return changeMany(dio, random);
  else if (kind === 8) await refused(dio.vista().patch(id, { b: random.integer(0, 9) }));
  else if (kind === 9) await refused(dio.vista().delete(id));
  else if (kind === 10) await refused(dio.vista().insert(id, createRow(random, id)));
  else return changeAll(dio, activity, random);
  return 1;
}

/** In one synchronous stretch, some rows more than once. */
async function changeMany(dio: Dio, random: Random): Promise<number> {
  const writes = Array.from({ length: random.integer(2, 20) }, () => {
    const id = `r${random.integer(0, MAX_ROWS - 1)}`;
    return random.chance(0.3) ? dio.cache.delete(id) : dio.cache.insert(id, createRow(random, id));
  });
  await Promise.all(writes);
  return writes.length;
}

/** Everything at once: replaced, sent, or read again from the source. */
async function changeAll(dio: Dio, activity: ActivitySwitch, random: Random): Promise<number> {
  if (random.chance(0.6)) {
    activity.set("active");
    if (random.chance(0.5)) await dio.refresh();
    await dio.flush();
  } else {
    const ids = Array.from({ length: random.integer(0, MAX_ROWS) }, (_, n) => `r${n}`);
    await dio.cache.replaceAll(ids.map((id) => [id, createRow(random, id)]));
    return ids.length;
  }
  return 1;
}

/** What the visible rows decide may be refused; what is accepted is sent behind. */
async function refused(write: Promise<unknown>): Promise<void> {
  await write.catch((error: unknown) => {
    const code = (error as { readonly code?: unknown }).code;
    if (code !== "conflict" && code !== "notFound") throw error;
  });
}

function createRow(random: Random, id: string): Row {
  const a = random.pick(cells);
  return {
    id,
    ...(a === undefined ? {} : { a }),
    b: random.chance(0.1) ? null : random.integer(0, 9),
    c: random.pick(["tarts", "buns", "pies", null]),
    t: random.pick(["an apple", "BANANA", "a plum", "Σίσυφος", ""]),
  };
}
