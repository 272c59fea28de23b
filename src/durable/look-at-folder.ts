import { existsSync, readdirSync, realpathSync } from "node:fs";
import { join, resolve } from "node:path";
import { type Clock, DioramaError, messageOf, systemClock } from "../base/index.ts";
import { type CacheDamage, CacheLook, type LookedTable } from "../cache/sqlite/index.ts";
import { checkQueues, lookAtQueues, type LookedQueues } from "../queue/sqlite/index.ts";
import { FolderLock, type Holder, holderOf, type LockNames } from "../sqlite/index.ts";
import { lockNamesOf } from "./open-cache-file.ts";

/** Something in a folder that is not what was written. */
export interface FolderDamage {
  /** The file's name. */
  readonly file: string;
  /** Where in it: the table, the row, the page, the sequence. */
  readonly position: string;
  readonly reason: string;
}

export interface LookedCache {
  /** The file's name. */
  readonly file: string;
  readonly tables: readonly LookedTable[];
}

/** How far a check is, or something that it found. */
export type CheckStep =
  | { readonly kind: "rows"; readonly file: string; readonly table: string; readonly count: number }
  | { readonly kind: "damage"; readonly damage: FolderDamage };

const NAMED_LOCK = /^(.+)\.lock\.db$/;
const LENS_FILES = ["lock.db", "cache.db", "queue.db", "queue.db-wal", "queue.db.ready"];
const QUEUE_FILE = "queue.db";

/** Looks at what a Lens or a page cache keeps in a folder: it holds the folder meanwhile, and changes nothing in it. */
export class FolderLook {
  /** Absolute, and the real one. */
  readonly folder: string;
  readonly caches: readonly LookedCache[];
  readonly queues: LookedQueues;
  /** What shows without reading everything. */
  readonly damage: readonly FolderDamage[];
  readonly #looks: ReadonlyMap<string, CacheLook>;
  readonly #locks: readonly FolderLock[];
  #hasEnded = false;

  private constructor(folder: string, looks: ReadonlyMap<string, CacheLook>, locks: readonly FolderLock[]) {
    this.folder = folder;
    this.#looks = looks;
    this.#locks = locks;
    this.queues = lookAtQueues(folder);
    this.caches = [...looks].map(([file, { tables }]) => ({ file, tables }));
    this.damage = [
      ...[...looks].flatMap(([file, look]) => named(file, look.damage)),
      ...named(QUEUE_FILE, this.queues.damage),
    ];
  }

  /** `inUse`, naming the holder, where another one has it; `notFound` where nothing of ours is kept there. */
  static open(folder: string, clock: Clock = systemClock): FolderLook {
    const real = realFolder(folder);
    const { isLens, names } = contentOf(real);
    const locks: FolderLock[] = [];
    const looks = new Map<string, CacheLook>();
    try {
      if (isLens) locks.push(FolderLock.take(real, clock));
      for (const name of names) locks.push(FolderLock.take(real, clock, lockNamesOf(name)));
      for (const name of isLens ? ["cache", ...names] : names) {
        const file = `${name}.db`;
        looks.set(file, new CacheLook(join(real, file)));
      }
      return new FolderLook(real, looks, locks);
    } catch (error) {
      for (const look of looks.values()) look.close();
      for (const lock of locks) lock.release();
      throw error;
    }
  }

  /** Reads everything: each row with its checksum, each queued op, and the structure of the files. */
  *check(): Generator<CheckStep, void, undefined> {
    for (const [file, look] of this.#looks) {
      yield* damageSteps(file, [...look.damage, ...look.structureDamage()]);
      for (const table of look.tables) {
        for (const step of look.check(table)) {
          if (typeof step === "number") yield { kind: "rows", file, table: table.name, count: step };
          else yield* damageSteps(file, [step]);
        }
      }
    }
    yield* damageSteps(QUEUE_FILE, checkQueues(this.folder).damage);
  }

  /** Idempotent. */
  close(): void {
    this.end(() => undefined);
  }

  /** Closes it; `last` runs when the files are closed and nobody else can open the folder yet. */
  end(last: () => void): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    for (const look of this.#looks.values()) look.close();
    // Windows moves no folder with an open file in it.
    if (process.platform === "win32") this.#release();
    try {
      last();
    } finally {
      this.#release();
    }
  }

  #release(): void {
    for (const lock of this.#locks) lock.release();
  }
}

/** Who holds a folder that is `inUse`, as far as that is known. */
export function folderHolders(folder: string): readonly Holder[] {
  const real = realFolder(folder);
  const locks: readonly (LockNames | undefined)[] = [undefined, ...contentOf(real).names.map(lockNamesOf)];
  return locks.flatMap((names) => holderOf(real, names) ?? []);
}

/** Whether a Lens has kept something there, and the names of page caches. */
function contentOf(folder: string): { readonly isLens: boolean; readonly names: readonly string[] } {
  const names = readdirSync(folder).flatMap((file) => NAMED_LOCK.exec(file)?.[1] ?? []);
  const isLens = LENS_FILES.some((file) => existsSync(join(folder, file)));
  if (isLens || names.length > 0) return { isLens, names: names.toSorted() };
  const message = `${folder} holds no cache and no queue; name the folder that was given to cacheAt or FileCache`;
  throw new DioramaError("notFound", message, { place: { file: folder } });
}

function realFolder(folder: string): string {
  try {
    return realpathSync(resolve(folder));
  } catch (error) {
    const message = `the folder ${folder} can't be read (${messageOf(error)})`;
    throw new DioramaError("notFound", message, { cause: error, place: { file: folder } });
  }
}

const named = (file: string, damage: readonly CacheDamage[]): FolderDamage[] =>
  damage.map(({ position, reason }) => ({ file, position, reason }));

function* damageSteps(file: string, damage: readonly CacheDamage[]): Generator<CheckStep> {
  for (const one of named(file, damage)) yield { kind: "damage", damage: one };
}
