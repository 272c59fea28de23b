import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createActivity, Lens, memory } from "vantage-diorama";
import { createCrashHarness, passCrashPoint, reportCrash } from "vantage-diorama/testing/node";

const orders = memory("orders", { id: "id", columns: { id: "text", price: "integer" } });

// Here both are one file: started with a folder it is the program that is killed.
const given = process.argv[2];
if (given === undefined) await test(mkdtempSync(join(tmpdir(), "crash-")));
else await write(given);

// #region child
async function write(folder: string): Promise<void> {
  const lens = await Lens.builder().cacheAt(folder).activity(createActivity("offline")).build();
  const dio = await lens.makeDio(orders);
  reportCrash("open");
  for (let price = 1; ; price++) {
    const id = `${process.pid}-${price}`;
    await dio.vista().replace(id, { id, price });
    reportCrash("acknowledged", id); // its parent has it, whatever happens next
    passCrashPoint("after a write");
  }
}
// #endregion

async function test(folder: string): Promise<void> {
  // #region parent
  const harness = createCrashHarness({ script: new URL(import.meta.url), args: [folder], seed: 7 });
  const acknowledged = new Set<unknown>();
  for (let kill = 1; kill <= 3; kill++) {
    const life = await harness.run({ kill: { withinMs: [0, 60], since: "open" } });
    for (const { is, data } of life.reports) if (is === "acknowledged") acknowledged.add(data);
    console.log(`kill ${kill}:`, life.end);
  }
  const exact = await harness.run({ kill: { point: "after a write", pass: 5 } });
  const fifth = exact.reports.filter(({ is }) => is === "acknowledged");
  console.log("at the point:", exact.end, "after", fifth.length, "writes");

  const lens = await Lens.builder().cacheAt(folder).activity(createActivity("offline")).build();
  const dio = await lens.makeDio(orders);
  const kept = new Set(dio.writes.pending().map(({ op }) => op.id));
  const lost = [...acknowledged, ...fifth.map(({ data }) => data)].filter((id) => !kept.has(String(id)));
  console.log("lost:", lost.length);
  await lens.close();
  await harness.close();
  // #endregion
  rmSync(folder, { recursive: true });
}
