import { createActivity, Lens, memory } from "vantage-diorama";

/**
 * A process that holds a cache folder by its Lens until it is killed: `lens-holder.ts <folder> <life>`. Says `held`,
 * then `op <id>` for each write that was acknowledged (none is sent), and `rows <count>` for rows that are on disk.
 */
const [, , folder = "", life = "0"] = process.argv;
const ROWS_A_BATCH = 20;
const WRITES_A_BATCH = 10;

const lens = await Lens.builder().cacheAt(folder).activity(createActivity("offline")).build();
const dio = await lens.makeDio(memory("products", { id: "id", columns: { life: "text", n: "integer" } }));
process.stdout.write("held\n");
for (let batch = 0; ; batch++) {
  for (let n = batch * WRITES_A_BATCH; n < (batch + 1) * WRITES_A_BATCH; n++) {
    const id = `op ${life}-${n}`;
    await dio.vista().insert(id, { id, life, n });
    process.stdout.write(`${id}\n`);
  }
  const rows = Array.from({ length: ROWS_A_BATCH }, (_, index) => {
    const n = batch * ROWS_A_BATCH + index;
    const id = `row ${life}-${n}`;
    return [id, { id, life, n }] as const;
  });
  await dio.cache.insertAll(rows);
  await lens.flush();
  process.stdout.write(`rows ${(batch + 1) * ROWS_A_BATCH}\n`);
}
