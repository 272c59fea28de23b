import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { type DioEvent, Lens, memory } from "vantage-diorama";
import { expect, test } from "vitest";

const SUBSCRIBERS = 10_000;
const ONE_PERCENT = SUBSCRIBERS / 100;
const CHANGES = 1_500;
/** The ring that the bus keeps, told in the rules of Dio. */
const KEPT_EVENTS = 1_024;

test("P15 of 10,000 subscribers 1 % stall and 1 % throw: the others see every event, memory stays flat", async () => {
  let reported = 0;
  const logger = { error: () => void (reported += 1), info: () => undefined, debug: () => undefined };
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
  const readers: Promise<number>[] = [];
  for (let n = 0; n < SUBSCRIBERS / 2 - ONE_PERCENT; n++)
    readers.push(readTo(dio.subscribeEvents(), CHANGES));
  const stalled = Array.from({ length: ONE_PERCENT }, () => dio.subscribeEvents());

  for (let n = 0; n < 200; n++) await dio.cache.insert(`r${n}`, { id: `r${n}`, n });
  const heapBefore = heapUsed();
  for (let n = 200; n < CHANGES; n++) await dio.cache.insert(`r${n}`, { id: `r${n}`, n });
  const seen = await Promise.all(readers);
  const grownBytes = heapUsed() - heapBefore;

  expect(handled).toBe((SUBSCRIBERS / 2 - SUBSCRIBERS / 200) * CHANGES);
  expect(thrown).toBe((SUBSCRIBERS / 200) * CHANGES);
  expect(reported).toBe(thrown);
  expect(new Set(seen)).toEqual(new Set([CHANGES]));
  for (const subscription of stalled) {
    const first = await subscription.next();
    expect(first.value).toEqual({
      type: "lagged",
      missed: CHANGES - KEPT_EVENTS,
      seq: CHANGES - KEPT_EVENTS,
    });
    expect((await subscription.next()).value?.seq).toBe(CHANGES - KEPT_EVENTS + 1);
  }
  expect(grownBytes / 1e6).toBeLessThan(16);
  await lens.close();
});

/** How many events came before a gap or the last one: all of them. */
async function readTo(events: AsyncIterable<DioEvent>, last: number): Promise<number> {
  let seen = 0;
  for await (const event of events) {
    if (event.seq !== seen + 1) break;
    seen += 1;
    if (seen === last) break;
  }
  return seen;
}

function heapUsed(): number {
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("gc");
  if (typeof collect !== "function") throw new Error("no garbage collection to be asked for");
  collect();
  return process.memoryUsage().heapUsed;
}
