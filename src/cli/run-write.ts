import { DioramaError, isDioramaError, messageOf, uuidV7 } from "../base/index.ts";
import type { Dio } from "../dio/index.ts";
import { idOf, type Row } from "../record/index.ts";
import type { Vista, WriteOp } from "../vista/index.ts";
import { isAssignment, readAssignments } from "./assignments.ts";
import { awaitOutcomes, opText, type Outcome } from "./await-outcomes.ts";
import { CliError, exitCodes, usageError } from "./cli-error.ts";
import type { Frame } from "./frame.ts";
import { openSource, type OpenedSource } from "./open-source.ts";
import { printOutcome } from "./run-queue.ts";
import { safeText } from "./safe-text.ts";
import type { SourceOptions } from "./source-options.ts";

export interface WriteOptions extends SourceOptions {
  /** Milliseconds. */
  readonly wait?: number;
}

const USUAL_WAIT_MS = 10_000;

/** `diorama insert`. Without an ID the row's own, or a UUID; an API that chooses ids gives it another one. */
export async function runInsert(
  frame: Frame,
  source: string,
  given: readonly string[],
  options: WriteOptions,
): Promise<void> {
  const [first] = given;
  const id = first === undefined || isAssignment(first) ? undefined : first;
  const assignments = id === undefined ? given : given.slice(1);
  await write(frame, source, options, (vista) => {
    const row = readAssignments(vista.schema, assignments);
    const own = id ?? ownId(vista, row) ?? uuidV7(frame.clock);
    return { kind: "insert", id: checkedId(own), row };
  });
}

/** `diorama patch`. */
export async function runPatch(
  frame: Frame,
  source: string,
  id: string,
  { assignments, ...options }: WriteOptions & { readonly assignments: readonly string[] },
): Promise<void> {
  await write(frame, source, options, (vista) => ({
    kind: "patch",
    id: checkedId(id),
    partial: readAssignments(vista.schema, assignments),
  }));
}

/** `diorama delete`. */
export async function runDelete(
  frame: Frame,
  source: string,
  id: string,
  options: WriteOptions,
): Promise<void> {
  await write(frame, source, options, () => ({ kind: "delete", id: checkedId(id) }));
}

type Written =
  | { readonly kind: "insert"; readonly id: string; readonly row: Row }
  | { readonly kind: "patch"; readonly id: string; readonly partial: Row }
  | { readonly kind: "delete"; readonly id: string };

async function write(
  frame: Frame,
  source: string,
  options: WriteOptions,
  toWrite: (vista: Vista) => Written,
): Promise<void> {
  const opened = await openSource(frame, source, options, { copy: "as-it-is", isWriting: true });
  const { dio, identity } = opened;
  const written = toWrite(dio.vista());
  checkTaken(opened, written.kind);
  const op: WriteOp = { ...written, opId: uuidV7(frame.clock), enqueuedAt: frame.clock.now(), attempt: 0 };
  await queueOrLookAgain(frame, dio, op);
  let isTold = false;
  // However it ends: who interrupts the waiting is told what becomes of the write.
  frame.defer(() => {
    if (!isTold && opened.folder !== undefined) frame.note(laterText(identity.location));
  });
  const waitMs = options.wait ?? USUAL_WAIT_MS;
  const [outcome] = await awaitOutcomes(frame, dio, [op], { waitMs });
  if (outcome === undefined || frame.signal.aborted) return;
  isTold = true;
  await tell(frame, opened, outcome);
}

const CAPABILITIES = { insert: "canInsert", patch: "canUpdate", delete: "canDelete" } as const;

function checkTaken({ dio, master, identity }: OpenedSource, kind: Written["kind"]): void {
  if (master.capabilities[CAPABILITIES[kind]]) return;
  const why = /\bhttps?:/.test(identity.location)
    ? "--rest-preset or --source-options says which writes the API has"
    : "a CSV file is only read";
  throw new DioramaError("unsupported", `${dio.name}: can't ${kind}: ${why}`, { place: { vista: dio.name } });
}

/** A copy that is out of date may refuse what the source would take: before it does, the source is read again. */
async function queueOrLookAgain(frame: Frame, dio: Dio, op: WriteOp): Promise<void> {
  try {
    await queue(dio.vista(), op);
  } catch (error) {
    const isFromCopy = isDioramaError(error, "conflict") || isDioramaError(error, "notFound");
    if (!isFromCopy || !dio.cache.complete) throw error;
    frame.progress(`reading ${dio.name}`);
    try {
      await dio.refresh();
    } catch (failure) {
      frame.note(`so says the copy, and the source can't be read: ${safeText(messageOf(failure))}`);
      throw error;
    }
    await queue(dio.vista(), op);
  }
}

/** Resolves when the write is in the queue; what is refused at once is refused here. */
async function queue(vista: Vista, op: WriteOp): Promise<void> {
  const call = { opId: op.opId };
  switch (op.kind) {
    case "insert":
      await vista.insert(op.id, op.row, call);
      return;
    case "patch":
      await vista.patch(op.id, op.partial, call);
      return;
    case "delete":
      await vista.delete(op.id, call);
      return;
    case "replace":
    case "deleteAll":
      throw new Error(`no command writes ${op.kind}`);
  }
}

async function tell(frame: Frame, opened: OpenedSource, outcome: Outcome): Promise<void> {
  const { dio, identity, folder } = opened;
  const { op, state, error } = outcome;
  if (state === "failed") {
    const code = error?.code ?? "rejected";
    const kept =
      folder === undefined
        ? "nothing is kept of it"
        : `it is kept as a dead letter, op ${op.opId}; "diorama queue ls" shows it`;
    throw new CliError(
      exitCodes.failed,
      code,
      `${opText(op)} failed: ${error?.message ?? "refused"}; ${kept}`,
    );
  }
  if (state !== "confirmed" && folder === undefined) {
    // With nothing kept it would go on for as long as a queue in memory is sent at the end.
    await dio.close({ drain: 0 });
    const why = error === undefined ? "" : ` (${error.message})`;
    throw new DioramaError(
      error?.code ?? "timeout",
      `${opText(op)} was not confirmed in time${why}, and without a folder nothing is kept; it may or may not have arrived`,
    );
  }
  await printOutcome(frame, outcome);
  if (state !== "confirmed") frame.note(laterText(identity.location));
}

const laterText = (location: string): string =>
  safeText(
    `the next command on ${location} sends it; "diorama queue ls" shows it, "diorama queue retry" waits for it`,
  );

function ownId({ idColumn }: Vista, row: Row): string | undefined {
  const value = idColumn === undefined ? undefined : row[idColumn];
  return value === undefined || value === null ? undefined : idOf(value, { column: idColumn });
}

function checkedId(id: string): string {
  if (id === "") throw usageError("ID is empty");
  return id;
}
