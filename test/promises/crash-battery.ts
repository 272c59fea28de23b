import type { Battery } from "./battery.ts";
import { runCrashTrial } from "./crash-trial.ts";

/** Of one round. */
export const ROUND_KILLS = 10;
export const ROUND_RECOVERY_KILLS = 2;

/** Promises 1 and 2: processes that write are killed, also while they take up what a killed one left. */
export const crashBattery: Battery = {
  promise: "P1 P2",
  goals: { kills: 5_000, "kills during recovery": 1_000 },
  least: { kills: 1_000, "kills during recovery": 200 },
  run: (seed) => runCrashTrial(seed, ROUND_KILLS, ROUND_RECOVERY_KILLS),
};
