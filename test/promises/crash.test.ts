import { createCrashHarness } from "vantage-diorama/testing/node";
import { expect, onTestFinished, test } from "vitest";
import { ROUND_KILLS, ROUND_RECOVERY_KILLS } from "./crash-battery.ts";
import type { CrashCounts } from "./crash-trial.ts";
import { seedsOf } from "./seeds.ts";

const ROUNDS = 10;
const ROUND_LIMIT_MS = 120_000;

test(
  "P1 P2 P3 what was acknowledged is there after every kill, has its effect once, and in order",
  { timeout: 600_000 },
  async () => {
    const script = new URL("./crash-round.ts", import.meta.url);
    const rounds = createCrashHarness({ script, limitMs: ROUND_LIMIT_MS });
    onTestFinished(() => rounds.close());
    const seeds = seedsOf(ROUNDS);
    const totals = new Map<string, number>();
    const left = [...seeds];
    const work = async (): Promise<void> => {
      for (let seed = left.shift(); seed !== undefined; seed = left.shift()) {
        const { reports } = await rounds.run({ args: [String(seed)] });
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what the round reports
        const counts = reports[0]?.data as CrashCounts;
        for (const [name, count] of Object.entries(counts)) totals.set(name, (totals.get(name) ?? 0) + count);
      }
    };
    // A life is mostly the start of a process and a wait: two at a time.
    await Promise.all([work(), work()]);
    const told = [...totals].map(([name, count]) => `${count} ${name}`).join(", ");
    console.log(`P1 DIORAMA_SEED=${seeds[0]}…${seeds.at(-1)}: ${told}`);
    expect(totals.get("kills")).toBeGreaterThanOrEqual(seeds.length * ROUND_KILLS);
    expect(totals.get("kills during recovery")).toBeGreaterThanOrEqual(seeds.length * ROUND_RECOVERY_KILLS);
    expect(totals.get("acknowledged")).toBeGreaterThan(0);
    expect(totals.get("recovered")).toBeGreaterThan(0);
    expect(totals.get("lost")).toBe(0);
  },
);
