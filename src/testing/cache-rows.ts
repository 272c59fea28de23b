import { assert, must } from "../base/index.ts";
import type { CacheTable, StoredRow, TableMeta } from "../cache/index.ts";
import { equalRows, equalValues, type Row } from "../record/index.ts";
import { same } from "./contract-check.ts";

export const someMeta: TableMeta = {
  complete: true,
  fingerprint: "csv:products.csv",
  version: "12:99",
  total: 1_499,
  seededAt: 1_764_000_000_000.5,
  clean: false,
  notes: { position: "0/16B3748", __proto: "ordinary" },
};

export function stored(id: string, row: Row = { id }, fetchedAt = 1_764_000_000_000): StoredRow {
  return { id, row, fetchedAt };
}

export function numbered(count: number): StoredRow[] {
  return Array.from({ length: count }, (_, index) =>
    stored(`row ${index}`, { index, text: `text ${index}` }),
  );
}

export function byId(rows: readonly StoredRow[]): StoredRow[] {
  return rows.toSorted((a, b) => (a.id < b.id ? -1 : 1));
}

export async function collect(table: CacheTable): Promise<StoredRow[]> {
  const found: StoredRow[] = [];
  for await (const batch of table.scan(1_000)) found.push(...batch);
  return found;
}

/** The table holds exactly these rows in this order, for a scan and for its count. */
export async function holds(table: CacheTable, expected: readonly StoredRow[]): Promise<void> {
  same(table.rowCount, expected.length, "row count");
  sameRows(await collect(table), expected, "scanned");
}

export function sameRows(found: readonly StoredRow[], expected: readonly StoredRow[], what: string): void {
  same(found.length, expected.length, `${what}: number of rows`);
  for (const [index, row] of found.entries()) {
    const wanted = must(expected[index], "lengths are equal");
    same(row.id, wanted.id, `${what}: id at ${index}`);
    same(row.fetchedAt, wanted.fetchedAt, `${what}: time of ${row.id}`);
    assert(equalRows(row.row, wanted.row), `${what}: content of ${row.id}`);
    assert(
      equalValues(Object.keys(row.row), Object.keys(wanted.row)),
      `${what}: key order of ${row.id}: ${Object.keys(row.row).join(" ")}`,
    );
  }
}

export function sameMeta(found: TableMeta, expected: TableMeta): void {
  const { notes, ...rest } = found;
  const { notes: expectedNotes, ...expectedRest } = expected;
  same(JSON.stringify(rest), JSON.stringify(expectedRest), "metadata");
  assert(equalValues(notes, expectedNotes), "notes of the metadata");
}
