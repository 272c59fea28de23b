import { deriveSeed } from "vantage-diorama/testing";
import type { Battery } from "./battery.ts";
import { drawPlan, type Plan, type Step } from "./interleaving-plan.ts";
import { World } from "./interleaving-world.ts";

const ROUND = 250;

interface Outcome {
  readonly problems: readonly string[];
  readonly turns: number;
  readonly order: string;
}

/** Promise 11: reads, writes, refreshes, invalidations, changes and closes of one Dio, in every order. */
export const interleavingsBattery: Battery = {
  promise: "P11",
  goals: { interleavings: 200_000 },
  least: { interleavings: 10_000 },
  run: (seed) => runInterleavings(seed, ROUND),
};

/** Throws at the first interleaving that breaks the promise, with the fewest steps that still do. */
export async function runInterleavings(
  seed: number,
  count: number,
): Promise<{ interleavings: number; turns: number; closes: number }> {
  const done = { interleavings: 0, turns: 0, closes: 0 };
  for (let index = 0; index < count; index++) {
    const plan = drawPlan(deriveSeed(seed, index));
    const { problems, turns } = await play(plan);
    if (problems.length > 0) throw new Error(await describe(seed, index, await shrink(plan)));
    done.interleavings += 1;
    done.turns += turns;
    if (plan.steps.some(({ command }) => command.do === "close")) done.closes += 1;
  }
  return done;
}

async function play(plan: Plan): Promise<Outcome> {
  const world = new World(plan);
  await world.open();
  for (const { turns, command } of plan.steps) {
    for (let turn = 0; turn < turns; turn++) await world.turn();
    world.begin(command);
    await world.look();
  }
  await world.end();
  const { problems, scheduler } = world;
  return { problems, turns: scheduler.order.length, order: scheduler.toString() };
}

/** The plan without every step that is not needed to break the promise. */
async function shrink(plan: Plan): Promise<Plan> {
  let least = plan;
  for (let at = plan.steps.length - 1; at >= 0; at--) {
    const fewer: readonly Step[] = least.steps.filter((_, index) => index !== at);
    const next = { ...plan, steps: fewer };
    if ((await play(next)).problems.length > 0) least = next;
  }
  return least;
}

async function describe(seed: number, index: number, plan: Plan): Promise<string> {
  const { problems, order } = await play(plan);
  const steps = plan.steps.map(({ turns, command }) => `  after ${turns} turns ${JSON.stringify(command)}`);
  return [
    `stale or late: seed ${seed}, interleaving ${index}: ${problems.slice(0, 3).join("; ")}`,
    JSON.stringify({ seed: plan.seed, setting: plan.setting }),
    ...steps,
    order,
  ].join("\n");
}
