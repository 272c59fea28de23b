import { messageOf, must } from "../base/index.ts";
import {
  blankMeta,
  type CacheBackend,
  type CacheBatch,
  type StoredRow,
  type TableMeta,
} from "../cache/index.ts";
import { awkwardRows } from "./awkward-values.ts";
import { holds, sameMeta, sameRows } from "./cache-rows.ts";
import { createRandom, type Random } from "./random.ts";

const STEPS = 120;
const IDS = 60;

/** What is needed to open the same storage again. */
interface Reopening {
  readonly durable: boolean;
  readonly seed: number;
  open(place: string): Promise<CacheBackend>;
}

/** Random batches, reads, closing and opening of one table, against a Map that is given the same. */
export async function checkAgainstMap(subject: Reopening, first: CacheBackend, place: string): Promise<void> {
  const random = createRandom(subject.seed);
  const rows = new Map<string, StoredRow>();
  let meta: TableMeta = blankMeta;
  let backend = first;
  let table = await backend.openTable("model");
  let step = 0;
  try {
    for (; step < STEPS; step++) {
      const batch = randomBatch(random);
      await table.apply(batch);
      applyToMap(rows, batch);
      meta = batch.meta ?? meta;
      if (random.chance(0.2)) {
        if (subject.durable && random.chance(0.3)) {
          await backend.close();
          backend = await subject.open(place);
        } else {
          await table.close();
        }
        table = await backend.openTable("model");
      }
      const ids = Array.from({ length: 5 }, () => randomId(random));
      for (const found of await table.get([...new Set(ids)]))
        sameRows([found], [must(rows.get(found.id), "kept")], "got");
      if (random.chance(0.3)) await holds(table, [...rows.values()]);
      sameMeta(table.meta, meta);
    }
    await holds(table, [...rows.values()]);
  } catch (error) {
    throw new Error(`step ${step} of seed ${subject.seed}: ${messageOf(error)}`, { cause: error });
  } finally {
    if (backend !== first) await backend.close();
  }
}

function randomBatch(random: Random): CacheBatch {
  const contents = awkwardRows();
  const puts = Array.from({ length: random.integer(0, 30) }, () => ({
    id: randomId(random),
    row: random.chance(0.7) ? { n: random.integer(0, 5) } : random.pick(contents),
    fetchedAt: random.integer(0, 2 ** 45),
  }));
  const deletes = Array.from({ length: random.integer(0, 8) }, () => randomId(random));
  const meta = {
    ...blankMeta,
    complete: random.chance(0.5),
    total: random.integer(0, 99),
    notes: { step: puts.length },
  };
  return {
    ...(random.chance(0.05) ? { clear: true } : {}),
    ...(random.chance(0.5) ? { deletes } : {}),
    ...(random.chance(0.9) ? { puts } : {}),
    ...(random.chance(0.3) ? { meta } : {}),
  };
}

function randomId(random: Random): string {
  return `id ${random.integer(0, IDS)}`;
}

function applyToMap(rows: Map<string, StoredRow>, batch: CacheBatch): void {
  if (batch.clear === true) rows.clear();
  for (const id of batch.deletes ?? []) rows.delete(id);
  for (const stored of batch.puts ?? []) rows.set(stored.id, stored);
}
