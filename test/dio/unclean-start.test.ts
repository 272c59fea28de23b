import { createMemoryCache } from "vantage-diorama";
import { expect, onTestFinished, test } from "vitest";
import { blankMeta } from "../../src/cache/index.ts";
import { createStage, openLens, settle } from "./setup.ts";

test.for([
  { isClean: false, calls: 1, price: 300 },
  { isClean: true, calls: 0, price: 250 },
])(
  "D10 a row of a cache that holds some, left with clean: $isClean, is read again $calls times",
  async ({ isClean, calls, price }) => {
    const { backend, source, builder, clock } = createStage();
    const cache = createMemoryCache();
    onTestFinished(() => cache.close());
    const table = await cache.openTable("products");
    const row = { id: "a", name: "Apple tart", price: 250, category: "tarts" };
    const meta = { ...blankMeta, fingerprint: backend.fingerprint(), clean: isClean };
    await table.apply({ puts: [{ id: "a", row, fetchedAt: clock.now() }], meta });
    await table.close();
    const lens = await openLens({ builder: builder.cacheSource(cache), clock });
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
