import { expect, test } from "vitest";
import { tallyRounds } from "./crash-tally.ts";
import { seedsOf } from "./seeds.ts";

const ROUNDS = 5;
const ROUND_KILLS = 20;
const ROUND_RECOVERY_KILLS = 4;

test(
  "P1 P2 P3 what was acknowledged is there after every kill, has its effect once, and in order",
  { timeout: 600_000 },
  async () => {
    const seeds = seedsOf(ROUNDS);
    const totals = await tallyRounds(
      new URL("./crash-round.ts", import.meta.url),
      seeds.map((seed) => [String(seed), String(ROUND_KILLS), String(ROUND_RECOVERY_KILLS)]),
    );
    console.log(`P1 DIORAMA_SEED=${seeds[0]}…${seeds.at(-1)}: ${JSON.stringify(totals)}`);
    expect(totals.kills).toBeGreaterThanOrEqual(seeds.length * ROUND_KILLS);
    expect(totals["kills during recovery"]).toBeGreaterThanOrEqual(seeds.length * ROUND_RECOVERY_KILLS);
    expect(totals.acknowledged).toBeGreaterThan(0);
    expect(totals.recovered).toBeGreaterThan(0);
    expect(totals.lost).toBe(0);
  },
);
