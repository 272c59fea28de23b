import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  createActivity,
  type Dio,
  DioramaError,
  Lens,
  type Row,
  seedFromMaster,
  type WriteOp,
} from "vantage-diorama";
import { createRandom, deriveSeed, type Random } from "vantage-diorama/testing";
import { type CrashHarness, createCrashHarness } from "vantage-diorama/testing/node";
import { CrashHistory } from "./crash-history.ts";
import { type CrashLifeSetting, type CrashSetting, createCrashMaster, isPoison } from "./crash-setting.ts";
import { openCrashSink, type CrashSink } from "./crash-sink.ts";

const WRITER = new URL("./crash-writer.ts", import.meta.url);
/** What Node has compiled of the writer and the package: starting it again takes a third less time. */
const COMPILED = fileURLToPath(new URL("../../node_modules/.cache/crash-writer", import.meta.url));
/** How long a process lives at most, from the moment that it has opened the folder. */
const MOST_LIFE_MS = 120;
/** Some live so long that the files are tidied in a pause of theirs. */
const MOST_RESTING_MS = 900;
const RESTING_RATE = 0.1;
/** How long opening takes, before one was measured. */
const FIRST_OPENING_MS = 60;
/** Dead letters may follow from dead letters that were given up. */
const MOST_DECISIONS = 1_000;

export interface CrashCounts {
  readonly [count: string]: number;
  readonly kills: number;
  readonly "kills during recovery": number;
  readonly acknowledged: number;
  readonly recovered: number;
  readonly duplicated: number;
  readonly lost: number;
}

/** Draws what a trial is about. */
export function drawCrashSetting(seed: number, folder: string): CrashSetting {
  const random = createRandom(deriveSeed(seed, "setting"));
  return {
    folder,
    sink: random.pick(["once", "log"]),
    durability: random.chance(0.7) ? "fsync" : "process",
    concurrency: random.pick([1, 1, 3]),
    hasPoison: random.chance(0.5),
  };
}

/** The life of one folder: processes write in it and are killed, and what they leave is looked at. */
export class CrashTrial {
  readonly #setting: CrashSetting;
  readonly #seed: number;
  readonly #random: Random;
  readonly #harness: CrashHarness;
  readonly #history: CrashHistory;
  #life = 0;
  #kills = 0;
  #recoveryKills = 0;
  #openingMs = FIRST_OPENING_MS;

  constructor(seed: number, setting: CrashSetting) {
    this.#setting = setting;
    this.#seed = seed;
    this.#random = createRandom(deriveSeed(seed, "trial"));
    this.#harness = createCrashHarness({ script: WRITER, seed, env: { NODE_COMPILE_CACHE: COMPILED } });
    this.#history = new CrashHistory(setting);
  }

  get counts(): CrashCounts {
    return {
      kills: this.#kills,
      "kills during recovery": this.#recoveryKills,
      acknowledged: this.#history.acknowledged,
      recovered: this.#history.recovered,
      duplicated: this.#history.duplicated,
      // What is lost ends the trial.
      lost: 0,
    };
  }

  /** Kills at least so often, and leaves a folder whose queue is empty. Throws where a promise is broken. */
  async run(kills: number, recoveryKills: number): Promise<void> {
    try {
      await this.#begin();
      while (this.#kills < kills || this.#recoveryKills < recoveryKills) {
        await this.#kill(this.#random.chance(0.5));
        const again = this.#random.chance(0.3) ? this.#random.integer(1, 2) : 0;
        for (let time = 0; time < again; time++) await this.#killRecovering();
        // Else the next process finds what this one left.
        if (this.#random.chance(0.7)) await this.#look();
      }
      await this.#settle();
    } finally {
      await this.#harness.close();
    }
  }

  /** Fills the cache: from here on the master need not be read again. */
  async #begin(): Promise<void> {
    mkdirSync(this.#setting.folder, { recursive: true });
    await this.#withDio("active", async (dio) => {
      await dio.vista().list();
    });
  }

  async #kill(refreshes: boolean): Promise<void> {
    const mostMs = this.#random.chance(RESTING_RATE) ? MOST_RESTING_MS : MOST_LIFE_MS;
    await this.#live({ refreshes }, { withinMs: [0, mostMs], since: "opened" });
    this.#kills += 1;
  }

  async #killRecovering(): Promise<void> {
    const hasOpened = await this.#live(
      { refreshes: false },
      { withinMs: [0, this.#openingMs], since: "opening" },
    );
    if (hasOpened) this.#kills += 1;
    else this.#recoveryKills += 1;
  }

  /** One process, from its start to its kill. True: it had opened the folder. */
  async #live(
    how: Pick<CrashLifeSetting, "refreshes">,
    kill: { readonly withinMs: readonly [number, number]; readonly since: string },
  ): Promise<boolean> {
    const life = ++this.#life;
    const setting: CrashLifeSetting = {
      ...this.#setting,
      ...how,
      life,
      seed: deriveSeed(this.#seed, "life", life),
    };
    let openingAt = 0;
    const { reports } = await this.#harness.run({
      args: [JSON.stringify(setting)],
      kill,
      onReport: ({ is }) => {
        if (is === "opening") openingAt = performance.now();
        else if (is === "opened") this.#openingMs = performance.now() - openingAt;
      },
    });
    this.#history.add(reports, life);
    return reports.some(({ is }) => is === "opened");
  }

  /** Opens what the killed process left, without sending or reading anything, and holds it against the reports. */
  async #look(): Promise<void> {
    await this.#withDio("offline", (dio, sink) => this.#check(dio, sink));
  }

  async #check(dio: Dio, sink: CrashSink): Promise<void> {
    if (!dio.cache.complete) throw new Error("the cache has forgotten that it holds every row");
    this.#history.check({
      pending: dio.writes.pending().map(({ op }) => op),
      failed: dio.writes.failed().map(({ op }) => op),
      visible: await dio.vista().list(),
      rows: sink.rows(),
      deliveries: sink.deliveries(),
    });
  }

  /** Everything is sent, what can't be is given up; then all three agree, and nothing is left in the queue. */
  async #settle(): Promise<void> {
    await this.#withDio("active", async (dio, sink) => {
      await dio.flush();
      for (let decision = 0; dio.writes.failed().length > 0; decision++) {
        if (decision === MOST_DECISIONS) throw new Error("dead letters come without end");
        for (const { op } of dio.writes.failed()) {
          this.#history.add([{ is: "giving up", data: { opId: op.opId } }], this.#life);
          await dio.writes.discard(op.opId);
        }
        await dio.flush();
      }
      await this.#check(dio, sink);
    });
    await this.#withDio("offline", async (dio, sink) => {
      await this.#check(dio, sink);
      const left = [...dio.writes.pending(), ...dio.writes.failed()];
      if (left.length > 0) throw new Error(`${left[0]?.op.opId} is in the queue, though it was settled`);
    });
  }

  #deliver(op: WriteOp, sink: CrashSink): Row | undefined {
    if (isPoison(this.#setting, op.opId)) throw new DioramaError("rejected", `${op.opId} is poison`);
    return sink.deliver(op, this.#life);
  }

  async #withDio(
    state: "active" | "offline",
    work: (dio: Dio, sink: CrashSink) => Promise<void>,
  ): Promise<void> {
    this.#life += 1;
    const sink = openCrashSink(this.#setting.folder, this.#setting.sink);
    const lens = await Lens.builder()
      .cacheAt(join(this.#setting.folder, "lens"))
      .activity(createActivity(state))
      .onStart(seedFromMaster)
      .onWrite(async (_dio, op) => ({ row: this.#deliver(op, sink) }))
      .build();
    try {
      await work(await lens.makeDio(createCrashMaster(sink)), sink);
    } finally {
      await lens.close();
      sink.close();
    }
  }
}

/** One trial in a folder of its own. */
export async function runCrashTrial(
  seed: number,
  kills: number,
  recoveryKills: number,
): Promise<CrashCounts> {
  const root = mkdtempSync(join(tmpdir(), "diorama-crash-"));
  const setting = drawCrashSetting(seed, join(root, "trial"));
  const trial = new CrashTrial(seed, setting);
  try {
    await trial.run(kills, recoveryKills);
  } catch (error) {
    const { sink, durability, concurrency, hasPoison } = setting;
    const told = JSON.stringify({ sink, durability, concurrency, hasPoison });
    throw new Error(`a crash trial failed: DIORAMA_SEED=${seed}, ${told}`, { cause: error });
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
  return trial.counts;
}
