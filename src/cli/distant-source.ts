import { sleep, type Clock } from "../base/index.ts";
import type { Source } from "../vista/index.ts";
import type { DemoMaster } from "./demo-master.ts";

/** The master as one that is far away: each call arrives so much later. */
export function createDistantSource(master: DemoMaster, latencyMs: number, clock: Clock): Source {
  const travel = (): Promise<void> => sleep(clock, latencyMs, undefined, { keepAlive: true });
  const later = async <T>(ask: () => Promise<T>): Promise<T> => {
    await travel();
    return ask();
  };
  return {
    name: master.name,
    schema: master.schema,
    capabilities: master.capabilities,
    fingerprint: () => master.fingerprint(),
    explain: (query) => master.explain(query),
    async *read(query, call) {
      await travel();
      yield* master.read(query, call);
    },
    version: () => later(() => master.version()),
    get: (id) => later(() => master.get(id)),
    count: () => later(() => master.count()),
    page: (query, page) => later(() => master.page(query, page)),
    window: (query, window) => later(() => master.window(query, window)),
    next: (query, from) => later(() => master.next(query, from)),
    insert: (id, row) => later(() => master.insert(id, row)),
    replace: (id, row) => later(() => master.replace(id, row)),
    patch: (id, partial) => later(() => master.patch(id, partial)),
    delete: (id) => later(() => master.delete(id)),
    deleteAll: () => later(() => master.deleteAll()),
  };
}
