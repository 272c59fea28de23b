import { createRandom, deriveSeed, type Random } from "vantage-diorama/testing";
import { type CrashHarness, createCrashHarness } from "vantage-diorama/testing/node";
import { crashEnvironment, type CrashFolder, inCrashFolder } from "./crash-folder.ts";
import type { CrashLifeSetting, CrashSetting } from "./crash-setting.ts";

const WRITER = new URL("./crash-writer.ts", import.meta.url);
/** How long a process lives at most, from the moment that it has opened the folder. */
const MOST_LIFE_MS = 120;
/** Some live so long that the files are tidied in a pause of theirs. */
const MOST_RESTING_MS = 900;
const RESTING_RATE = 0.1;
/** How long opening takes, before one was measured. */
const FIRST_OPENING_MS = 60;

export interface CrashCounts {
  readonly [count: string]: number;
  readonly kills: number;
  readonly "kills during recovery": number;
  readonly acknowledged: number;
  readonly recovered: number;
  readonly duplicated: number;
  readonly lost: number;
}

/** Hears how far a trial is, after each kill and each look. */
export type CrashProgress = (counts: CrashCounts) => void;

/** The life of one folder: processes write in it and are killed, and what they leave is looked at. */
class CrashTrial {
  readonly #folder: CrashFolder;
  readonly #seed: number;
  readonly #random: Random;
  readonly #harness: CrashHarness;
  readonly #onProgress: CrashProgress | undefined;
  readonly #signal: AbortSignal | undefined;
  #kills = 0;
  #recoveryKills = 0;
  #openingMs = FIRST_OPENING_MS;

  constructor(folder: CrashFolder, { seed, onProgress, signal }: CrashTrialOptions) {
    this.#seed = seed;
    this.#onProgress = onProgress;
    this.#signal = signal;
    this.#random = createRandom(deriveSeed(seed, "trial"));
    this.#harness = createCrashHarness({ script: WRITER, seed, env: crashEnvironment });
    this.#folder = folder;
  }

  get counts(): CrashCounts {
    const { acknowledged, recovered, duplicated, lost } = this.#folder.history;
    return {
      kills: this.#kills,
      "kills during recovery": this.#recoveryKills,
      acknowledged,
      recovered,
      duplicated,
      lost,
    };
  }

  /** Kills at least so often, and leaves a folder whose queue is empty. Throws where a promise is broken. */
  async run(kills: number, recoveryKills: number): Promise<void> {
    try {
      await this.#folder.begin();
      while (this.#kills < kills || this.#recoveryKills < recoveryKills) {
        if (this.#signal?.aborted === true) return;
        await this.#kill(this.#random.chance(0.5));
        const again = this.#random.chance(0.3) ? this.#random.integer(1, 2) : 0;
        for (let time = 0; time < again; time++) await this.#killRecovering();
        // Else the next process finds what this one left.
        if (this.#random.chance(0.7)) await this.#folder.look();
      }
      await this.#folder.settle();
    } finally {
      this.#onProgress?.(this.counts);
      await this.#harness.close();
    }
  }

  async #kill(refreshes: boolean): Promise<void> {
    const mostMs = this.#random.chance(RESTING_RATE) ? MOST_RESTING_MS : MOST_LIFE_MS;
    await this.#live({ refreshes }, { withinMs: [0, mostMs], since: "opened" });
    this.#kills += 1;
  }

  async #killRecovering(): Promise<void> {
    const kill = { withinMs: [0, this.#openingMs], since: "opening" } as const;
    const hasOpened = await this.#live({ refreshes: false }, kill);
    if (hasOpened) this.#kills += 1;
    else this.#recoveryKills += 1;
  }

  /** One process, from its start to its kill. True: it had opened the folder. */
  async #live(
    how: Pick<CrashLifeSetting, "refreshes">,
    kill: { readonly withinMs: readonly [number, number]; readonly since: string },
  ): Promise<boolean> {
    const life = this.#folder.nextLife();
    const seed = deriveSeed(this.#seed, "life", life);
    const setting: CrashLifeSetting = { ...this.#folder.setting, ...how, life, seed };
    let openingAt = 0;
    const { reports } = await this.#harness.run({
      args: [JSON.stringify(setting)],
      kill,
      onReport: ({ is }) => {
        if (is === "opening") openingAt = performance.now();
        else if (is === "opened") this.#openingMs = performance.now() - openingAt;
      },
    });
    this.#folder.history.add(reports, life);
    this.#onProgress?.(this.counts);
    return reports.some(({ is }) => is === "opened");
  }
}

/** A Lens, its queue and its destination, as the seed decides. */
function drawCrashSetting(seed: number): Omit<CrashSetting, "folder"> {
  const random = createRandom(deriveSeed(seed, "setting"));
  return {
    sink: random.pick(["once", "log"]),
    durability: random.chance(0.7) ? "fsync" : "process",
    concurrency: random.pick([1, 1, 3]),
    hasPoison: random.chance(0.5),
  };
}

export interface CrashTrialOptions {
  readonly seed: number;
  readonly kills: number;
  readonly recoveryKills: number;
  /** Default: as the seed decides. */
  readonly setting?: Omit<CrashSetting, "folder">;
  readonly onProgress?: CrashProgress;
  /** Ends the trial after the life that is under way; nothing is settled then. */
  readonly signal?: AbortSignal;
}

/** One trial of random kills in a folder of its own. */
export async function runCrashTrial(options: CrashTrialOptions): Promise<CrashCounts> {
  const { seed, kills, recoveryKills, setting = drawCrashSetting(seed) } = options;
  return inCrashFolder(seed, setting, async (folder) => {
    const trial = new CrashTrial(folder, options);
    await trial.run(kills, recoveryKills);
    return trial.counts;
  });
}
