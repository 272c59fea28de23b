import { DioramaError, isDioramaError } from "../base/index.ts";
import { FolderLook, openDurable } from "../durable/index.ts";
import type { Row, Value } from "../record/index.ts";
import type { WriteOp } from "../vista/index.ts";
import { awaitOutcomes, opText, type Outcome } from "./await-outcomes.ts";
import {
  type CacheFolder,
  cacheRootOf,
  findCacheFolders,
  openCacheFolder,
  type SourceIdentity,
} from "./cache-folders.ts";
import { chooseFolders, type FolderOptions, labelOf } from "./choose-folders.ts";
import { CliError, exitCodes, usageError } from "./cli-error.ts";
import { isDeadLetter, isParked, type KeptOp, unsettled } from "./folder-facts.ts";
import type { Frame } from "./frame.ts";
import { rowJsonText } from "./json-text.ts";
import { planMaster } from "./open-master.ts";
import { openSource } from "./open-source.ts";
import { printRows } from "./print-rows.ts";
import { safeText } from "./safe-text.ts";
import { countText } from "./size-text.ts";
import { toLocation } from "./source-location.ts";
import type { SourceOptions } from "./source-options.ts";
import { ageText } from "./time-text.ts";

export interface QueueListOptions extends FolderOptions {
  readonly rows?: boolean;
}

export interface RetryOptions extends SourceOptions {
  readonly all?: boolean;
  /** Milliseconds. */
  readonly wait?: number;
}

export interface DiscardOptions extends FolderOptions {
  readonly all?: boolean;
}

const USUAL_WAIT_MS = 30_000;

/** `diorama queue ls`: dead letters and what is still on its way, in the order in which it was written. */
export async function runQueueList(
  frame: Frame,
  source: string | undefined,
  options: QueueListOptions,
): Promise<void> {
  const isNamed = source !== undefined || options.at !== undefined;
  const rows: Row[] = [];
  for (const folder of chooseFolders(frame, source, options)) {
    try {
      const look = lookAt(folder, isNamed);
      if (look === undefined) continue;
      const label = labelOf(folder, options);
      for (const kept of look.ops) rows.push(listedOp(frame, label, kept, { ...options, all: look.ops }));
      if (look.isDamaged)
        frame.note(safeText(`the queue of ${label} is damaged; "diorama cache verify" tells of it`));
    } catch (error) {
      // Of all there are, those in use are told and the others listed.
      if (isNamed || !isDioramaError(error, "inUse")) throw error;
      frame.note(safeText(error.message));
    }
  }
  if (rows.length > 0 || frame.json) await printRows(frame, { rows, format: frame.json ? "json" : "table" });
  else frame.note("nothing is queued, and there are no dead letters");
}

/** `diorama queue retry`: sends dead letters again and waits for what becomes of them. */
export async function runQueueRetry(
  frame: Frame,
  source: string,
  opIds: readonly string[],
  options: RetryOptions,
): Promise<void> {
  checkChoice(opIds, options.all);
  const { identity } = planMaster(frame, toLocation(source, frame.terminal.folder), options);
  const root = cacheRootOf(frame, options.cache);
  if (root === undefined) throw usageError('with "none" nothing is queued that could be sent again');
  const wanted = chosen(queuedOps(frame, root, identity), opIds, identity.location);
  if (wanted.length === 0) {
    frame.note("nothing is queued, and there are no dead letters");
    return;
  }
  const { dio } = await openSource(frame, source, options, { copy: "as-it-is", isWriting: true });
  // What fails for the first time now is not sent a second time at once.
  for (const { queued } of wanted.filter(isDeadLetter)) await dio.writes.retry(queued.op.opId);
  const outcomes = await awaitOutcomes(
    frame,
    dio,
    wanted.map(({ queued }) => queued.op),
    { waitMs: options.wait ?? USUAL_WAIT_MS, onOutcome: (outcome) => printOutcome(frame, outcome) },
  );
  const failed = outcomes.filter(({ state }) => state === "failed");
  if (failed.length === 0) return;
  const code = failed[0]?.error?.code ?? "rejected";
  throw new CliError(
    exitCodes.failed,
    code,
    `${countText(failed.length, "write")} failed again and ${failed.length === 1 ? "is a dead letter" : "are dead letters"} as before`,
  );
}

/** `diorama queue discard`: gives writes up; what is parked behind a dead letter goes on with the next command. */
export async function runQueueDiscard(
  frame: Frame,
  source: string,
  opIds: readonly string[],
  options: DiscardOptions,
): Promise<void> {
  checkChoice(opIds, options.all);
  const left = new Set(opIds);
  const gone: Row[] = [];
  for (const folder of chooseFolders(frame, source, options)) {
    const ops = lookAt(folder, true)?.ops ?? [];
    // All of them are all dead letters: what may still arrive is given up only where it is named.
    const wanted = ops.filter((kept) =>
      options.all === true ? isDeadLetter(kept) : left.delete(kept.queued.op.opId),
    );
    if (wanted.length > 0) await remove(frame, folder, wanted);
    for (const { queued } of wanted) {
      const { op } = queued;
      gone.push({ op: op.opId, kind: op.kind, id: op.id ?? null, state: "discarded" });
      if (!frame.json) await frame.print(safeText(`discarded  ${opText(op)}  (op ${op.opId})`));
    }
  }
  if (frame.json) await printRows(frame, { rows: gone, format: "json" });
  if (left.size > 0) throw unknownOps([...left], source);
  if (gone.length === 0) frame.note("there are no dead letters");
}

/** One line for what became of a write. */
export async function printOutcome(frame: Frame, outcome: Outcome): Promise<void> {
  const { op, state, error } = outcome;
  if (frame.json) return frame.print(rowJsonText(plainOutcome(outcome)));
  const { styles } = frame;
  const why = error === undefined ? "" : `: ${error.message} (${error.code})`;
  const word = { confirmed: styles.green, failed: styles.red, parked: styles.yellow, pending: styles.yellow }[
    state
  ];
  const shown = state === "pending" ? "queued" : state;
  return frame.print(
    `${word(shown.padEnd("confirmed".length))}  ${safeText(`${opText(op)}  (op ${op.opId})${why}`)}`,
  );
}

function plainOutcome({ op, state, error }: Outcome): Row {
  const failure: Row = error === undefined ? {} : { error: { code: error.code, message: error.message } };
  return {
    op: op.opId,
    kind: op.kind,
    id: op.id ?? null,
    state: state === "pending" ? "queued" : state,
    ...failure,
  };
}

function lookAt(
  folder: CacheFolder,
  isNamed: boolean,
): { readonly ops: readonly KeptOp[]; readonly isDamaged: boolean } | undefined {
  let look: FolderLook;
  try {
    look = FolderLook.open(folder.path);
  } catch (error) {
    // Made, and nothing kept in it yet; a folder of one's own should hold something.
    if (isDioramaError(error, "notFound") && (folder.manifest !== undefined || !isNamed)) return undefined;
    throw error;
  }
  try {
    return { ops: unsettled(look), isDamaged: look.queues.damage.length > 0 };
  } finally {
    look.close();
  }
}

function listedOp(
  frame: Frame,
  label: string,
  kept: KeptOp,
  { rows, all }: QueueListOptions & { readonly all: readonly KeptOp[] },
): Row {
  const { op, state, error, outcomeUnknown } = kept.queued;
  const shown = state === "queued" && isParked(kept, all) ? "parked" : state;
  const enqueued = new Date(op.enqueuedAt);
  const row: Row = {
    op: op.opId,
    kind: op.kind,
    id: op.id ?? null,
    state: shown,
    attempts: op.attempt,
    error: error?.code ?? null,
  };
  const content: Row = rows === true ? { row: contentOf(op) ?? null, message: error?.message ?? null } : {};
  if (frame.json) return { source: label, table: kept.queue, ...row, outcomeUnknown, enqueued, ...content };
  const age = ageText(Math.max(0, frame.clock.now() - op.enqueuedAt));
  return { ...row, id: op.id ?? "", error: error?.code ?? "", age, ...textOf(content), source: label };
}

const textOf = ({ row, message }: Row): Row =>
  row === undefined ? {} : { row: isRow(row) ? rowJsonText(row) : "", message: message ?? "" };

const isRow = (value: Value): value is Row => typeof value === "object" && value !== null;

function contentOf(op: WriteOp): Row | undefined {
  switch (op.kind) {
    case "insert":
    case "replace":
      return op.row;
    case "patch":
      return Object.fromEntries(
        Object.entries(op.partial).flatMap(([column, value]) =>
          value === undefined ? [] : [[column, value]],
        ),
      );
    case "deleteAll":
      return op.ids === undefined ? undefined : { ids: op.ids };
    case "delete":
      return undefined;
  }
}

/** Takes the ops out of the folder's queue file, without the source: nothing is sent. */
async function remove(frame: Frame, folder: CacheFolder, ops: readonly KeptOp[]): Promise<void> {
  const stores = await openDurable(folder.path);
  try {
    for (const name of new Set(ops.map(({ queue }) => queue))) {
      const queue = await stores.queues.openQueue(name);
      for (const { position, reason } of queue.lost)
        frame.note(safeText(`the queue: ${position}: ${reason}`));
      const own = ops.filter((kept) => kept.queue === name);
      await queue.apply({ removes: own.map(({ queued }) => queued.sequence) });
    }
  } finally {
    await stores.close();
  }
}

function checkChoice(opIds: readonly string[], all: boolean | undefined): void {
  if (opIds.length === 0 && all !== true)
    throw usageError('name an OPID ("diorama queue ls" lists them), or say --all');
  if (opIds.length > 0 && all === true) throw usageError("OPID and --all don't go together");
}

/** Those that are named; without names, everything. */
function chosen(ops: readonly KeptOp[], opIds: readonly string[], source: string): readonly KeptOp[] {
  if (opIds.length === 0) return ops;
  const known = new Map(ops.map((kept) => [kept.queued.op.opId, kept]));
  const unknown = opIds.filter((opId) => !known.has(opId));
  if (unknown.length > 0) throw unknownOps(unknown, source);
  return ops.filter(({ queued }) => opIds.includes(queued.op.opId));
}

/** What is queued for the source; `notFound` where that is nothing, but something is queued under other options. */
function queuedOps(frame: Frame, root: string, identity: SourceIdentity): readonly KeptOp[] {
  const { location } = identity;
  // Where nothing was ever kept of the source no folder is made for it.
  if (findCacheFolders(root, location).length === 0) return [];
  const ops = lookAt(openCacheFolder(root, identity, frame.clock.now()), false)?.ops ?? [];
  const elsewhere = ops.length > 0 ? 0 : queuedFor(root, location);
  if (elsewhere === 0) return ops;
  const what = `${countText(elsewhere, "write")} ${elsewhere === 1 ? "is" : "are"} queued for it under other options`;
  throw new DioramaError("notFound", `${location}: ${what}; give those that the write was given`);
}

/** Writes for the source under any options; a folder that can't be looked into now counts for none. */
function queuedFor(root: string, location: string): number {
  let found = 0;
  for (const folder of findCacheFolders(root, location)) {
    try {
      found += lookAt(folder, false)?.ops.length ?? 0;
    } catch (error) {
      if (!isDioramaError(error)) throw error;
    }
  }
  return found;
}

function unknownOps(opIds: readonly string[], source: string): DioramaError {
  return new DioramaError(
    "notFound",
    `nothing is queued for ${source} as op ${opIds.join(", ")}; "diorama queue ls" lists what is`,
  );
}
