import { type Dio, type FillResult, Lens, seedFromMaster } from "vantage-diorama";
import { progressBar } from "../progress-bar.ts";
import type { StartReport } from "../report.ts";
import { timed } from "../stopwatch.ts";
import type { Tour } from "../tour.ts";
import type { TourSource } from "./open-source.ts";

/** The file's rows in the durable cache, kept for the next run. */
export interface TourCopy {
  readonly lens: Lens;
  readonly dio: Dio;
  readonly report: StartReport;
}

/** A Dio that can be read. */
interface Started {
  readonly dio: Dio;
  readonly rows: number;
  /** Reading the file, where it had to be read. */
  readonly copyMs: number | undefined;
  /** Where the file has changed since it was copied. */
  readonly refresh: Promise<NonNullable<StartReport["refresh"]>> | undefined;
}

/** What the run that copied the file leaves with the rows, for the warm ones. */
const NOTE = "tour: first run";

export async function startCopy(source: TourSource, tour: Tour): Promise<TourCopy> {
  const folder = tour.options.cache;
  const opened = await timed(() => Lens.builder().cacheAt(folder).build());
  const lens = opened.answer;
  try {
    if (tour.options.fresh) await forget(lens, source);
    const started = await timed(() => makeDio(lens, source, tour));
    const openMs = opened.ms;
    const readyMs = openMs + started.ms;
    const { dio, rows, copyMs } = started.answer;
    const base = { folder, rows, openMs, readyMs };
    const report: StartReport =
      copyMs === undefined
        ? { ...base, ...(await finishWarm(started.answer, readyMs, source, tour)) }
        : { ...base, copyMs, ...(await finishCold(lens, dio, readyMs, source)) };
    return { lens, dio, report };
  } catch (error) {
    await lens.close();
    throw error;
  }
}

/** One table for each file: two files of one name don't push each other out. */
function tableOf(source: TourSource): string {
  return source.vista.source.path;
}

async function forget(lens: Lens, source: TourSource): Promise<void> {
  const dio = await lens.makeDio(source.vista, { table: tableOf(source) });
  await dio.cache.clear();
  await dio.close();
}

async function makeDio(lens: Lens, source: TourSource, tour: Tour): Promise<Started> {
  let copyMs: number | undefined;
  const version = await source.vista.version();
  const dio = await lens.makeDio(source.vista, {
    table: tableOf(source),
    onStart: async (own, call) => {
      if (own.cache.complete) return undefined;
      const filled = await timed(() => fill(own, source, tour, call.signal));
      copyMs = filled.ms;
      return filled.answer;
    },
  });
  const isStale = copyMs === undefined && dio.diagnostics().freshness.version !== version;
  const refresh = isStale ? refreshOf(dio) : undefined;
  // It is waited for later; until then its failure is nobody's.
  refresh?.catch(() => undefined);
  const rows = await dio.vista().count();
  const note = noteOf(dio);
  if (note === undefined) await dio.vista().first();
  else await dio.vista().get(note.id);
  return { dio, rows, copyMs, refresh };
}

async function fill(own: Dio, source: TourSource, tour: Tour, signal: AbortSignal): Promise<FillResult> {
  const startedAt = performance.now();
  const { terminal } = tour;
  source.onProgress = ({ bytesRead, bytesTotal, rows }) => {
    const elapsedMs = performance.now() - startedAt;
    const progress = { done: bytesRead, total: bytesTotal, rows, elapsedMs };
    terminal.status(progressBar(progress, terminal.statusWidth));
  };
  try {
    return await seedFromMaster(own, { signal: AbortSignal.any([signal, tour.signal]) });
  } finally {
    source.onProgress = undefined;
    terminal.clearStatus();
  }
}

async function finishCold(
  lens: Lens,
  dio: Dio,
  readyMs: number,
  source: TourSource,
): Promise<Pick<StartReport, "kind" | "toDiskMs" | "skippedRows">> {
  const first = await dio.vista().first();
  if (first !== undefined) dio.cache.setMeta(NOTE, { id: first[0], readyMs, at: new Date() });
  const { ms } = await timed(() => lens.flush());
  const skippedRows = source.vista.source.lastRead?.skipped.count ?? 0;
  return { kind: "cold", toDiskMs: ms, ...(skippedRows === 0 ? {} : { skippedRows }) };
}

async function finishWarm(
  { dio, rows, refresh }: Started,
  readyMs: number,
  source: TourSource,
  tour: Tour,
): Promise<Omit<StartReport, "folder" | "openMs" | "readyMs">> {
  tour.terminal.status("the kept rows come into memory, behind the first reads");
  const loading = await timed(() => dio.cache.list());
  const loadedMs = readyMs + loading.ms;
  const note = noteOf(dio);
  const firstRun =
    note === undefined ? {} : { firstRun: { at: note.at.toISOString(), readyMs: note.readyMs } };
  if (refresh === undefined) {
    const fileRead = source.vista.source.lastRead !== undefined;
    return { kind: "warm", rows, loadedMs, fileRead, ...firstRun };
  }
  tour.terminal.status("the file has changed: it is read again, behind the reads");
  const refreshed = await refresh;
  return { kind: "stale", rows: await dio.cache.count(), loadedMs, refresh: refreshed, ...firstRun };
}

/** The refresh that a changed file brings, and what it changed. */
async function refreshOf(dio: Dio): Promise<NonNullable<StartReport["refresh"]>> {
  let changes = 0;
  let wholes = 0;
  const unsubscribe = [
    ...(["recordInserted", "recordChanged", "recordRemoved"] as const).map((type) =>
      dio.on(type, () => (changes += 1)),
    ),
    dio.on("invalidated", () => (wholes += 1)),
  ];
  const { ms } = await timed(() => dio.refresh());
  for (const end of unsubscribe) end();
  // The end of a refresh is one; another stands for more row changes than are told one by one.
  return { ms, changes: wholes > 1 ? "more than 1,000" : changes };
}

function noteOf(dio: Dio): { readonly id: string; readonly readyMs: number; readonly at: Date } | undefined {
  const note = dio.cache.getMeta(NOTE);
  if (typeof note !== "object" || note === null || !("id" in note)) return undefined;
  const { id, readyMs, at } = note;
  return typeof id === "string" && typeof readyMs === "number" && at instanceof Date
    ? { id, readyMs, at }
    : undefined;
}
