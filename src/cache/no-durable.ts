import { DioramaError } from "../base/index.ts";
import type { CacheBackend } from "./cache-backend.ts";

/** Stands in for the durable cache where none runs: always `unsupported`. */
export async function openDurableCache(folder: string): Promise<CacheBackend> {
  throw new DioramaError(
    "unsupported",
    `cacheAt(${JSON.stringify(folder)}) needs Node; pass another backend with cacheSource(…)`,
  );
}
