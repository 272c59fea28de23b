import type { CachedRows } from "../../src/live/cache.ts";

/** What a writer does to a cache, as it tells it before it does. */
export type Change =
  | { readonly kind: "put"; readonly key: string; readonly number: number }
  | { readonly kind: "drop"; readonly prefix: string }
  | { readonly kind: "delete"; readonly key: string };

export const cacheKeys: readonly string[] = ["clients", "orders", "lines"];

export const subKeys: readonly string[] = [
  ...Array.from({ length: 30 }, (_, n) => `page_${n}`),
  ...Array.from({ length: 30 }, (_, n) => `id/${n}`),
];

/** An entry that tells its number in every part of it. */
export function entryOf(number: number): CachedRows {
  const row = { number, text: `the text of ${number} `.repeat(number % 40) };
  return { rows: new Map([[`row ${number}`, row]]), fetchedAt: number, total: number };
}

/** The numbers of the entries that are kept, by key. */
export type Content = ReadonlyMap<string, number>;

export function changed(content: Content, change: Change): Content {
  const next = new Map(content);
  if (change.kind === "put") return next.set(change.key, change.number);
  for (const key of next.keys()) if (isMeant(key, change)) next.delete(key);
  return next;
}

function isMeant(key: string, change: Exclude<Change, { kind: "put" }>): boolean {
  if (change.kind === "delete") return key === change.key;
  return change.prefix.includes("/") ? key.startsWith(change.prefix) : key.startsWith(`${change.prefix}/`);
}
