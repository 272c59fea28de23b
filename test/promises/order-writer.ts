/** Writes the order of a table again and again, between changes of a row, until it is killed: `node order-writer.ts <folder>`. */
import { openDurableCache } from "../../src/cache/sqlite/index.ts";

const BLOCKS = 20;
const BLOCK_BYTES = 50_000;

async function* blocksOf(edition: number): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  for (let block = 0; block < BLOCKS; block++) yield new Uint8Array(BLOCK_BYTES).fill(edition);
}

const cache = await openDurableCache(process.argv[2] ?? "");
const table = await cache.openTable("products");
const [stored] = await table.get(["edition"]);
for (let edition = Number(stored?.row["edition"] ?? 0) + 1; ; edition++) {
  await table.apply({ puts: [{ id: "edition", row: { edition }, fetchedAt: 1 }] });
  // The order that stands for these rows is written three times: each in place of the last.
  for (let time = 0; time < 3; time++) {
    await table.orders?.write("by price", table.orders.edition, blocksOf(edition & 0xff));
    if (time === 0) process.stdout.write("written\n");
  }
}
