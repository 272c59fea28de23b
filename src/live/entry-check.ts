import type { CachedRows } from "./cache.ts";

/** Whether a cache answered with an entry: caches are written by others, some without a compiler. */
export function isEntry(found: unknown): found is CachedRows {
  if (typeof found !== "object" || found === null) return false;
  const { rows, fetchedAt, total }: { rows?: unknown; fetchedAt?: unknown; total?: unknown } = found;
  return (
    rows instanceof Map && Number.isFinite(fetchedAt) && (total === undefined || Number.isSafeInteger(total))
  );
}
