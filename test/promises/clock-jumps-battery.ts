import { createRandom } from "vantage-diorama/testing";
import type { Battery } from "./battery.ts";
import { stages } from "./clock-stages.ts";
import { ClockWorld, type JumpName, jumps } from "./clock-world.ts";
import { playRounds } from "./rounds.ts";

/** Of one call of the battery. */
const ROUNDS = 150;

export const stageNames: readonly string[] = Object.keys(stages);
// The names of an object that this module's neighbour writes out.
// oxlint-disable-next-line typescript/no-unsafe-type-assertion
export const jumpNames = Object.keys(jumps) as JumpName[];

/** One stage, with these jumps each time it says that now is the moment. */
export async function playStage(stage: string, names: readonly JumpName[]): Promise<void> {
  const world = new ClockWorld();
  try {
    await stages[stage]?.(world, () => {
      for (const name of names) jumps[name](world.clock);
    });
    await world.close();
  } catch (error) {
    throw new Error(`${stage}, ${names.join(", then ")}: ${String(error)}`, { cause: error });
  }
}

/** Promise 16: every stage, with jumps one after the other. */
export const clockJumpsBattery: Battery = {
  promise: "P16",
  goals: { stages: 20_000 },
  least: { stages: 2_000 },
  sharesMachine: true,
  run(seed) {
    return playRounds(seed, ROUNDS, async (own) => {
      const random = createRandom(own);
      const stage = random.pick(stageNames);
      const names = Array.from({ length: random.integer(1, 4) }, () => random.pick(jumpNames));
      await playStage(stage, names);
      return { stages: 1, jumps: names.length };
    });
  },
};
