/** A key of a Cache in its two parts. */
export interface CacheKey {
  readonly cacheKey: string;
  /** What stands behind the first `/`; undefined where there is none, which is not the empty text. */
  readonly subKey: string | undefined;
}

/** A key, or a prefix of keys, taken apart at its first `/`. */
export function splitKey(key: string): CacheKey {
  const at = key.indexOf("/");
  if (at === -1) return { cacheKey: key, subKey: undefined };
  return { cacheKey: key.slice(0, at), subKey: key.slice(at + 1) };
}
