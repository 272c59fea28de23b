import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createActivity, Lens, memory, seedFromMaster } from "vantage-diorama";
import { createRandom } from "vantage-diorama/testing";
import { damageFile } from "vantage-diorama/testing/node";

const products = memory("products", { id: "sku", rows: [{ sku: "t1", price: 4 }] });

// #region damage
test("a cache file that went bad costs a refill, and no row and no write", async () => {
  for (let seed = 1; seed <= 2; seed++) {
    const folder = mkdtempSync(join(tmpdir(), "damage-"));
    const open = (): Promise<Lens> =>
      Lens.builder().cacheAt(folder).onStart(seedFromMaster).activity(activity).build();
    const activity = createActivity();

    const before = await open();
    const dio = await before.makeDio(products);
    activity.set("offline"); // what is written now stays in the queue
    await dio.vista().patch("t1", { price: 5 });
    await before.close();

    const file = join(folder, "cache.db");
    const { what, bytes } = damageFile(readFileSync(file), createRandom(seed));
    writeFileSync(file, bytes);

    activity.set("active");
    const after = await open();
    const again = await after.makeDio(products);
    await again.flush();
    assert.equal((await again.vista().get("t1"))?.price, 5, `seed ${seed}: ${what}`);
    assert.equal(products.source.rows.get("t1")?.price, 5);
    await after.close();
    products.source.set("t1", { sku: "t1", price: 4 });
    rmSync(folder, { recursive: true });
  }
});
// #endregion
