import { type CacheBackend, createMemoryCache, type MemoryVista } from "vantage-diorama";
import { expect, onTestFinished, test } from "vitest";
import { blankMeta } from "../../src/cache/index.ts";
import { KeptQueues } from "./kept-queues.ts";
import { createStage, openLens, type Product, settle } from "./setup.ts";

/** What a session has left that knew one row, at an older price. */
async function leftCache(backend: MemoryVista<Product>, isClean: boolean): Promise<CacheBackend> {
  const cache = createMemoryCache();
  onTestFinished(() => cache.close());
  const table = await cache.openTable("products");
  const row = { id: "a", name: "Apple tart", price: 250, category: "tarts" };
  const meta = { ...blankMeta, fingerprint: backend.fingerprint(), clean: isClean };
  await table.apply({ puts: [{ id: "a", row, fetchedAt: 0 }], meta });
  await table.close();
  return cache;
}

test.for([
  { isClean: false, calls: 1, price: 300 },
  { isClean: true, calls: 0, price: 250 },
])(
  "D10 a row of a cache that holds some, left with clean: $isClean, is read again $calls times",
  async ({ isClean, calls, price }) => {
    const { backend, source, builder, clock } = createStage();
    const lens = await openLens({ builder: builder.cacheSource(await leftCache(backend, isClean)), clock });
    const dio = await lens.makeDio(source);
    // At once, and renewed behind: what came after it may not have reached the file.
    expect((await dio.vista().get("a"))?.price).toBe(250);
    await settle();
    expect([source.calls("get"), (await dio.cache.get("a"))?.price]).toEqual([calls, price]);
    await dio.vista().get("a");
    await settle();
    expect(source.calls("get")).toBe(calls);
  },
);

test.for([{ isClean: false }, { isClean: true }])(
  "D10 what a kept write brings at the start of a cache that was left with clean: $isClean is not read once more",
  async ({ isClean }) => {
    const { backend, source, builder, clock } = createStage();
    const queues = new KeptQueues();
    const kept = await queues.openQueue("products");
    const op = {
      opId: "1",
      enqueuedAt: 0,
      attempt: 0,
      kind: "patch",
      id: "a",
      partial: { price: 7 },
    } as const;
    await kept.apply({
      puts: [{ sequence: 1, op, state: "queued", nextAttemptAt: 0, outcomeUnknown: false }],
    });
    await kept.close();
    const cache = await leftCache(backend, isClean);
    const lens = await openLens({ builder: builder.cacheSource(cache).queueSource(queues), clock });
    const dio = await lens.makeDio(source);
    await settle();
    expect([source.calls("patch"), (await dio.cache.confirmed("a"))?.price]).toEqual([1, 7]);
    await dio.vista().get("a");
    await settle();
    expect(source.calls("get")).toBe(0);
    expect(dio.diagnostics().freshness.stale).toBe(!isClean);
  },
);
