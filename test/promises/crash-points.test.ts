import { expect, test } from "vitest";
import { quickPointCases } from "./crash-points.ts";
import { tallyRounds } from "./crash-tally.ts";
import { seedsOf } from "./seeds.ts";

test(
  "P1 P2 writes of several kinds outlive a death before and after each step of their way",
  { timeout: 600_000 },
  async () => {
    const [seed = 1] = seedsOf(1);
    const totals = await tallyRounds(new URL("./crash-points-round.ts", import.meta.url), [
      [String(seed), "1"],
      [String(seed), "2"],
    ]);
    console.log(`P1 DIORAMA_SEED=${seed}: ${JSON.stringify(totals)}`);
    expect([totals.kills, totals.lost]).toEqual([quickPointCases(seed).length, 0]);
  },
);
