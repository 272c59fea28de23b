import { createMemoryCache, Lens, memory, seedFromMaster } from "vantage-diorama";
import { expect, test } from "vitest";

test("D47 the memory cache has a Dio's rows again after it was closed", async () => {
  const cache = createMemoryCache();
  const lens = await Lens.builder().cacheSource(cache).build();
  const master = memory("products", { id: "id", rows: [{ id: "a", n: 1 }] });
  const first = await lens.makeDio(master, { onStart: seedFromMaster });
  await first.cache.insert("b", { id: "b", n: 2 });
  await first.close();
  const second = await lens.makeDio(master);
  expect([second.cache.complete, await second.cache.count()]).toEqual([true, 2]);
  await lens.close();
});
