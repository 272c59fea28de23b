import { DioramaError, isDioramaError, messageOf, yieldToLoop } from "../base/index.ts";
import { FolderLook } from "../durable/index.ts";
import type { Row } from "../record/index.ts";
import { type CacheFolder, lastUseOf, removeCacheFolder } from "./cache-folders.ts";
import { chooseFolders, type FolderOptions, labelOf } from "./choose-folders.ts";
import { CliError, exitCodes, usageError } from "./cli-error.ts";
import {
  type FolderFacts,
  factsOf,
  isDeadLetter,
  sizeOf,
  type TableFacts,
  unsettled,
} from "./folder-facts.ts";
import type { Frame } from "./frame.ts";
import { printRows } from "./print-rows.ts";
import { safeText } from "./safe-text.ts";
import { countText, sizeText } from "./size-text.ts";
import { ageText } from "./time-text.ts";

export interface RemoveOptions extends FolderOptions {
  readonly all?: boolean;
  readonly force?: boolean;
  /** Milliseconds. */
  readonly olderThan?: number;
}

/** `diorama cache ls`. */
export async function runCacheList(frame: Frame, options: FolderOptions): Promise<void> {
  const folders = chooseFolders(frame, undefined, options);
  const facts = folders.map((folder) => factsOf(folder, { isNamed: options.at !== undefined }));
  const lines = facts.flatMap((one) => listed(one, options));
  const rows = frame.json ? lines.map(toPlain) : lines.map((line) => toShown(line, frame.clock.now()));
  if (rows.length > 0 || frame.json) await printRows(frame, { rows, format: frame.json ? "json" : "table" });
  else frame.note("nothing is kept");
  const damaged = facts
    .filter(({ damage }) => damage.length > 0)
    .map(({ folder }) => labelOf(folder, options));
  if (damaged.length > 0)
    frame.note(`damaged, which "diorama cache verify" tells of: ${safeText(damaged.join(", "))}`);
}

/** `diorama cache rm`. What can't go stays, is told, and makes it exit code 1; the others go. */
export async function runCacheRemove(
  frame: Frame,
  source: string | undefined,
  options: RemoveOptions,
): Promise<void> {
  if ((source === undefined) === (options.all !== true)) throw usageError("name a SOURCE, or say --all");
  const { olderThan } = options;
  const now = frame.clock.now();
  const folders = chooseFolders(frame, source, options).filter(
    (folder) => olderThan === undefined || now - lastUseOf(folder) >= olderThan,
  );
  const removed: Row[] = [];
  const kept: DioramaError[] = [];
  for (const folder of folders) {
    try {
      const gone = removeOne(folder, options.force === true);
      removed.push(gone.plain);
      if (!frame.json) await frame.print(gone.line);
    } catch (error) {
      if (!isDioramaError(error)) throw error;
      kept.push(error);
    }
  }
  if (frame.json) await printRows(frame, { rows: removed, format: "json" });
  if (folders.length === 0) frame.note("there is nothing to remove");
  failWith(frame, kept);
}

/** `diorama cache verify`: reads everything, changes nothing. */
export async function runCacheVerify(
  frame: Frame,
  source: string | undefined,
  options: FolderOptions,
): Promise<void> {
  const reports: Row[] = [];
  const unread: DioramaError[] = [];
  let damaged = 0;
  for (const folder of chooseFolders(frame, source, options)) {
    try {
      const report = await verified(frame, folder, options);
      if (report === undefined) continue;
      damaged += report.damage.length;
      reports.push({ ...report, damage: report.damage.map((one) => ({ ...one })) });
    } catch (error) {
      if (!isDioramaError(error)) throw error;
      unread.push(error);
    }
  }
  if (frame.json) await printRows(frame, { rows: reports, format: "json" });
  else if (reports.length === 0 && unread.length === 0) frame.note("nothing is kept");
  if (damaged > 0)
    unread.push(
      new DioramaError(
        "corrupt",
        `${countText(damaged, "damaged place")}; nothing was changed: a cache fills itself again when it is used, a queue keeps what can still be read`,
      ),
    );
  failWith(frame, unread);
}

interface Listed {
  readonly facts: FolderFacts;
  readonly name: string;
  readonly table: TableFacts | undefined;
}

/** A source's folder is one line; of an application's, each table is. */
function listed(facts: FolderFacts, options: FolderOptions): Listed[] {
  const { folder, tables } = facts;
  if (options.at === undefined || tables.length === 0)
    return [{ facts, name: labelOf(folder, options), table: sumOf(tables) }];
  return tables.map((table) => ({ facts, name: table.name, table }));
}

/** What is kept of a `live:` source are its pages, also where a write has made a table of rows beside them. */
function sumOf(tables: readonly TableFacts[]): TableFacts | undefined {
  const isPages = tables.some((table) => table.isPages);
  const [first, ...others] = tables.toSorted((one, other) => Number(other.isPages) - Number(one.isPages));
  if (first === undefined) return undefined;
  return others.reduce(
    (sum, table) => ({
      ...sum,
      rows: sum.rows + (table.isPages === isPages ? table.rows : 0),
      complete: sum.complete && table.complete,
      seededAt: sum.seededAt ?? table.seededAt,
      queued: sum.queued + table.queued,
      failed: sum.failed + table.failed,
    }),
    first,
  );
}

function toPlain({ facts, name, table }: Listed): Row {
  const { folder, sizeBytes, heldBy, damage } = facts;
  return {
    source: name,
    folder: folder.path,
    ...(table === undefined
      ? {}
      : {
          [table.isPages ? "pages" : "rows"]: table.rows,
          complete: table.complete,
          seededAt: table.seededAt === undefined ? null : new Date(table.seededAt),
          queued: table.queued,
          failed: table.failed,
        }),
    sizeBytes,
    heldBy: heldBy ?? null,
    damaged: damage.length > 0,
  };
}

function toShown({ facts, name, table }: Listed, now: number): Row {
  const { sizeBytes, heldBy, damage } = facts;
  const age = table?.seededAt === undefined ? undefined : `${ageText(Math.max(0, now - table.seededAt))} ago`;
  return {
    source: name,
    rows: table === undefined ? "" : table.isPages ? `${countText(table.rows, "page")}` : table.rows,
    complete: table === undefined ? "" : table.complete ? "yes" : "no",
    seeded: table === undefined ? "" : (age ?? "never"),
    size: sizeText(sizeBytes),
    queued: table?.queued ?? "",
    "dead letters": table?.failed ?? "",
    state: heldBy === undefined ? (damage.length > 0 ? "damaged" : "") : `in use by ${heldBy}`,
  };
}

/** Removes one while nobody else can open it. */
function removeOne(folder: CacheFolder, isForced: boolean): { readonly plain: Row; readonly line: string } {
  const { tables } = factsOf(folder);
  const sizeBytes = sizeOf(folder.path);
  const rows = tables.reduce((sum, table) => sum + table.rows, 0);
  const ops = endOf(folder, isForced);
  const label = labelOf(folder);
  const lost = ops === 0 ? "" : `, with ${countText(ops, "write")} that had not arrived`;
  return {
    plain: { source: label, folder: folder.path, rows, lostWrites: ops, sizeBytes },
    line: safeText(`removed ${label}: ${countText(rows, "row")}, ${sizeText(sizeBytes)}${lost}`),
  };
}

/** How many writes went with it. */
function endOf(folder: CacheFolder, isForced: boolean): number {
  let look: FolderLook;
  try {
    look = FolderLook.open(folder.path);
  } catch (error) {
    if (!isDioramaError(error, "notFound")) throw error;
    removeCacheFolder(folder);
    return 0;
  }
  let isRemoved = false;
  try {
    const ops = unsettled(look);
    if (!isForced) refuseWrites(folder, look);
    isRemoved = true;
    look.end(() => removeCacheFolder(folder));
    return ops.length;
  } finally {
    if (!isRemoved) look.close();
  }
}

function refuseWrites(folder: CacheFolder, look: FolderLook): void {
  const ops = unsettled(look);
  const failed = ops.filter(isDeadLetter).length;
  const label = labelOf(folder);
  const parts = [
    ...(ops.length > failed ? [countText(ops.length - failed, "queued write")] : []),
    ...(failed > 0 ? [countText(failed, "dead letter")] : []),
  ];
  if (parts.length > 0)
    throw new DioramaError(
      "rejected",
      `${label} has ${parts.join(" and ")}; "diorama queue ls" shows them, --force removes them too`,
      { place: { file: folder.path } },
    );
  if (look.queues.damage.length > 0)
    throw new DioramaError(
      "corrupt",
      `the queue of ${label} is damaged and may hold writes; "diorama cache verify" tells more, --force removes it`,
      { place: { file: folder.path } },
    );
}

interface Report {
  readonly source: string;
  readonly folder: string;
  readonly rows: number;
  readonly ops: number;
  readonly damage: readonly { readonly file: string; readonly position: string; readonly reason: string }[];
}

/** `undefined`: there is nothing in it yet. */
async function verified(
  frame: Frame,
  folder: CacheFolder,
  options: FolderOptions,
): Promise<Report | undefined> {
  const label = labelOf(folder, options);
  let look: FolderLook;
  try {
    look = FolderLook.open(folder.path);
  } catch (error) {
    if (options.at === undefined && isDioramaError(error, "notFound")) return undefined;
    throw error;
  }
  frame.defer(() => look.close());
  const damage: Report["damage"][number][] = [];
  const counts = new Map<string, number>();
  let rows = 0;
  for (const step of look.check()) {
    if (step.kind === "damage") {
      damage.push(step.damage);
      const { file, position, reason } = step.damage;
      if (!frame.json)
        await frame.print(frame.styles.red(safeText(`${label}: ${file}, ${position}: ${reason}`)));
      continue;
    }
    const table = JSON.stringify([step.file, step.table]);
    rows += step.count - (counts.get(table) ?? 0);
    counts.set(table, step.count);
    frame.progress(`reading ${label}: ${rows.toLocaleString("en")} rows`);
    await yieldToLoop();
    frame.signal.throwIfAborted();
  }
  const ops = look.queues.ops.length;
  if (damage.length === 0 && !frame.json)
    await frame.print(
      safeText(`${label}: sound, ${countText(rows, "row")}, ${countText(ops, "write")} in the queue`),
    );
  look.close();
  return { source: label, folder: folder.path, rows, ops, damage };
}

/** One is told as it is; of several, each in a note, and the error counts them. */
function failWith(frame: Frame, errors: readonly DioramaError[]): void {
  const [first, ...others] = errors;
  if (first === undefined) return;
  if (others.length === 0) throw first;
  for (const error of errors) frame.note(safeText(messageOf(error)));
  throw new CliError(
    exitCodes.failed,
    first.code,
    `${errors.length} things went wrong; the notes above tell them`,
  );
}
