import { createCrashHarness } from "vantage-diorama/testing/node";
import type { CrashCounts } from "./crash-trial.ts";

const ROUND_LIMIT_MS = 300_000;

/** Plays trials, two at a time, each in a process of its own as the soak does; what all of them counted together. */
export async function tallyRounds(script: URL, rounds: readonly (readonly string[])[]): Promise<CrashCounts> {
  const harness = createCrashHarness({ script, limitMs: ROUND_LIMIT_MS });
  const totals = {
    kills: 0,
    "kills during recovery": 0,
    acknowledged: 0,
    recovered: 0,
    duplicated: 0,
    lost: 0,
  };
  const left = [...rounds];
  const work = async (): Promise<void> => {
    for (let args = left.shift(); args !== undefined; args = left.shift()) {
      const { reports } = await harness.run({ args });
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what a round reports
      const counts = reports[0]?.data as typeof totals;
      totals.kills += counts.kills;
      totals["kills during recovery"] += counts["kills during recovery"];
      totals.acknowledged += counts.acknowledged;
      totals.recovered += counts.recovered;
      totals.duplicated += counts.duplicated;
      totals.lost += counts.lost;
    }
  };
  try {
    // A life is mostly the start of a process and a wait.
    await Promise.all([work(), work()]);
    return totals;
  } finally {
    await harness.close();
  }
}
