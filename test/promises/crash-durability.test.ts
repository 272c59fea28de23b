import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { createActivity, Lens, memory } from "vantage-diorama";
import { createCrashHarness } from "vantage-diorama/testing/node";
import { expect, onTestFinished, test } from "vitest";

const WRITES = 20;

test.for([
  ["fsync", WRITES],
  ["process", WRITES],
  ["memory", 0],
] as const)(
  "P1 durability %s keeps %i of the acknowledged writes that were not sent",
  async ([durability, kept]) => {
    const folder = mkdtempSync(`${tmpdir()}/diorama-durability-`);
    const script = new URL("./crash-durability-writer.ts", import.meta.url);
    const harness = createCrashHarness({ script, args: [folder, durability, String(WRITES)] });
    onTestFinished(async () => {
      await harness.close();
      rmSync(folder, { recursive: true, force: true });
    });
    const { end, reports } = await harness.run({ kill: { point: "written" } });
    expect([end, reports.length]).toEqual(["died", WRITES]);

    const activity = createActivity("offline");
    const lens = await Lens.builder().cacheAt(folder).activity(activity).build();
    const master = memory("things", { id: "id" });
    const dio = await lens.makeDio(master);
    expect(dio.writes.pending().map(({ op }) => op.id)).toEqual(
      Array.from({ length: kept }, (_, n) => `r${n}`),
    );
    activity.set("active");
    await dio.flush();
    // What was lost with the memory is lost as a whole: no reader sees it, and nobody is told of it.
    const expected = new Map(Array.from({ length: kept }, (_, n) => [`r${n}`, { id: `r${n}`, n }]));
    expect(await master.list()).toEqual(expected);
    expect(await dio.vista().list()).toEqual(expected);
    await lens.close();
  },
);
