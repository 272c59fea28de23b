/** Changes every row of a table again and again, until the process is killed: `node journal-writer.ts <folder>`. */
import { openDurableCache } from "../../src/cache/sqlite/index.ts";
import { RowStore } from "../../src/dio/row-store.ts";
import { systemClock } from "../../src/base/index.ts";

const ROWS = 25_000;

const cache = await openDurableCache(process.argv[2] ?? "");
const store = new RowStore(await cache.openTable("products"), {
  clock: systemClock,
  keeps: true,
  onFailure: (error) => {
    throw error;
  },
  onLost: () => undefined,
});
await store.whenLoaded();
const first = Number(store.note("at") ?? 0) + 1;
for (let at = first; ; at++) {
  // Every third time they are all replaced.
  if (at % 3 === 0) {
    store.adopt(new Map(Array.from({ length: ROWS }, (_, index) => [`r${index}`, { at }])), at);
  } else {
    for (let index = 0; index < ROWS; index++) store.set(`r${index}`, { at }, at);
  }
  store.setNotes(new Map([["at", at]]));
  store.setMeta({ complete: true });
  if (at === first) {
    await store.journal.flush();
    process.stdout.write("ready\n");
  }
  await new Promise((resolve) => setTimeout(resolve, 5));
}
