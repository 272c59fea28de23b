import { subscribe, tracingChannel } from "node:diagnostics_channel";
import {
  createActivity,
  type DioDiagnostics,
  DioramaError,
  Lens,
  type Logger,
  memory,
  seedFromMaster,
} from "vantage-diorama";
import type { TracedCall, TracedFailure } from "vantage-diorama";
import { createManualClock } from "vantage-diorama/testing";

const products = memory("products", {
  id: "sku",
  rows: [
    { sku: "c1", name: "Coffee", price: 7 },
    { sku: "t1", name: "Green tea", price: 4 },
  ],
});
const clock = createManualClock(); // so that this program prints the same every time
const activity = createActivity();

// #region logger
const logger: Logger = {
  error: (message, fields) => console.log("ERROR", message, JSON.stringify(fields)),
  info: () => undefined,
  debug: () => undefined,
};
// #endregion

// #region channels
subscribe("diorama.failure", (message) => {
  const { dio, type, error } = message as TracedFailure;
  console.log("failure:", dio, type, error.code);
});

const begun = new WeakMap<object, number>();
const tookMs = new Map<string, number[]>(); // a histogram of yours
const calls = tracingChannel<unknown, TracedCall>("diorama.call");
calls.start.subscribe((call) => begun.set(call as TracedCall, performance.now()));
calls.asyncEnd.subscribe((message) => {
  const call = message as TracedCall;
  const measured = tookMs.get(call.operation) ?? [];
  tookMs.set(call.operation, [...measured, performance.now() - (begun.get(call) ?? 0)]);
});
// #endregion

const lens = await Lens.builder()
  .clock(clock)
  .logger(logger)
  .activity(activity)
  .onStart(seedFromMaster)
  .onWrite((_dio, op) => {
    if (op.kind === "delete") throw new DioramaError("rejected", "nothing may be deleted");
  })
  .build();
const dio = await lens.makeDio(products);

// #region alerts
const MINUTE = 60_000;

function alerts({ name, cache, freshness, writes, failures }: DioDiagnostics): string[] {
  const found: [boolean, string][] = [
    [writes.lost.length > 0, `writes that could not be read back: ${writes.lost.length}`],
    [writes.failed > 0, `refused writes that wait for a decision: ${writes.failed}`],
    [
      (writes.oldestMs ?? 0) > 5 * MINUTE,
      `the oldest write has waited ${(writes.oldestMs ?? 0) / MINUTE} minutes`,
    ],
    [cache.error !== undefined, `the cache is not written: ${cache.error}`],
    [freshness.stale, "what is shown is out of date"],
    [failures.feed?.isLasting === true, "the source's changes do not arrive"],
  ];
  return found.flatMap(([isSo, what]) => (isSo ? [`${name}: ${what}`] : []));
}
// #endregion

console.log("at first:", alerts(dio.diagnostics()));
await dio.vista().delete("c1");
await dio.flush();
activity.set("offline");
await dio.vista().patch("t1", { price: 5 });
await clock.advance(10 * MINUTE);
console.log("later:", alerts(dio.diagnostics()));
console.log("timed:", [...tookMs.keys()]);
activity.set("active");
await dio.flush();
await lens.close();
