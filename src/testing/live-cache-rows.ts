import { assert, must } from "../base/index.ts";
import type { Cache, CachedRows } from "../live/index.ts";
import { equalRows, equalValues, type Row } from "../record/index.ts";
import { same } from "./contract-check.ts";

/** An entry that no other number has. */
export function entry(number: number, rowCount = 2): CachedRows {
  const rows = new Map<string, Row>();
  for (let row = 0; row < rowCount; row++) rows.set(`${number}-${row}`, { number, row, text: `text ${row}` });
  return { rows, fetchedAt: 1_764_000_000_000 + number };
}

export async function isMiss(cache: Cache, key: string): Promise<void> {
  const found = await cache.get(key);
  assert(found === undefined, `${JSON.stringify(key)} is a miss; found ${found?.rows.size} rows`);
}

export async function holdsEntry(cache: Cache, key: string, expected: CachedRows): Promise<void> {
  sameEntry(await cache.get(key), expected, key);
}

export function sameEntry(found: CachedRows | undefined, expected: CachedRows, key: string): void {
  const what = JSON.stringify(key.slice(0, 60));
  assert(found !== undefined, `${what} is kept`);
  same(found.fetchedAt, expected.fetchedAt, `fetchedAt of ${what}`);
  same(found.total, expected.total, `total of ${what}`);
  const [ids, expectedIds] = [[...found.rows.keys()], [...expected.rows.keys()]];
  assert(
    equalValues(ids, expectedIds),
    `the ids of ${what}: expected ${expectedIds.join()}, found ${ids.join()}`,
  );
  for (const [id, row] of found.rows) {
    const wanted = must(expected.rows.get(id), "the ids are the same");
    assert(equalRows(row, wanted), `the row ${id} of ${what}`);
    assert(equalValues(Object.keys(row), Object.keys(wanted)), `the key order of row ${id} of ${what}`);
  }
}
