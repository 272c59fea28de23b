import { DioramaError } from "../base/index.ts";
import { missingFor, type Vista } from "../vista/index.ts";

/** A master that can't honour its own narrowing could never be read. */
export function checkMaster(master: Vista): void {
  const missing = missingFor(master.source, master.query);
  if (missing === undefined) return;
  const message = `${master.name}: no Dio can be made of a narrowed or ordered vista whose source has no ${missing}; make it of the whole one and narrow its own, dio.vista().where(…)`;
  throw new DioramaError("unsupported", message, { place: { vista: master.name } });
}
