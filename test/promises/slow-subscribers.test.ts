import { type DioEvent, Lens, memory } from "vantage-diorama";
import { expect, test } from "vitest";

const SUBSCRIBERS = 10_000;
const ONE_PERCENT = SUBSCRIBERS / 100;
const CHANGES = 2_000;
/** The ring that the bus keeps, told in the rules of Dio. */
const KEPT_EVENTS = 1_024;

test("P15 of 10,000 subscribers 1 % stall and 1 % throw: the others see every event, memory stays flat", async () => {
  const reported: string[] = [];
  const logger = {
    error: (message: string) => void reported.push(message),
    info: () => undefined,
    debug: () => undefined,
  };
  const lens = await Lens.builder().logger(logger).build();
  const dio = await lens.makeDio(memory("rows", { id: "id", columns: { n: "integer" }, open: true }));

  let handled = 0;
  let thrown = 0;
  for (let n = 0; n < SUBSCRIBERS / 2; n++) {
    dio.on("recordInserted", () => {
      if (n % 100 === 0) {
        thrown += 1;
        throw new Error("a bad handler");
      }
      handled += 1;
    });
  }
  const readers: { readonly seen: number[]; readonly done: Promise<void> }[] = [];
  for (let n = 0; n < SUBSCRIBERS / 2 - ONE_PERCENT; n++)
    readers.push(readTo(dio.subscribeEvents(), CHANGES));
  const stalled = Array.from({ length: ONE_PERCENT }, () => dio.subscribeEvents());

  for (let n = 0; n < 200; n++) await dio.cache.insert(`r${n}`, { id: `r${n}`, n });
  globalThis.gc?.();
  const heapBefore = process.memoryUsage().heapUsed;
  for (let n = 200; n < CHANGES; n++) await dio.cache.insert(`r${n}`, { id: `r${n}`, n });
  await Promise.all(readers.map((reader) => reader.done));
  globalThis.gc?.();
  // What the readers noted themselves (a number for each event) is theirs.
  const notedBytes = readers.length * CHANGES * 8;
  const grownBytes = process.memoryUsage().heapUsed - heapBefore - notedBytes;

  expect(handled).toBe((SUBSCRIBERS / 2 - SUBSCRIBERS / 200) * CHANGES);
  expect(thrown).toBe((SUBSCRIBERS / 200) * CHANGES);
  expect(reported.length).toBe(thrown);
  const all = Array.from({ length: CHANGES }, (_, index) => index + 1);
  for (const { seen } of readers) expect(seen).toEqual(all);
  for (const subscription of stalled) {
    const first = await subscription.next();
    expect(first.value).toEqual({
      type: "lagged",
      missed: CHANGES - KEPT_EVENTS,
      seq: CHANGES - KEPT_EVENTS,
    });
    expect((await subscription.next()).value?.seq).toBe(CHANGES - KEPT_EVENTS + 1);
  }
  expect(grownBytes / 1e6).toBeLessThan(64);
  await lens.close();
});

function readTo(events: AsyncIterable<DioEvent>, last: number): { seen: number[]; done: Promise<void> } {
  const seen: number[] = [];
  const done = (async () => {
    for await (const event of events) {
      seen.push(event.seq);
      if (event.seq === last) break;
    }
  })();
  return { seen, done };
}
