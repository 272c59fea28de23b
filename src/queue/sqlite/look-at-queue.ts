import { existsSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { isDioramaError } from "../../base/index.ts";
import { damageOf, toCallError } from "../../sqlite/index.ts";
import { inspectFile } from "./inspect-file.ts";
import { kindOf, QueueFiles } from "./queue-files.ts";
import { currentFormat } from "./queue-schema.ts";
import { type SalvagedOp, salvageQueue } from "./salvage.ts";

/** Something in a queue's files that is not what was written. */
export interface QueueDamage {
  /** The file, the page, the byte or the sequence. */
  readonly position: string;
  readonly reason: string;
}

/** What the files of a folder's queues hold, read from their bytes. */
export interface LookedQueues {
  /** By queue and sequence. */
  readonly ops: readonly SalvagedOp[];
  readonly damage: readonly QueueDamage[];
}

/** Reads every op without changing a byte; whoever calls holds the folder. */
export function lookAtQueues(folder: string): LookedQueues {
  const { path, ready } = new QueueFiles(folder);
  // One that was repaired counts from the moment it is whole.
  if (existsSync(ready)) {
    const { ops, losses } = salvageQueue(readFileSync(ready));
    const repaired = {
      position: basename(path),
      reason: "it was damaged; what could be read of it takes its place at the next opening",
    };
    return { ops, damage: [repaired, ...losses] };
  }
  const main = kindOf(path) === "file" ? readFileSync(path) : undefined;
  const log = kindOf(`${path}-wal`) === "file" ? readFileSync(`${path}-wal`) : undefined;
  if (main === undefined && log === undefined) return { ops: [], damage: damageOfNoFile(path) };
  const { ops, losses } = salvageQueue(main ?? new Uint8Array(), log);
  return { ops, damage: losses };
}

/** As `lookAtQueues`, and SQLite's own structure is looked through as well. */
export function checkQueues(folder: string): LookedQueues {
  const { path, ready } = new QueueFiles(folder);
  const looked = lookAtQueues(folder);
  if (existsSync(ready) || kindOf(path) !== "file") return looked;
  return { ...looked, damage: [...structureDamage(path), ...looked.damage] };
}

function structureDamage(path: string): QueueDamage[] {
  try {
    // Its bad records are told by what was read of the bytes.
    inspectFile(path, currentFormat);
    return [];
  } catch (error) {
    // A newer format, or no right to read it, is told as well; an outage is none of the file's.
    const told = damageOf(error) ?? (isDioramaError(error) ? error : undefined);
    if (told === undefined) throw toCallError(error, path);
    return [{ position: basename(path), reason: told.message }];
  }
}

function damageOfNoFile(path: string): QueueDamage[] {
  switch (kindOf(path)) {
    case "empty":
      return [{ position: basename(path), reason: "it is empty" }];
    case "other":
      return [{ position: basename(path), reason: "it is no file" }];
    case "file":
    case "missing":
      return [];
  }
}
