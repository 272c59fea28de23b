import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  createActivity,
  type ActivitySwitch,
  type Dio,
  DioramaError,
  Lens,
  type Row,
  type WriteOp,
} from "vantage-diorama";
import { CrashHistory } from "./crash-history.ts";
import { type CrashSetting, createCrashMaster, isPoison } from "./crash-setting.ts";
import { openCrashSink, type CrashSink } from "./crash-sink.ts";

/**
 * For processes: what Node has compiled of them and the package. Starting one again takes a third less time. Where this
 * process has such a folder, it is the same: what a killed one had no time to leave there, another has left.
 */
export const crashEnvironment: Readonly<Record<string, string>> = {
  NODE_COMPILE_CACHE:
    process.env["NODE_COMPILE_CACHE"] ??
    fileURLToPath(new URL("../../node_modules/.cache/crash-writer", import.meta.url)),
};

/** Dead letters may follow from dead letters that were given up. */
const MOST_DECISIONS = 1_000;

/** A Lens on the folder, in this process. */
export interface CrashSession {
  readonly dio: Dio;
  readonly sink: CrashSink;
  /** Offline at first: what was found is not sent, and nothing is read from the master. */
  readonly activity: ActivitySwitch;
}

/** The folder that processes are killed in, and what this one knows of it. */
export class CrashFolder {
  readonly setting: CrashSetting;
  readonly history: CrashHistory;
  #life = 0;

  constructor(setting: CrashSetting) {
    this.setting = setting;
    this.history = new CrashHistory(setting);
  }

  /** Each process, and each session of this one, is a life with a number of its own. */
  nextLife(): number {
    return ++this.#life;
  }

  /** Fills the cache: from here on the master need not be read again. */
  async begin(): Promise<void> {
    await this.session(async ({ dio, activity }) => {
      activity.set("active");
      await dio.vista().list();
    });
  }

  /** Opens what the last process left, without sending or reading anything, and holds it against the reports. */
  async look(): Promise<void> {
    await this.session((session) => this.check(session));
  }

  async check({ dio, sink }: CrashSession): Promise<void> {
    if (!dio.cache.complete) throw new Error("the cache has forgotten that it holds every row");
    this.history.check({
      pending: dio.writes.pending().map(({ op }) => op),
      failed: dio.writes.failed().map(({ op }) => op),
      visible: await dio.vista().list(),
      rows: sink.rows(),
      deliveries: sink.deliveries(),
    });
  }

  /** Everything is sent, what can't be is given up; then all three agree, and nothing is left in the queue. */
  async settle(): Promise<void> {
    await this.session(async (session) => {
      const { dio, activity } = session;
      activity.set("active");
      await dio.flush();
      for (let decision = 0; dio.writes.failed().length > 0; decision++) {
        if (decision === MOST_DECISIONS) throw new Error("dead letters come without end");
        for (const { op } of dio.writes.failed()) {
          this.history.add([{ is: "giving up", data: { opId: op.opId } }], this.#life);
          await dio.writes.discard(op.opId);
        }
        await dio.flush();
      }
      await this.check(session);
    });
    await this.session(async (session) => {
      await this.check(session);
      const { writes } = session.dio;
      const left = [...writes.pending(), ...writes.failed()];
      if (left.length > 0) throw new Error(`${left[0]?.op.opId} is in the queue, though it was settled`);
    });
  }

  async session(work: (session: CrashSession) => Promise<void>): Promise<void> {
    const life = this.nextLife();
    const sink = openCrashSink(this.setting.folder, this.setting.sink);
    const activity = createActivity("offline");
    const lens = await Lens.builder()
      .cacheAt(join(this.setting.folder, "lens"))
      .activity(activity)
      .onWrite(async (_dio, op) => ({ row: this.#deliver(op, sink, life) }))
      .build();
    try {
      await work({ dio: await lens.makeDio(createCrashMaster(sink)), sink, activity });
    } finally {
      await lens.close();
      sink.close();
    }
  }

  #deliver(op: WriteOp, sink: CrashSink, life: number): Row | undefined {
    if (isPoison(this.setting, op.opId)) throw new DioramaError("rejected", `${op.opId} is poison`);
    return sink.deliver(op, life);
  }
}

/** A trial in a folder of its own. What fails names the seed and the setting. */
export async function inCrashFolder<Result>(
  seed: number,
  setting: Omit<CrashSetting, "folder">,
  trial: (folder: CrashFolder) => Promise<Result>,
): Promise<Result> {
  const path = mkdtempSync(join(tmpdir(), "diorama-crash-"));
  try {
    return await trial(new CrashFolder({ ...setting, folder: path }));
  } catch (error) {
    throw new Error(`a crash trial failed: DIORAMA_SEED=${seed}, ${JSON.stringify(setting)}`, {
      cause: error,
    });
  } finally {
    rmSync(path, { recursive: true, force: true });
  }
}
