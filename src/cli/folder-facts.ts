import { existsSync, lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { isDioramaError } from "../base/index.ts";
import { type FolderDamage, folderHolders, FolderLook } from "../durable/index.ts";
import type { QueuedOp } from "../queue/index.ts";
import type { CacheFolder } from "./cache-folders.ts";

/** What one table of a folder holds, and what is queued for it. */
export interface TableFacts {
  readonly name: string;
  /** Confirmed rows; of a page cache, pages and single rows. */
  readonly rows: number;
  readonly isPages: boolean;
  readonly complete: boolean;
  /** Milliseconds since 1970. */
  readonly seededAt: number | undefined;
  readonly queued: number;
  readonly failed: number;
}

export interface FolderFacts {
  readonly folder: CacheFolder;
  readonly sizeBytes: number;
  /** Another process, which has it open; then nothing of what is in it is known. */
  readonly heldBy: string | undefined;
  readonly tables: readonly TableFacts[];
  readonly damage: readonly FolderDamage[];
}

/** An op, and the table that it is queued for. */
export interface KeptOp {
  readonly queue: string;
  readonly queued: QueuedOp;
}

const CACHE_FILE = "cache.db";

/**
 * Looks at a folder; one that another process holds is told with its holder only. `notFound` where it was named and
 * holds nothing.
 */
export function factsOf(
  folder: CacheFolder,
  { isNamed = false }: { readonly isNamed?: boolean } = {},
): FolderFacts {
  const sizeBytes = existsSync(folder.path) ? sizeOf(folder.path) : 0;
  const blank = { folder, sizeBytes, heldBy: undefined, tables: [], damage: [] };
  let look: FolderLook;
  try {
    look = FolderLook.open(folder.path);
  } catch (error) {
    if (isDioramaError(error, "inUse")) return { ...blank, heldBy: holderText(folder.path) };
    // Made, and nothing kept in it yet.
    if (!isNamed && isDioramaError(error, "notFound")) return blank;
    throw error;
  }
  try {
    return { ...blank, tables: tablesOf(look), damage: look.damage };
  } finally {
    look.close();
  }
}

/** Ops that would be lost with the folder: what a destination has confirmed is not among them. */
export function unsettled(look: FolderLook): readonly KeptOp[] {
  return look.queues.ops.filter(({ queued }) => queued.state !== "confirmed");
}

export const isDeadLetter = ({ queued }: KeptOp): boolean => queued.state === "failed";

/** Behind a dead letter of its row, it waits for what becomes of that. */
export function isParked(kept: KeptOp, all: readonly KeptOp[]): boolean {
  const { id } = kept.queued.op;
  return all.some(
    (other) =>
      isDeadLetter(other) &&
      other.queue === kept.queue &&
      other.queued.op.id === id &&
      id !== undefined &&
      other.queued.sequence < kept.queued.sequence &&
      kept.queued.sequence <= (other.queued.parksUpTo ?? other.queued.sequence),
  );
}

function holderText(folder: string): string {
  const holders = folderHolders(folder).map(
    ({ pid, host, since }) => `process ${pid} on ${host} since ${since}`,
  );
  return holders.length === 0 ? "another process" : holders.join(" and ");
}

/** Of every file in the folder, in bytes. What goes meanwhile counts nothing. */
export function sizeOf(path: string): number {
  let sizeBytes = 0;
  for (const entry of readdirSync(path, { withFileTypes: true, recursive: true })) {
    if (entry.isFile())
      sizeBytes += lstatSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false })?.size ?? 0;
  }
  return sizeBytes;
}

function tablesOf(look: FolderLook): TableFacts[] {
  const ops = unsettled(look);
  const tables = look.caches.flatMap(({ file, tables: kept }) =>
    kept.map((table) => ({ ...table, isPages: file !== CACHE_FILE })),
  );
  const known = new Set(tables.filter(({ isPages }) => !isPages).map(({ name }) => name));
  const queuedOnly = [...new Set(ops.map(({ queue }) => queue))].filter((name) => !known.has(name));
  const counts = (name: string): Pick<TableFacts, "queued" | "failed"> => {
    const own = ops.filter(({ queue }) => queue === name);
    const failed = own.filter(isDeadLetter).length;
    return { queued: own.length - failed, failed };
  };
  return [
    ...tables.map(({ name, rowCount, meta, isPages }) => ({
      name,
      rows: rowCount,
      isPages,
      complete: meta.complete,
      seededAt: meta.seededAt,
      ...(isPages ? { queued: 0, failed: 0 } : counts(name)),
    })),
    ...queuedOnly.map((name) => ({
      name,
      rows: 0,
      isPages: false,
      complete: false,
      seededAt: undefined,
      ...counts(name),
    })),
  ];
}
