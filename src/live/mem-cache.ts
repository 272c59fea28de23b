import { DioramaError, nearestName } from "../base/index.ts";
import type { Cache, CachedRows } from "./cache.ts";
import { splitKey } from "./cache-key.ts";

/** How much a MemCache holds. */
export interface MemCacheOptions {
  /** The entry that was used longest ago goes when there would be more than so many. Default: no bound. */
  readonly maxEntries?: number | undefined;
}

/** Keeps entries in this process, until it ends. They are handed out as they were put, not copied. */
export class MemCache implements Cache {
  readonly #maxEntries: number;
  /** Entries by cache key, then by whole key: dropping a cache key looks at none of another. */
  readonly #entries = new Map<string, Map<string, CachedRows>>();
  /** Whole keys, the one that was used longest ago first; empty where there is no bound. */
  readonly #used = new Set<string>();

  /** `invalid` for a wrong option. */
  constructor(options: MemCacheOptions = {}) {
    this.#maxEntries = checkedMaxEntries(options);
  }

  async get(key: string): Promise<CachedRows | undefined> {
    const found = this.#entries.get(splitKey(key).cacheKey)?.get(key);
    if (found !== undefined) this.#touch(key);
    return found;
  }

  async put(key: string, rows: CachedRows): Promise<void> {
    const { cacheKey } = splitKey(key);
    let entries = this.#entries.get(cacheKey);
    if (entries === undefined) this.#entries.set(cacheKey, (entries = new Map()));
    entries.set(key, rows);
    this.#touch(key);
    if (this.#used.size <= this.#maxEntries) return;
    for (const oldest of this.#used) {
      this.#remove(oldest);
      break;
    }
  }

  async invalidatePrefix(prefix: string): Promise<void> {
    const { cacheKey, subKey } = splitKey(prefix);
    const entries = this.#entries.get(cacheKey);
    if (entries === undefined) return;
    if (subKey === undefined) {
      this.#entries.delete(cacheKey);
      if (this.#used.size > 0) for (const key of entries.keys()) this.#used.delete(key);
      return;
    }
    for (const key of entries.keys()) if (key.startsWith(prefix)) this.#remove(key);
  }

  async delete(key: string): Promise<void> {
    this.#remove(key);
  }

  #remove(key: string): void {
    const { cacheKey } = splitKey(key);
    const entries = this.#entries.get(cacheKey);
    entries?.delete(key);
    if (entries?.size === 0) this.#entries.delete(cacheKey);
    this.#used.delete(key);
  }

  #touch(key: string): void {
    if (this.#maxEntries === Infinity) return;
    this.#used.delete(key);
    this.#used.add(key);
  }
}

function checkedMaxEntries(options: MemCacheOptions): number {
  for (const name of Object.keys(options)) {
    if (name === "maxEntries") continue;
    const near = nearestName(name, ["maxEntries"]);
    const meant = near === undefined ? "; there is maxEntries" : `; did you mean ${near}?`;
    throw new DioramaError("invalid", `MemCache: there is no option ${JSON.stringify(name)}${meant}`);
  }
  const { maxEntries = Infinity } = options;
  if (maxEntries === Infinity || (Number.isSafeInteger(maxEntries) && maxEntries >= 1)) return maxEntries;
  throw new DioramaError(
    "invalid",
    `MemCache: maxEntries is ${String(maxEntries)}; it must be a whole number from 1 on`,
  );
}
