import { toDioramaError } from "../base/index.ts";
import { blankMeta, type CacheTable } from "../cache/index.ts";
import type { Row } from "../record/index.ts";
import type { Vista } from "../vista/index.ts";
import { checkMaster } from "./check-master.ts";
import { Dio } from "./dio.ts";
import { DioCore } from "./dio-core.ts";
import type { DioOptions } from "./options.ts";
import { traceQueue, traceTable } from "./traced-stores.ts";
import type { OpenKeptOrders } from "./kept-orders.ts";

/** Opens the table and the queue, starts what runs behind, and waits for onStart where that blocks. */
export async function openDio<R extends object = Row>(master: Vista, options: DioOptions): Promise<Dio<R>> {
  checkMaster(master);
  const table = await options.cache.openTable(options.table);
  try {
    const fingerprint = master.fingerprint();
    const isEmptied = table.meta.fingerprint !== fingerprint;
    if (isEmptied) {
      // Rows of another source, or of this one under another schema, are nobody's copy.
      await table.apply({ clear: true, meta: { ...blankMeta, fingerprint } });
    }
    const openKeptOrders = options.cache.keeps ? await loadKeptOrders(table) : undefined;
    const opened = await options.openQueue(options.table);
    const core = new DioCore(master, options, {
      table: traceTable(options.table, table),
      isEmptied,
      queue: traceQueue(options.table, opened.queue),
      durability: opened.durability,
      openKeptOrders,
    });
    core.noteLosses(table.lost, opened.queue.lost);
    try {
      // Before that some of what the queue kept may not show yet.
      await core.writer.ready;
      options.onOpen(core);
      await core.start();
    } catch (error) {
      await core.close(0).catch(() => undefined);
      throw toDioramaError(error, "unavailable", `${options.table}: onStart failed`);
    }
    core.tellLosses();
    return new Dio<R>(core);
  } catch (error) {
    await table.close();
    throw error;
  }
}

/** Where a table keeps none, as every one in memory, their code is not loaded. */
async function loadKeptOrders({ orders }: CacheTable): Promise<OpenKeptOrders | undefined> {
  if (orders === undefined) return undefined;
  const { KeptOrders } = await import("./kept-orders.ts");
  return (host) => new KeptOrders({ ...host, orders });
}
