import { assert } from "../base/index.ts";
import { blankMeta, type CacheBackend, type StoredRow } from "../cache/index.ts";
import { awkwardRows } from "./awkward-values.ts";
import { byId, holds, numbered, sameMeta, sameRows, someMeta, stored } from "./cache-rows.ts";
import { same } from "./contract-check.ts";

export type Prove = (title: string, body: (backend: CacheBackend, place: string) => Promise<void>) => void;

/** What rows, batches and reads of one table promise. */
export function proveRowsAndBatches(prove: Prove): void {
  proveRows(prove);
  proveBatches(prove);
  proveReads(prove);
  proveOverlaps(prove);
}

function proveRows(prove: Prove): void {
  prove("C1 rows come back by type and key order, with their ids and times", async (backend) => {
    const table = await backend.openTable("products");
    const puts = awkwardRows().map((row, index) => stored(`row ${index} ß😀`, row, 1.7e12 + index + 0.25));
    await table.apply({ puts });
    await holds(table, puts);
    sameRows(await table.get(puts.map(({ id }) => id)), puts, "by id");
  });

  prove("C2 rows stand in the order of first insertion", async (backend) => {
    const table = await backend.openTable("products");
    await table.apply({ puts: [stored("c"), stored("a"), stored("b")] });
    await table.apply({ puts: [stored("a", { changed: true }), stored("d")] });
    await holds(table, [stored("c"), stored("a", { changed: true }), stored("b"), stored("d")]);
    await table.apply({ deletes: ["c", "d"] });
    await table.apply({ puts: [stored("c")] });
    await table.apply({ deletes: ["a"], puts: [stored("a")] });
    await holds(table, [stored("b"), stored("c"), stored("a")]);
  });
}

function proveBatches(prove: Prove): void {
  prove("C3 a batch is clear, deletes, puts, metadata; the later of two puts counts", async (backend) => {
    const table = await backend.openTable("products");
    await table.apply({ puts: [stored("a"), stored("b")] });
    await table.apply({
      clear: true,
      deletes: ["a", "unknown"],
      puts: [stored("a", { n: 1 }), stored("c"), stored("a", { n: 2 })],
      meta: someMeta,
    });
    await holds(table, [stored("a", { n: 2 }), stored("c")]);
    sameMeta(table.meta, someMeta);
    await table.apply({ clear: true });
    await holds(table, []);
    await table.apply({});
    await table.apply({ puts: [stored("z")] });
    await holds(table, [stored("z")]);
  });

  prove("C6 metadata and row count are those committed last, blank for a new table", async (backend) => {
    const table = await backend.openTable("products");
    sameMeta(table.meta, blankMeta);
    same(table.rowCount, 0, "rows of a new table");
    same(table.lost, undefined, "lost of a new table");
    await table.apply({ puts: [stored("a")], meta: someMeta });
    await table.apply({ puts: [stored("a", { n: 2 }), stored("b")] });
    sameMeta(table.meta, someMeta);
    same(table.rowCount, 2, "rows");
    await table.apply({ meta: { ...blankMeta, notes: { position: 7n, nested: { at: new Date(0) } } } });
    sameMeta(table.meta, { ...blankMeta, notes: { position: 7n, nested: { at: new Date(0) } } });
    await table.apply({ deletes: ["a"] });
    same(table.rowCount, 1, "rows after a delete");
  });
}

function proveReads(prove: Prove): void {
  prove("C4 get answers the stored ones among the ids", async (backend) => {
    const table = await backend.openTable("products");
    const puts = numbered(3_000);
    await table.apply({ puts });
    sameRows(await table.get([]), [], "of no ids");
    sameRows(await table.get(["unknown"]), [], "of an unknown id");
    const ids = puts.flatMap(({ id }) => [id, `no ${id}`]);
    sameRows(byId(await table.get(ids)), byId(puts), "of all ids");
  });

  prove("C5 scan shows every row once, in batches; one that is given up disturbs nobody", async (backend) => {
    const table = await backend.openTable("products");
    const puts = numbered(2_500);
    await table.apply({ puts });
    for (const batchRows of [1_000, 2_500, 10_000]) {
      const found: StoredRow[] = [];
      for await (const batch of table.scan(batchRows)) {
        assert(batch.length > 0 && batch.length <= batchRows, `a batch of ${batch.length} rows`);
        found.push(...batch);
      }
      sameRows(found, puts, `scanned by ${batchRows}`);
    }
    for await (const batch of table.scan(1)) {
      sameRows(batch, puts.slice(0, 1), "the first row");
      break;
    }
    await table.apply({ puts: [stored("after")] });
    same(table.rowCount, 2_501, "rows after a scan that was given up");
  });
}

function proveOverlaps(prove: Prove): void {
  prove("C7 a read that overlaps a batch sees the table before it or after it", async (backend) => {
    const table = await backend.openTable("products");
    const before = numbered(2_000);
    await table.apply({ puts: before });
    const after = before.map(({ id }) => stored(id, { changed: true }));
    const ids = before.map(({ id }) => id);
    const reads = [table.get(ids)];
    const applying = table.apply({ clear: true, puts: after });
    reads.push(table.get(ids));
    await Promise.resolve();
    reads.push(table.get(ids));
    for (const found of await Promise.all(reads)) {
      const isBefore = found.every(({ row }) => row["changed"] === undefined);
      const isAfter = found.every(({ row }) => row["changed"] === true);
      assert(found.length === 2_000 && (isBefore || isAfter), "a batch was seen in part");
    }
    await applying;
  });

  prove("C7 a scan that batches overlap shows the rows they leave alone exactly once", async (backend) => {
    const table = await backend.openTable("products");
    const puts = numbered(400);
    await table.apply({ puts });
    const seen = new Map<string, number>();
    let step = 0;
    for await (const batch of table.scan(50)) {
      for (const { id } of batch) seen.set(id, (seen.get(id) ?? 0) + 1);
      const touched = puts.filter((_, index) => index % 10 === step);
      await table.apply(step % 2 === 0 ? { deletes: touched.map(({ id }) => id) } : { puts: touched });
      // One new row a batch: a scan that ran after them would never end.
      await table.apply({ puts: [stored(`new ${step}`), stored("new 0", { step })] });
      step += 1;
      if (step === 5) await table.apply({ deletes: ["new 1"] });
      assert(step <= 20, "the scan ends");
    }
    const left = puts.filter((_, index) => index % 10 > 8);
    for (const { id } of left) same(seen.get(id), 1, `times that ${id} was shown`);
    assert(Math.max(...seen.values()) === 1, "a row was shown twice");
  });

  prove("C7 a scan ends in good order when the table is cleared under it", async (backend) => {
    const table = await backend.openTable("products");
    await table.apply({ puts: numbered(300) });
    let isFirst = true;
    for await (const batch of table.scan(100)) {
      assert(batch.length > 0, "an empty batch");
      if (isFirst) await table.apply({ clear: true, puts: numbered(150) });
      isFirst = false;
    }
    await holds(table, numbered(150));
  });
}
