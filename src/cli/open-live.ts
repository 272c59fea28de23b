import { isDioramaError, messageOf } from "../base/index.ts";
import { type Cache, FileCache, LiveTable, MemCache } from "../live/index.ts";
import { vista, type Vista } from "../vista/index.ts";
import type { CopyFolder } from "./copy-folder.ts";
import type { Frame } from "./frame.ts";
import { safeText } from "./safe-text.ts";

const CACHE_KEY = "pages";

/** A LiveTable in front of a source, and where its answers came from. */
export interface OpenedLive {
  readonly vista: Vista;
  origin(): string;
}

/** Its pages are kept in the source's folder; both are closed with the command. */
export async function openLive(
  frame: Frame,
  master: Vista,
  folder: CopyFolder,
  options: { readonly freshForMs: number; readonly isRefreshed: boolean },
): Promise<OpenedLive> {
  const cache = await openPages(frame, folder);
  const table = new LiveTable(master, CACHE_KEY, cache, { ttl: options.freshForMs, staleFor: 0 });
  frame.defer(() => table.close());
  const tally = { hit: 0, miss: 0 };
  table.onStep((step) => {
    if (step.kind === "hit" || step.kind === "miss") tally[step.kind]++;
    if (step.kind === "cacheFailed") frame.note(`the cache: ${safeText(step.error.message)}`);
  });
  if (options.isRefreshed) await table.invalidate();
  const origin = (): string =>
    `a LiveTable: ${tally.hit} ${tally.hit === 1 ? "hit" : "hits"}, ${tally.miss} ${tally.miss === 1 ? "miss" : "misses"}`;
  return { vista: vista(table), origin };
}

async function openPages(frame: Frame, folder: CopyFolder): Promise<Cache> {
  if (folder.path === undefined) return new MemCache();
  try {
    const cache = await FileCache.open(folder.path, {
      onDamage: (error) => frame.note(`the cache: ${safeText(messageOf(error))}`),
    });
    frame.defer(() => cache.close());
    return cache;
  } catch (error) {
    if (!isDioramaError(error)) throw error;
    folder.doWithout(error);
    return new MemCache();
  }
}
