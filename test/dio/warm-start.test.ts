import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Dio, Lens, memory, type TableScenery, type Vista, vista } from "vantage-diorama";
import { afterAll, expect, onTestFinished, test } from "vitest";

const ROWS = 30_000;
const byPrice = { orderBy: [["price", "desc"], "name"] } as const;

const root = mkdtempSync(join(tmpdir(), "diorama-warm-start-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

interface Product {
  readonly id: string;
  readonly name: string;
  readonly price: number;
}

const rows = Array.from({ length: ROWS }, (_, index) => ({
  id: `p${index}`,
  name: `name ${index % 17}`,
  price: (index * 7_919) % 20_011,
}));

/** A master that can be asked nothing of its version: what is stored stands for it. */
function createMaster(): Vista<Product> {
  const { source } = memory<Product>("products", { id: "id", rows });
  return vista<Product>(
    new Proxy(source, {
      get(target, key) {
        const member: unknown = key === "version" ? undefined : Reflect.get(target, key);
        return typeof member === "function" ? member.bind(target) : member;
      },
    }),
  );
}

interface Session {
  readonly dio: Dio<Product>;
  end(): Promise<void>;
}

async function open(folder: string): Promise<Session> {
  const lens = await Lens.builder().cacheAt(join(root, folder)).build();
  onTestFinished(() => lens.close());
  const dio = await lens.makeDio(createMaster());
  return { dio, end: () => lens.close() };
}

type Table = TableScenery<Product>;

const idsOf = (table: Table, start: number, end: number): (string | undefined)[] =>
  Array.from({ length: end - start }, (_, at) => table.row(start + at)?.id);

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise((resolve) => setTimeout(resolve, 5));
}

const isLoaded = (dio: Dio<Product>): boolean => dio.diagnostics().cache.loaded;

/** The ids in order, from scratch. */
async function recomputed(dio: Dio<Product>): Promise<string[]> {
  const all = [...(await dio.vista().list()).values()];
  return all
    .toSorted((a, b) => b.price - a.price || compare(a.name, b.name) || compare(a.id, b.id))
    .map(({ id }) => id);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/** A first session that ends with the table open. */
async function fill(folder: string): Promise<(string | undefined)[]> {
  const { dio, end } = await open(folder);
  const table = await dio.tableScenery(byPrice).open();
  // On a slow machine, `open` shows what is there after half a second.
  await until(() => table.state.kind === "complete");
  const first = idsOf(table, 0, 50);
  await end();
  return first;
}

test("D60 after a restart the first screen is the same, and there before the rows are", async () => {
  const first = await fill("same");
  const { dio } = await open("same");
  const table = await dio.tableScenery(byPrice).open();
  expect([isLoaded(dio), table.rowCount, table.state.kind]).toEqual([false, ROWS, "partial"]);
  expect(idsOf(table, 0, 50)).toEqual(first);
  await until(() => isLoaded(dio));
  await until(() => table.state.kind === "complete");
  expect(idsOf(table, 0, ROWS)).toEqual(await recomputed(dio));
});

test("D61 a jump while rows are on their way brings those in, and tells it", async () => {
  await fill("jump");
  const { dio } = await open("jump");
  const table = await dio.tableScenery(byPrice).open();
  await until(() => table.state.kind === "complete");
  table.setViewport(20_000, 20_050);
  let told = 0;
  table.subscribe(() => (told += 1));
  const before = isLoaded(dio);
  idsOf(table, 20_000, 20_050);
  await until(() => idsOf(table, 20_000, 20_050).every((id) => id !== undefined));
  expect({ before, after: isLoaded(dio), told: told > 0 }).toEqual({
    before: false,
    after: false,
    told: true,
  });
  const shown = idsOf(table, 20_000, 20_050);
  expect(shown).toEqual((await recomputed(dio)).slice(20_000, 20_050));
});

test("D62 writes while rows are on their way land exactly, and are there after the next restart", async () => {
  await fill("writes");
  const session = await open("writes");
  const { dio } = session;
  const table = await dio.tableScenery(byPrice).open();
  const isEarly = !isLoaded(dio);
  await dio.vista().insert("first", { id: "first", name: "a", price: 90_000 });
  await dio.vista().patch("p5", { price: 80_000 });
  await dio.patched("p6", { id: "p6", name: "b", price: 70_000 });
  await dio.vista().delete(table.row(10)?.id ?? "");
  await dio.removed(table.row(20)?.id ?? "");
  await dio.cache.insert("middle", { id: "middle", name: "m", price: 10_000 });
  expect([isEarly, idsOf(table, 0, 3)]).toEqual([true, ["first", "p5", "p6"]]);
  expect(table.rowCount).toBe(ROWS);
  await dio.flush();
  await until(() => isLoaded(dio) && table.state.kind === "complete");
  const expected = await recomputed(dio);
  expect(idsOf(table, 0, ROWS)).toEqual(expected);
  await session.end();
  const next = await open("writes");
  const again = await next.dio.tableScenery(byPrice).open();
  expect([isLoaded(next.dio), idsOf(again, 0, 50)]).toEqual([false, expected.slice(0, 50)]);
});

test("D64 a damaged order shows no wrong row", async () => {
  const first = await fill("damaged");
  const orders = join(root, "damaged", "orders");
  for (const file of readdirSync(orders)) {
    const bytes = readFileSync(join(orders, file));
    // In the last block.
    const at = bytes.length - 4_000;
    bytes[at] = (bytes[at] ?? 0) ^ 4;
    writeFileSync(join(orders, file), bytes);
  }
  const { dio } = await open("damaged");
  const table = await dio.tableScenery(byPrice).open();
  expect(idsOf(table, 0, 50)).toEqual(first);
  await until(() => isLoaded(dio) && table.state.kind === "complete");
  expect(idsOf(table, 0, ROWS)).toEqual(await recomputed(dio));
});
