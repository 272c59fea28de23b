import { closeSync, existsSync, fsyncSync, lstatSync, openSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../base/index.ts";

export const FILE_NAME = "queue.db";
export const FILE_MODE = 0o600;
/** What belongs to a database file, itself last: as long as it is there, the others are not taken for leftovers. */
const COMPANIONS = ["-wal", "-shm", "-journal", ""];

/** Whether a folder holds anything of a queue file, whole or not. */
export function hasQueueFile(folder: string): boolean {
  const { path, ready } = new QueueFiles(folder);
  return [...COMPANIONS.map((suffix) => path + suffix), ready].some((name) => kindOf(name) !== "missing");
}

/** The names in a queue's folder, and the moves between them that a crash may interrupt anywhere. */
export class QueueFiles {
  readonly folder: string;
  readonly path: string;
  /** Being written. */
  readonly draft: string;
  /** Whole and on the disk; takes the place of the file at the next opening at the latest. */
  readonly ready: string;

  constructor(folder: string) {
    this.folder = folder;
    this.path = join(folder, FILE_NAME);
    this.draft = `${this.path}.new`;
    this.ready = `${this.path}.ready`;
  }

  /** Declares the draft whole: from here on it will take the file's place. */
  finishDraft(): void {
    flushFile(this.draft);
    renameSync(this.draft, this.ready);
    flushFolder(this.folder);
  }

  /** Puts a file that is ready in place; what stood there is set aside. Answers where, if there was anything. */
  takeReady(): string | undefined {
    if (!existsSync(this.ready)) return undefined;
    const target = this.freeName("damaged");
    let moved = false;
    for (const suffix of COMPANIONS) {
      if (kindOf(this.path + suffix) === "missing") continue;
      renameSync(this.path + suffix, target + suffix);
      moved = true;
    }
    renameSync(this.ready, this.path);
    flushFolder(this.folder);
    return moved ? target : undefined;
  }

  removeDraft(): void {
    for (const suffix of COMPANIONS) rmSync(this.draft + suffix, { force: true });
  }

  /** A name beside the file that nothing has: queue.db.<what>-<time>. */
  freeName(what: "damaged" | "lost"): string {
    const time = new Date(systemClock.now()).toISOString().replaceAll(/[-:.]/g, "");
    const first = `${this.path}.${what}-${time}`;
    let name = first;
    for (let copy = 2; COMPANIONS.some((suffix) => kindOf(name + suffix) !== "missing"); copy++) {
      name = `${first}-${copy}`;
    }
    return name;
  }
}

export function kindOf(path: string): "missing" | "empty" | "file" | "other" {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return "missing";
  if (!found.isFile()) return "other";
  return found.size === 0 ? "empty" : "file";
}

export function flushFile(path: string): void {
  const file = openSync(path, "r+");
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** A rename is on the disk when its folder is; Windows has no such handle, and needs none. */
function flushFolder(folder: string): void {
  if (process.platform === "win32") return;
  const handle = openSync(folder, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
