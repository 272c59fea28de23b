import type { Row } from "../record/index.ts";

/** Rows as they were read, by id, in the order of their page. */
export interface CachedRows<R extends object = Row> {
  readonly rows: ReadonlyMap<string, R>;
  /** When the master was asked, milliseconds since 1970. */
  readonly fetchedAt: number;
  /** How many rows the master said it has in all, where it said so. */
  readonly total?: number | undefined;
}

/**
 * Where a LiveTable keeps what it read. Law for both sides:
 *
 * - A key is `{cache key}/{sub-key}`: `page_3`, `id/abc`, `count`. The cache key is the part before the first `/`;
 *   any text is a sub-key.
 * - `get` answers `undefined` for a miss. What can't be read any more (a damaged entry) is a miss too, and is
 *   reported elsewhere. It rejects only where the cache as a whole can't be used.
 * - `put` replaces. Nobody changes the rows afterwards, neither side.
 * - When `invalidatePrefix` or `delete` resolves, no later `get` shows what was there before; a `put` that was
 *   called later stays.
 * - Safe to call at any time, concurrently; calls take effect in the order they were made.
 */
export interface Cache {
  get(key: string): Promise<CachedRows | undefined>;
  put(key: string, rows: CachedRows): Promise<void>;
  /**
   * Without a `/`, everything under that one cache key (`clients` never touches `clients_old`); with one, every
   * entry of the cache key whose sub-key begins with what stands behind the first `/`.
   */
  invalidatePrefix(prefix: string): Promise<void>;
  /** Drops this one entry. Where a cache has no such method, its prefix is invalidated. */
  delete?(key: string): Promise<void>;
}
