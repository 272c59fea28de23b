import { DioramaError } from "../base/index.ts";
import type { DurableStores } from "./stores.ts";

/** Stands in where nothing durable runs: always `unsupported`. */
export async function openDurable(folder: string): Promise<DurableStores> {
  throw new DioramaError(
    "unsupported",
    `cacheAt(${JSON.stringify(folder)}) needs Node; pass another backend with cacheSource(…)`,
  );
}
