/** Counts for ever, says every number, and passes the point "counted" at each: `node crash-counter.ts [count|hang|fail|end|parent|grandparent]`. */
import { createCrashHarness, passCrashPoint, reportCrash } from "vantage-diorama/testing/node";

const way = process.argv[2] ?? "count";
reportCrash("started", { pid: process.pid, args: process.argv.slice(2) });
console.log("this is printed, not reported");
for (let count = 1; way === "count"; count++) {
  reportCrash("counted", count);
  passCrashPoint("counted");
  if (count % 100 === 0) await new Promise((resolve) => setTimeout(resolve, 0));
}
if (way === "fail") throw new Error("the child went wrong");
if (way === "hang") setInterval(() => undefined, 1_000);
if (way === "parent") {
  const harness = createCrashHarness({ script: new URL(import.meta.url), args: ["hang"] });
  await harness.run({ onReport: ({ data }) => reportCrash("child", data) });
}
if (way === "grandparent") {
  // It was given a point of its own, which is none of its child's business.
  const harness = createCrashHarness({ script: new URL(import.meta.url), args: ["count"] });
  const { end, reports } = await harness.run({ kill: { withinMs: [20, 20], since: "counted" } });
  reportCrash("ended", { end, hasCounted: reports.length > 2 });
}
