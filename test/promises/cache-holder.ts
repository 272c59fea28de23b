import { blankMeta } from "../../src/cache/index.ts";
import { openDurableCache } from "../../src/cache/sqlite/index.ts";

/**
 * A process that holds a cache folder and writes until it is killed. Says `held`, then the number of each
 * batch that was stored; a batch holds 50 rows and that number in its metadata.
 */
const cache = await openDurableCache(process.argv[2] ?? "");
const table = await cache.openTable("products");
process.stdout.write("held\n");
for (let batch = Number(table.meta.total ?? 0) + 1; ; batch++) {
  const puts = Array.from({ length: 50 }, (_, index) => ({
    id: `${batch}-${index}`,
    row: { batch, index },
    fetchedAt: batch,
  }));
  await table.apply({ puts, meta: { ...blankMeta, total: batch } });
  process.stdout.write(`${batch}\n`);
}
