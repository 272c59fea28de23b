import { assert, isDioramaError } from "../base/index.ts";
import { blankMeta, type CacheBackend, type CacheTable } from "../cache/index.ts";
import { equalValues } from "../record/index.ts";
import { awkwardNames } from "./awkward-values.ts";
import { proveNoOrders, proveOrders } from "./cache-contract-orders.ts";
import { type Prove, proveRowsAndBatches } from "./cache-contract-rows.ts";
import { checkAgainstMap } from "./cache-model.ts";
import { collect, holds, numbered, sameMeta, someMeta, stored } from "./cache-rows.ts";
import { type ContractTest, fails, same } from "./contract-check.ts";

/** A cache backend to be proven. */
export interface CacheSubject {
  readonly durable: boolean;
  readonly keeps: boolean;
  /** Its tables keep orders. Default: they don't. */
  readonly orders?: boolean;
  /** Opens the backend of a place; the same place again, after closing, is the same storage where it is durable. */
  open(place: string): Promise<CacheBackend>;
  /** Of the random sequences; printed when one fails. */
  readonly seed: number;
}

/** Proves the contract of CacheBackend: one test a rule of docs/spec/cache.md. */
export function cacheContract(test: ContractTest, subject: CacheSubject): void {
  let places = 0;
  const prove: Prove = (title, body) => {
    const place = `contract-${++places}`;
    test(title, async () => {
      const backend = await subject.open(place);
      try {
        await body(backend, place);
      } finally {
        await backend.close();
      }
    });
  };
  proveTables(prove);
  proveEnds(prove);
  if (subject.orders !== true) proveNoOrders(prove);
  if (subject.keeps) {
    proveRowsAndBatches(prove);
    proveKept(prove, subject);
    if (subject.orders === true) proveOrders(prove, subject);
  } else {
    proveNothingKept(prove);
  }
}

function proveTables(prove: Prove): void {
  prove("C9 any text names a table, and tables share nothing", async (backend) => {
    for (const [index, name] of awkwardNames.entries()) {
      const table = await backend.openTable(name);
      await table.apply({ puts: [stored("same id", { index })] });
      await table.close();
    }
    for (const [index, name] of awkwardNames.entries()) {
      const table = await backend.openTable(name);
      await holds(table, backend.keeps ? [stored("same id", { index })] : []);
    }
  });

  prove("C10 a table is open once", async (backend) => {
    const table = await backend.openTable("products");
    const error = await fails(backend.openTable("products"), "inUse");
    assert(error.message.includes('"products"'), `the message names the table: ${error.message}`);
    await table.close();
    const [first, second] = await Promise.allSettled([
      backend.openTable("products"),
      backend.openTable("products"),
    ]);
    same(first.status, "fulfilled", "the first of two at the same moment");
    assert(second.status === "rejected" && isDioramaError(second.reason, "inUse"), "the second is inUse");
  });

  prove("C11 a dropped table is gone; an open one is inUse, an unknown one no error", async (backend) => {
    const table = await backend.openTable("products");
    await table.apply({ puts: [stored("a")], meta: someMeta });
    await fails(backend.dropTable("products"), "inUse");
    await table.close();
    await backend.dropTable("products");
    await backend.dropTable("never there");
    same((await backend.tableNames()).length, 0, "tables");
    const again = await backend.openTable("products");
    await holds(again, []);
    sameMeta(again.meta, blankMeta);
  });

  prove("C12 tableNames lists what is kept", async (backend) => {
    same((await backend.tableNames()).length, 0, "tables of a new backend");
    for (const name of awkwardNames) await backend.openTable(name);
    const kept = backend.keeps ? awkwardNames : [];
    const names = await backend.tableNames();
    assert(
      equalValues(names.toSorted(), kept.toSorted()),
      `names as they were given: ${JSON.stringify(names)}`,
    );
  });
}

function proveEnds(prove: Prove): void {
  prove("C13 after close every call is closed", async (backend) => {
    const table = await backend.openTable("products");
    const other = await backend.openTable("other");
    await Promise.all([table.close(), table.close()]);
    await table.close();
    await tableIsClosed(table);
    await backend.close();
    await backend.close();
    await tableIsClosed(other);
    await fails(backend.openTable("products"), "closed");
    await fails(backend.dropTable("products"), "closed");
    await fails(backend.tableNames(), "closed");
  });

  prove("C13 closing waits for the batch on its way", async (backend) => {
    const table = await backend.openTable("products");
    const applying = table.apply({ puts: numbered(2_000) });
    await backend.close();
    await applying;
  });
}

async function tableIsClosed(table: CacheTable): Promise<void> {
  await fails(table.get(["a"]), "closed");
  await fails(table.apply({}), "closed");
  await fails(collect(table), "closed");
}

function proveKept(prove: Prove, subject: CacheSubject): void {
  prove("C8 after any sequence of calls a table equals a Map", (backend, place) =>
    checkAgainstMap(subject, backend, place),
  );

  prove("C14 a table that is opened again has its rows, order and metadata", async (backend) => {
    await fillAndClose(backend);
    await isFilled(backend);
  });

  if (subject.durable) {
    prove(
      "C15 a backend that is opened again has its tables, rows, order and metadata",
      async (backend, place) => {
        await fillAndClose(backend);
        await backend.close();
        const again = await subject.open(place);
        assert(equalValues(await again.tableNames(), ["products"]), "the tables are kept");
        await isFilled(again);
        await again.close();
      },
    );
  } else {
    prove("C16 a backend that isn't durable starts empty", async (backend, place) => {
      await fillAndClose(backend);
      await backend.close();
      const again = await subject.open(place);
      same((await again.tableNames()).length, 0, "tables");
      await again.close();
    });
  }
}

function proveNothingKept(prove: Prove): void {
  prove("C17 a backend that keeps nothing takes every batch and shows no row", async (backend) => {
    same(backend.keeps, false, "keeps");
    const table = await backend.openTable("products");
    await table.apply({ puts: numbered(10), meta: someMeta });
    await holds(table, []);
    sameMeta(table.meta, blankMeta);
  });
}

async function fillAndClose(backend: CacheBackend): Promise<void> {
  const table = await backend.openTable("products");
  await table.apply({ puts: numbered(1_500) });
  await table.apply({ deletes: ["row 0"], puts: [stored("row 7", { changed: true })], meta: someMeta });
  await table.close();
}

async function isFilled(backend: CacheBackend): Promise<void> {
  const table = await backend.openTable("products");
  same(table.lost, undefined, "lost");
  sameMeta(table.meta, someMeta);
  const expected = numbered(1_500).map((row) =>
    row.id === "row 7" ? stored("row 7", { changed: true }) : row,
  );
  await holds(table, expected.slice(1));
}
