import { queryKey } from "../query/index.ts";
import type { Vista } from "../vista/index.ts";
import type { CachedRows } from "./cache.ts";

/** The entry that says what the others under its cache key were read from. */
export const ORIGIN = "origin";

/** What the entries of one cache key are pages and records of: entries of another origin are not these. */
export interface Origin {
  readonly pageSize: number;
  /** The master's fingerprint with its narrowing and order. */
  readonly master: string;
}

/** An origin as it is cached. */
export interface NotedOrigin extends Origin {
  /** Totals of entries that are not younger are not right any more. Milliseconds since 1970. */
  readonly totalsFrom: number;
  /** A write is on its way: who finds this after the process has ended can trust no entry. */
  readonly isWriting: boolean;
}

export function originOf(master: Vista, pageSize: number): Origin {
  const { order } = master.query;
  const ordered =
    order.length === 0 ? "" : `|${queryKey({ conditions: [], order, search: undefined }, { order: true })}`;
  return { pageSize, master: `${master.fingerprint()}${ordered}` };
}

export function isSameOrigin(a: Origin, b: Origin): boolean {
  return a.pageSize === b.pageSize && a.master === b.master;
}

export function toNote(
  { pageSize, master, totalsFrom, isWriting }: NotedOrigin,
  fetchedAt: number,
): CachedRows {
  return { rows: new Map([[ORIGIN, { pageSize, master, totalsFrom, isWriting }]]), fetchedAt };
}

/** Nothing where the entry is no note of an origin. */
export function fromNote(entry: CachedRows): NotedOrigin | undefined {
  const { pageSize, master, totalsFrom, isWriting } = entry.rows.get(ORIGIN) ?? {};
  if (typeof pageSize !== "number" || typeof master !== "string") return undefined;
  if (typeof totalsFrom !== "number" || typeof isWriting !== "boolean") return undefined;
  return { pageSize, master, totalsFrom, isWriting };
}
