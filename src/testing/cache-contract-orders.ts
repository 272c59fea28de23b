import { assert, must, sleep, systemClock } from "../base/index.ts";
import { blankMeta, type CacheBackend, type CacheTable, type OrderStore } from "../cache/index.ts";
import { equalValues } from "../record/index.ts";
import { awkwardNames } from "./awkward-values.ts";
import type { Prove } from "./cache-contract-rows.ts";
import { holds, numbered, someMeta, stored } from "./cache-rows.ts";
import { fails, same } from "./contract-check.ts";

/** More orders than any backend keeps of one table. */
const MANY_ORDERS = 40;

interface Reopening {
  readonly durable: boolean;
  open(place: string): Promise<CacheBackend>;
}

/** What a backend promises whose tables keep orders. */
export function proveOrders(prove: Prove, subject: Reopening): void {
  proveKept(prove, subject);
  proveEditions(prove);
  proveWrites(prove);
}

/** A backend that keeps none says so. */
export function proveNoOrders(prove: Prove): void {
  prove("C31 a table without orders offers no place for them", async (backend) => {
    const table = await backend.openTable("products");
    same(table.orders, undefined, "orders");
  });
}

function proveKept(prove: Prove, subject: Reopening): void {
  prove("C31 an order is read back block by block, also when opened again", async (backend, place) => {
    let table = await filled(backend);
    same(await readOrder(table, "by price", 0), undefined, "a block of no order");
    assert(await write(table, "by price", blocksOf(1)), "the order is kept");
    assert(await write(table, "by name", blocksOf(2)), "the second is kept");
    await isWritten(table, "by price", blocksOf(1));
    assert(await write(table, "by price", blocksOf(3)), "the third takes the place of the first");
    const isWhole = async (): Promise<void> => {
      await isWritten(table, "by price", blocksOf(3));
      await isWritten(table, "by name", blocksOf(2));
      await areNamed(table, ["by name", "by price"]);
    };
    await isWhole();
    const { edition } = ordersOf(table);
    await table.close();
    table = await backend.openTable("products");
    await isWhole();
    same(ordersOf(table).edition, edition, "edition of the table opened again");
    if (!subject.durable) return;
    await backend.close();
    const again = await subject.open(place);
    table = await again.openTable("products");
    await isWhole();
    same(ordersOf(table).edition, edition, "edition of the backend opened again");
    await again.close();
  });

  prove("C13 after close every call of orders is closed", async (backend) => {
    const table = await filled(backend);
    const orders = ordersOf(table);
    await table.close();
    await fails(orders.read("by price", 1, 0), "closed");
    await fails(orders.write("by price", orders.edition, eachOf([])), "closed");
    await fails(orders.drop("by price"), "closed");
    await fails(orders.names(), "closed");
  });
}

function proveEditions(prove: Prove): void {
  prove("C32 a batch that may change a row makes what was ordered before it missing", async (backend) => {
    const table = await filled(backend);
    const orders = ordersOf(table);
    const batches = [{ puts: [stored("new")] }, { deletes: ["row 1"] }, { clear: true }];
    const seen = new Set([orders.edition]);
    for (const batch of batches) {
      assert(await write(table, "by price", blocksOf(1)), "the order is kept");
      await table.apply({});
      await table.apply({ meta: someMeta });
      await table.apply({ deletes: [], puts: [], meta: { ...blankMeta, complete: true } });
      assert(seen.has(orders.edition), "the edition stays without a change of rows");
      await isWritten(table, "by price", blocksOf(1));
      const before = orders.edition;
      await table.apply(batch);
      assert(!seen.has(orders.edition), "another edition");
      seen.add(orders.edition);
      await isMissing(table, "by price");
      if (batch.clear !== true) await isWritten(table, "by price", blocksOf(1), before);
      same(await orders.write("late", before, eachOf(blocksOf(1))), false, "an order of earlier rows");
      await isMissing(table, "late");
    }
    await holds(table, []);
  });

  prove("C33 drop, dropTable and clear remove orders; tables share none", async (backend) => {
    const other = await backend.openTable("other");
    await other.apply({ puts: numbered(3) });
    for (const [index, name] of awkwardNames.slice(0, 8).entries()) {
      const table = await backend.openTable(name);
      await table.apply({ puts: numbered(2) });
      assert(await write(table, name, blocksOf(index)), "the order is kept");
      assert(await write(table, "second", blocksOf(index + 100)), "the second is kept");
      await isWritten(table, name, blocksOf(index));
      await areNamed(table, [name, "second"]);
      await areNamed(other, []);
      await ordersOf(table).drop(name);
      await ordersOf(table).drop("never there");
      await areNamed(table, ["second"]);
      await table.close();
      await backend.dropTable(name);
      await areNamed(await backend.openTable(name), []);
    }
  });
}

function proveWrites(prove: Prove): void {
  prove("C34 a write that is given up, or overtaken by a change, keeps nothing", async (backend) => {
    const table = await filled(backend);
    const orders = ordersOf(table);
    assert(await write(table, "by price", blocksOf(1)), "the order is kept");
    await failsWith("given up", orders.write("by price", orders.edition, givingUp()));
    await isWritten(table, "by price", blocksOf(1));
    await failsWith("given up", orders.write("by name", orders.edition, givingUp()));
    await isMissing(table, "by name");
    const overtaken = orders.write("by name", orders.edition, overtaking(table));
    same(await overtaken, false, "an order whose rows changed meanwhile");
    await isMissing(table, "by name");
    await isMissing(table, "by price");
    await holds(table, [...numbered(100), stored("meanwhile")]);
  });

  prove("C35 orders that were not used for longest make room", async (backend) => {
    const table = await filled(backend);
    const orders = ordersOf(table);
    for (let index = 0; index < MANY_ORDERS; index++) {
      assert(await write(table, `order ${index}`, blocksOf(index)), "the order is kept");
      // Apart in time, as the file system tells it.
      await sleep(systemClock, 5, undefined, { keepAlive: true });
      await isWritten(table, "order 0", blocksOf(0));
      await sleep(systemClock, 5, undefined, { keepAlive: true });
    }
    const names = await orders.names();
    assert(names.length < MANY_ORDERS, `${names.length} orders are kept`);
    const last = Array.from({ length: names.length - 1 }, (_, index) => `order ${MANY_ORDERS - 1 - index}`);
    await areNamed(table, ["order 0", ...last]);
  });
}

async function filled(backend: CacheBackend): Promise<CacheTable> {
  const table = await backend.openTable("products");
  await table.apply({ puts: numbered(100) });
  return table;
}

function ordersOf(table: CacheTable): OrderStore {
  return must(table.orders, "the table keeps orders");
}

function write(table: CacheTable, name: string, blocks: readonly Block[]): Promise<boolean> {
  const orders = ordersOf(table);
  return orders.write(name, orders.edition, eachOf(blocks));
}

function readOrder(table: CacheTable, name: string, block: number): Promise<Block | undefined> {
  const orders = ordersOf(table);
  return orders.read(name, orders.edition, block);
}

type Block = Uint8Array<ArrayBuffer>;

/** Blocks of several sizes, one of them empty, that differ with the number. */
function blocksOf(number: number): Block[] {
  return [10, 0, 70_000, 1].map((length, block) =>
    Uint8Array.from({ length }, (_, index) => (index * 7 + number * 13 + block) & 0xff),
  );
}

async function* eachOf(blocks: readonly Block[]): AsyncGenerator<Block> {
  yield* blocks;
}

async function* givingUp(): AsyncGenerator<Block> {
  yield* blocksOf(5);
  throw new Error("given up");
}

async function* overtaking(table: CacheTable): AsyncGenerator<Block> {
  yield* blocksOf(6);
  await table.apply({ puts: [stored("meanwhile")] });
}

async function isWritten(
  table: CacheTable,
  name: string,
  blocks: readonly Block[],
  edition = ordersOf(table).edition,
): Promise<void> {
  const orders = ordersOf(table);
  for (const [index, wanted] of blocks.entries()) {
    const found = await orders.read(name, edition, index);
    assert(found !== undefined && equalValues(found, wanted), `block ${index} of ${name}`);
  }
  same(await orders.read(name, edition, blocks.length), undefined, "a block behind the last");
}

async function isMissing(table: CacheTable, name: string): Promise<void> {
  for (let block = 0; block < 4; block++)
    same(await readOrder(table, name, block), undefined, `block ${block}`);
  assert(!(await ordersOf(table).names()).includes(name), `${name} is not listed`);
}

async function areNamed(table: CacheTable, names: readonly string[]): Promise<void> {
  const found = await ordersOf(table).names();
  assert(equalValues(found.toSorted(), [...names].toSorted()), `orders: ${JSON.stringify(found)}`);
}

async function failsWith(message: string, call: Promise<unknown>): Promise<void> {
  const failure = await call.then(
    () => undefined,
    (error: unknown) => error,
  );
  assert(failure instanceof Error && failure.message === message, `it fails with: ${message}`);
}
