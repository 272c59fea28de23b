/**
 * Makes one write and dies at a named point of its way: `node crash-point-writer.ts <PointLifeSetting as JSON>`.
 * Where it gets by, it ends in peace.
 */
import { flushCompileCache } from "node:module";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { type CacheBackend, type CacheTable, type Dio, Lens, systemClock } from "vantage-diorama";
import { passCrashPoint, reportCrash } from "vantage-diorama/testing/node";
import type * as CacheRoom from "../../src/cache/sqlite/index.ts";
import type * as QueueRoom from "../../src/queue/sqlite/index.ts";
import type * as SqliteRoom from "../../src/sqlite/index.ts";
import { LARGE_TEXT, type PointKind, type PointLifeSetting, restPoints } from "./crash-points.ts";
import { createCrashMaster, type Intent } from "./crash-setting.ts";
import { openCrashSink } from "./crash-sink.ts";
import { importBuilt } from "./import-built.ts";

/** The queue tidies its file a quarter of a second after the last thing that came; a busy machine takes its time. */
const MOST_REST_MS = 20_000;
/** A settled op is out of the queue's file by then. */
const LEAVING_MS = 500;

const setting: PointLifeSetting = JSON.parse(process.argv[2] ?? "");
const sink = openCrashSink(setting.folder, setting.sink);
const stores = await openStores(join(setting.folder, "lens"));
/** Points of the way to the cache count from the write on. */
let isWriting = false;

const lens = await Lens.builder()
  .cacheSource(withPoints(stores.cache))
  .queueSource(stores.queues)
  .writeQueue({ durability: setting.durability === "memory" ? "fsync" : setting.durability })
  .onWrite(async (_dio, op) => {
    passCrashPoint("sending");
    const row = sink.deliver(op, setting.life);
    passCrashPoint("sent");
    return { row };
  })
  .build();
const dio = await lens.makeDio(createCrashMaster(sink));
dio.on("writeConfirmed", () => passCrashPoint("confirmed"));
flushCompileCache();

isWriting = true;
const opId = `${setting.life}-1`;
const [intent, call] = writeOf(dio, setting.kind);
reportCrash("intent", intent);
await call();
reportCrash("acknowledged", { opId });
passCrashPoint("acknowledged");
await dio.flush();
await lens.flush();
await setTimeout(restPoints.includes(setting.point) ? MOST_REST_MS : LEAVING_MS);
await lens.close();
await stores.queues.close();
await stores.cache.close();
stores.release();

function writeOf(on: Dio, kind: PointKind): [intent: Intent, call: () => Promise<unknown>] {
  const vista = on.vista();
  const row = { n: setting.life, group: "odd", text: LARGE_TEXT };
  const options = { opId };
  switch (kind) {
    case "insert":
      return [{ opId, kind, id: "new" }, () => vista.insert("new", { id: "new", ...row }, options)];
    case "add":
      return [{ opId, kind }, () => vista.add(row, options)];
    case "replace":
      return [{ opId, kind, id: "old" }, () => vista.replace("old", { id: "old", ...row }, options)];
    case "patch":
      return [{ opId, kind, id: "old" }, () => vista.patch("old", row, options)];
    case "delete":
      return [{ opId, kind, id: "old" }, () => vista.delete("old", options)];
    case "deleteAll":
      return [{ opId, kind }, () => vista.deleteAll(options)];
    case "narrowed deleteAll":
      return [{ opId, kind: "deleteAll" }, () => vista.where("group", "even").deleteAll(options)];
  }
}

/** What `cacheAt` opens, with a queue worker that dies where it is told to. */
async function openStores(folder: string) {
  const { FolderLock, prepareFolder } = await importBuilt<typeof SqliteRoom>("sqlite/index.js");
  const { openDurableCache } = await importBuilt<typeof CacheRoom>("cache/sqlite/index.js");
  const { openDurableQueues } = await importBuilt<typeof QueueRoom>("queue/sqlite/index.js");
  const real = prepareFolder(folder);
  const lock = FolderLock.take(real, systemClock);
  const worker = new URL("./crash-queue-worker.ts", import.meta.url);
  const [cache, queues] = await Promise.all([
    openDurableCache(real, { lock }),
    openDurableQueues(real, { lock, worker }),
  ]);
  return { cache, queues, release: () => lock.release() };
}

function withPoints(cache: CacheBackend): CacheBackend {
  return {
    kind: cache.kind,
    durable: cache.durable,
    keeps: cache.keeps,
    openTable: async (name) => tableWithPoints(await cache.openTable(name)),
    dropTable: (name) => cache.dropTable(name),
    tableNames: () => cache.tableNames(),
    close: () => cache.close(),
  };
}

function tableWithPoints(table: CacheTable): CacheTable {
  return {
    get meta() {
      return table.meta;
    },
    get rowCount() {
      return table.rowCount;
    },
    lost: table.lost,
    get: (ids) => table.get(ids),
    scan: (batchRows) => table.scan(batchRows),
    apply: async (batch) => {
      if (isWriting) passCrashPoint("cache applying");
      await table.apply(batch);
      if (isWriting) passCrashPoint("cache applied");
    },
    close: () => table.close(),
  };
}
