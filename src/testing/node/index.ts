export { damageFile, type DamagedFile, type DamageOptions } from "./damage-file.ts";
export { passCrashPoint, reportCrash, type CrashReport } from "./crash-child.ts";
export {
  createCrashHarness,
  type CrashHarness,
  type CrashHarnessSettings,
  type CrashLife,
  type CrashPlan,
  type KillMoment,
} from "./crash-harness.ts";
