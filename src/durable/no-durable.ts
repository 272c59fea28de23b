import { DioramaError } from "../base/index.ts";
import type { CacheBackend } from "../cache/index.ts";
import type { DurableStores } from "./stores.ts";

/** Stands in where nothing durable runs: always `unsupported`. */
export async function openDurable(folder: string): Promise<DurableStores> {
  throw new DioramaError(
    "unsupported",
    `cacheAt(${JSON.stringify(folder)}) needs Node; pass another backend with cacheSource(…)`,
  );
}

/** As `openDurable`: always `unsupported`. */
export async function openCacheFile(folder: string): Promise<CacheBackend> {
  throw new DioramaError(
    "unsupported",
    `a cache in the folder ${JSON.stringify(folder)} needs Node; keep it in memory with MemCache`,
  );
}
