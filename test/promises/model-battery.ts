import fc from "fast-check";
import type { Clock } from "vantage-diorama";
import { lifeSetting, type LifeSetting, step, type Step } from "../dio/model-commands.ts";
import { ModelFolder } from "../dio/model-folder.ts";
import { Play } from "../dio/model-play.ts";
import type { Battery, Counts } from "./battery.ts";
import { withSeededChance } from "./seeded-chance.ts";

/** Of one call of the battery. */
const RUNS = 250;
/** Of one run, on average and at least. */
export const COMMANDS = 50;
/** Of the longest run: lengths are drawn a little below the middle. */
const MAX_COMMANDS = 125;

/** Of a run over a folder, at most: each is many times as slow. */
const FOLDER_COMMANDS = 30;

const lives = fc.tuple(lifeSetting, fc.array(step, { maxLength: MAX_COMMANDS, size: "max" }));

/** Plays so many runs; throws the shortest sequence of commands that it finds where the product is not the model. */
export async function playLives(
  seed: number,
  runs: number,
  examples: [LifeSetting, Step[]][] = [],
): Promise<Counts> {
  const counts = { runs: 0, commands: 0, crashes: 0, reopenings: 0 };
  const play = async ([setting, steps]: [LifeSetting, Step[]]): Promise<void> => {
    counts.runs += 1;
    const world = await Play.openLives(setting);
    for (const each of steps) {
      await world.step(each);
      counts.commands += 1;
      if (each.command.do === "close") counts.reopenings += 1;
      if (each.command.do === "crash" || each.command.do === "crash during") counts.crashes += 1;
    }
    await world.close();
  };
  await withSeededChance(seed, () =>
    fc.assert(fc.asyncProperty(lives, play), {
      seed,
      numRuns: runs,
      examples: examples.map((example): [[LifeSetting, Step[]]] => [example]),
    }),
  );
  return counts;
}

/** As `playLives`, one run over real folders: threads, locks and SQLite files, on a disk. */
export async function playFolder(seed: number): Promise<Counts> {
  const [given] = fc.sample(lives, { seed, numRuns: 1 });
  if (given === undefined) return {};
  const [setting, all] = given;
  const steps = all.slice(0, FOLDER_COMMANDS);
  // A Lens on a folder has a cache.
  const tables = setting.tables.map((each) => ({
    ...each,
    cache: each.cache === "none" ? ("incomplete" as const) : each.cache,
  }));
  const folders: ModelFolder[] = [];
  const openFolder = (clock: Clock): ModelFolder => {
    const folder = new ModelFolder(clock);
    folders.push(folder);
    return folder;
  };
  try {
    const world = await Play.openLives({ ...setting, tables }, openFolder);
    for (const each of steps) await world.step(each);
    await world.close();
    return { runs: 1, commands: steps.length };
  } catch (error) {
    throw new Error(`DIORAMA_SEED=${seed}, ${JSON.stringify({ tables, steps })}`, { cause: error });
  } finally {
    for (const folder of folders) folder.remove();
  }
}

/** Promise 10. */
export const modelBattery: Battery = {
  promise: "P10",
  goals: { runs: 100_000 },
  least: { runs: 10_000 },
  sharesMachine: true,
  run: (seed) => playLives(seed, RUNS),
};
