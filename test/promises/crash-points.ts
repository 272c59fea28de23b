import { createRandom, deriveSeed } from "vantage-diorama/testing";
import { createCrashHarness } from "vantage-diorama/testing/node";
import { crashEnvironment, type CrashFolder, inCrashFolder } from "./crash-folder.ts";
import type { CrashSetting, Intent } from "./crash-setting.ts";
import type { CrashCounts } from "./crash-trial.ts";

/**
 * On the way of a write. In the queue's worker: its batch has arrived, is appended to the transaction, is committed
 * (and flushed), its caller is told; at rest the file is compacted and its log emptied. In the process itself: the
 * caller knows, the op goes out, the destination has it, it is confirmed, the cache takes it in.
 */
export const crashPoints = [
  "received",
  "appended",
  "committed",
  "answered",
  "acknowledged",
  "sending",
  "sent",
  "confirmed",
  "cache applying",
  "cache applied",
  "compacting",
  "compacted",
  "checkpointing",
  "checkpointed",
] as const;

export const pointKinds = [
  "insert",
  "add",
  "replace",
  "patch",
  "delete",
  "deleteAll",
  "narrowed deleteAll",
] as const;

export type CrashPoint = (typeof crashPoints)[number];
export type PointKind = (typeof pointKinds)[number];

/** One death: of this kind of write, the `pass`-th time that it passes the point. */
export interface PointCase {
  readonly kind: PointKind;
  readonly point: CrashPoint;
  readonly pass: number;
}

/** What one process is told. */
export interface PointLifeSetting extends CrashSetting {
  readonly life: number;
  readonly kind: PointKind;
  readonly point: CrashPoint;
}

/** So large that a queue that has forgotten it has pages to give back. */
export const LARGE_TEXT: string = "large ".repeat(4_000);

const WRITER = new URL("./crash-point-writer.ts", import.meta.url);

/** What only the long column plays: each is close to another one. */
const lesserPoints: readonly CrashPoint[] = ["answered", "checkpointing", "checkpointed"];
const lesserKinds: readonly PointKind[] = ["narrowed deleteAll"];
/** Kinds of write for each point of a quick run. */
const QUICK_KINDS = 3;

/** Every point, each for some kinds that the seed chooses; the soak plays all. */
export function quickPointCases(seed: number): PointCase[] {
  const random = createRandom(deriveSeed(seed, "points"));
  const kinds = pointKinds.filter((kind) => !lesserKinds.includes(kind));
  const points = crashPoints.filter((point) => !lesserPoints.includes(point));
  const cases = points.flatMap((point) =>
    random
      .shuffle(kinds)
      .slice(0, QUICK_KINDS)
      .map((kind) => ({ kind, point, pass: 1 })),
  );
  return random.shuffle(cases);
}

/** What the queue's worker comes to when nothing has come for a while: sooner or later, by how busy the machine is. */
export const restPoints: readonly CrashPoint[] = ["compacting", "compacted", "checkpointing", "checkpointed"];

/** What a write passes more than once: behind its own batch go those of its further life. */
const oftenPassed: readonly CrashPoint[] = ["received", "appended", "committed", "answered"];
const MOST_PASSES = 3;

/** Any of them, also at a later pass. */
export function drawPointCases(seed: number, count: number): PointCase[] {
  const random = createRandom(deriveSeed(seed, "points"));
  return Array.from({ length: count }, () => {
    const point = random.pick(crashPoints);
    const pass = random.integer(1, oftenPassed.includes(point) ? MOST_PASSES : 1);
    return { kind: random.pick(pointKinds), point, pass };
  });
}

/** Each death in turn, in one folder; what it leaves is looked at, sent, and made ready for the next one. */
export async function runPointCases(
  seed: number,
  setting: Omit<CrashSetting, "folder" | "concurrency" | "hasPoison">,
  cases: readonly PointCase[],
): Promise<CrashCounts> {
  const whole = { ...setting, concurrency: 1, hasPoison: false };
  return inCrashFolder(seed, whole, async (folder) => {
    const harness = createCrashHarness({ script: WRITER, seed, env: crashEnvironment });
    let kills = 0;
    try {
      await folder.begin();
      for (const each of cases) {
        await makeReady(folder);
        const life = folder.nextLife();
        const { kind, point } = each;
        const lifeSetting: PointLifeSetting = { ...folder.setting, life, kind, point };
        const { reports, end } = await harness.run({
          args: [JSON.stringify(lifeSetting)],
          kill: { point: each.point, pass: each.pass },
        });
        folder.history.add(reports, life);
        if (end === "died") kills += 1;
        else if (each.pass === 1) throw new Error(`${each.kind} never passes "${each.point}"`);
      }
      await folder.settle();
      const { acknowledged, recovered, duplicated, lost } = folder.history;
      return { kills, "kills during recovery": 0, acknowledged, recovered, duplicated, lost };
    } finally {
      await harness.close();
    }
  });
}

/** Looks at what there is, has it sent, and puts a row "old" and no row "new" there for the next write. */
async function makeReady(folder: CrashFolder): Promise<void> {
  await folder.session(async (session) => {
    await folder.check(session);
    const { dio, activity } = session;
    activity.set("active");
    await dio.flush();
    await folder.check(session);
    const vista = dio.vista();
    const life = folder.nextLife();
    const write = async (intent: Intent, call: () => Promise<unknown>): Promise<void> => {
      folder.history.add([{ is: "intent", data: intent }], life);
      await call();
      folder.history.add([{ is: "acknowledged", data: intent }], life);
    };
    const old = { id: "old", n: 0, group: "even" };
    const [replaceId, deleteId] = [`${life}-replace`, `${life}-delete`];
    await write({ opId: replaceId, kind: "replace", id: "old" }, () =>
      vista.replace("old", old, { opId: replaceId }),
    );
    if ((await vista.get("new")) !== undefined)
      await write({ opId: deleteId, kind: "delete", id: "new" }, () =>
        vista.delete("new", { opId: deleteId }),
      );
    await dio.flush();
  });
}
