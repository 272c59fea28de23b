import { toSafeLogger } from "../base/index.ts";
import type { CacheBackend } from "../cache/index.ts";
import type { LensSettings } from "./settings.ts";

/** The durable cache of this runtime, loaded when it is first asked for. */
export async function openCache(folder: string, settings: LensSettings): Promise<CacheBackend> {
  const { openDurableCache } = await import("#durable");
  const { clock, logger } = settings;
  return openDurableCache(folder, { clock, logger: logger === undefined ? undefined : toSafeLogger(logger) });
}
