import type { Battery } from "./battery.ts";
import { drawPointCases, runPointCases } from "./crash-points.ts";
import { runCrashTrial } from "./crash-trial.ts";

/** Of one round. */
const ROUND = { kills: 10, recoveryKills: 2 };
const POINTS = 10;
/** One round of so many lets the process die at named points, each at any pass of it. */
const ROUNDS_A_POINT_ROUND = 5;

/** Promises 1 and 2: processes that write are killed, also while they take up what a killed one left. */
export const crashBattery: Battery = {
  promise: "P1 P2",
  goals: { kills: 5_000, "kills during recovery": 1_000, "kills at named points": 1_000 },
  least: { kills: 1_000, "kills during recovery": 200, "kills at named points": 200 },
  sharesMachine: true,
  run: async (seed) => {
    if (seed % ROUNDS_A_POINT_ROUND > 0) return runCrashTrial({ seed, ...ROUND });
    const setting = drawPointSetting(seed);
    const { kills, ...counts } = await runPointCases(seed, setting, drawPointCases(seed, POINTS));
    return { "kills at named points": kills, ...counts };
  },
};

function drawPointSetting(seed: number): Parameters<typeof runPointCases>[1] {
  const isOnce = Math.floor(seed / ROUNDS_A_POINT_ROUND) % 2 === 0;
  return isOnce ? { sink: "once", durability: "fsync" } : { sink: "log", durability: "process" };
}
