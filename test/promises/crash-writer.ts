/**
 * The process that is killed: writes on few ids through a Lens whose copy and queue stand in a folder, and reports
 * each write before it is made and once it is acknowledged. `node crash-writer.ts <CrashLifeSetting as JSON>`
 */
import { flushCompileCache } from "node:module";
import { setImmediate, setTimeout } from "node:timers/promises";
import { type Dio, DioramaError, isDioramaError, Lens, seedFromMaster, type WriteOp } from "vantage-diorama";
import { createRandom, type Random } from "vantage-diorama/testing";
import { reportCrash } from "vantage-diorama/testing/node";
import {
  CRASH_IDS,
  type CrashLifeSetting,
  createCrashMaster,
  type Intent,
  isPoison,
} from "./crash-setting.ts";
import { openCrashSink } from "./crash-sink.ts";

const MOST_OPEN = 8;
/** So long that the queue's file has time to be tidied. */
const REST_MS = 300;
const GROUPS: readonly string[] = ["even", "odd"];
const TRANSIENT_RATE = 0.06;
const LOST_ANSWER_RATE = 0.04;

const setting: CrashLifeSetting = JSON.parse(process.argv[2] ?? "");
const random = createRandom(setting.seed);
const fates = createRandom(setting.seed + 1);
const sink = openCrashSink(setting.folder, setting.sink);

// What is only loaded with the first Lens is there before the folder is touched: "opening" is opening and no more.
await (await Lens.builder().build()).close();
reportCrash("opening");
const lens = await Lens.builder()
  .cacheAt(`${setting.folder}/lens`)
  .onStart(seedFromMaster)
  .writeQueue({ concurrency: setting.concurrency, durability: setting.durability })
  .onWrite((_dio, op) => deliver(op))
  .build();
const dio = await lens.makeDio(
  createCrashMaster(sink),
  setting.refreshes ? {} : { onRefresh: async () => ({ complete: true }) },
);
reportCrash("opened");
// Nobody who is killed gets to do this at his end.
flushCompileCache();
await writeForEver();

/** What happens to an op on its way, and to its answer. */
async function deliver(op: WriteOp): Promise<{ row?: object | undefined }> {
  const fate = fates.next();
  if (fates.chance(0.3)) await setTimeout(fates.integer(0, 3));
  if (isPoison(setting, op.opId)) throw new DioramaError("rejected", `${op.opId} is poison`);
  if (fate < TRANSIENT_RATE) throw new DioramaError("unavailable", "the sink is away for a moment");
  const row = sink.deliver(op, setting.life);
  if (fates.chance(0.2)) await setTimeout(fates.integer(0, 2));
  if (fate > 1 - LOST_ANSWER_RATE) {
    reportCrash("unanswered", { opId: op.opId });
    throw new DioramaError("timeout", "the answer got lost");
  }
  return { row };
}

async function writeForEver(): Promise<never> {
  const open = new Set<Promise<void>>();
  for (let number = 1; ; number++) {
    const write = writeOnce(dio, `${setting.life}-${number}`, random).finally(() => open.delete(write));
    open.add(write);
    if (random.chance(0.05)) await decide();
    while (open.size >= MOST_OPEN) await Promise.race(open);
    // Some writes share a stretch, some a turn, and sometimes the queue gets empty.
    if (random.chance(0.5)) await setImmediate();
    if (random.chance(0.1)) await setTimeout(random.integer(1, 6));
    if (random.chance(0.02)) await setTimeout(REST_MS);
  }
}

/** One write: reported, called, and reported again once its promise settles. */
async function writeOnce(on: Dio, opId: string, choices: Random): Promise<void> {
  const shown = [...(await on.vista().where("group", choices.pick(GROUPS)).list()).keys()];
  const { intent, call } = draw(on, opId, choices, shown);
  reportCrash("intent", intent);
  try {
    const answer = await call();
    reportCrash("acknowledged", { opId, id: typeof answer === "string" ? answer : undefined });
  } catch (error) {
    if (!isDioramaError(error, "conflict", "notFound")) throw error;
    reportCrash("refused", { opId, code: error.code });
  }
}

/** `shown`: the ids that a narrowed reader sees now. */
function draw(
  on: Dio,
  opId: string,
  choices: Random,
  shown: readonly string[],
): { intent: Intent; call: () => Promise<unknown> } {
  const vista = on.vista();
  const id = choices.pick(CRASH_IDS);
  const n = choices.integer(0, 999);
  const row = { id, n, group: choices.pick(GROUPS) };
  const kind = choices.integer(0, 99);
  if (kind < 38) return { intent: { opId, kind: "patch", id }, call: () => vista.patch(id, { n }, { opId }) };
  if (kind < 53)
    return { intent: { opId, kind: "replace", id }, call: () => vista.replace(id, row, { opId }) };
  if (kind < 72) return { intent: { opId, kind: "insert", id }, call: () => vista.insert(id, row, { opId }) };
  if (kind < 86) return { intent: { opId, kind: "delete", id }, call: () => vista.delete(id, { opId }) };
  if (kind < 93) {
    const added = { n, group: row.group };
    return { intent: { opId, kind: "add" }, call: () => vista.add(added, { opId }) };
  }
  if (kind < 98 && shown.length > 0) {
    const request = { kind: "deleteAll", ids: shown, opId } as const;
    return { intent: { opId, kind: "deleteAll" }, call: () => on.submit(request).staged };
  }
  return { intent: { opId, kind: "deleteAll" }, call: () => vista.deleteAll({ opId }) };
}

/** Somebody looks at the dead letters: has one sent again, as it is or with another content, or gives it up. */
async function decide(): Promise<void> {
  const [letter] = random.shuffle(dio.writes.failed());
  // An op of the same row may have arrived without an answer: whoever puts another one before it gets what he asked for.
  const isUncertain = dio.writes.pending().some(({ op }) => op.attempt > 0);
  if (letter === undefined || isUncertain) return;
  const { op } = letter;
  const { opId } = op;
  const decision = random.next();
  if (decision < 0.3) {
    await dio.writes.retry(opId);
  } else if (decision < 0.6 && op.kind !== "delete" && op.kind !== "deleteAll") {
    reportCrash("editing", { opId, kind: op.kind, id: op.id });
    const n = random.integer(0, 999);
    const change = op.kind === "patch" ? { partial: { n } } : { row: { ...op.row, n } };
    const by = await dio.writes.edit(opId, change);
    if (by !== undefined) reportCrash("edited", { opId, by });
  } else {
    reportCrash("giving up", { opId });
    await dio.writes.discard(opId);
    reportCrash("given up", { opId });
  }
}
