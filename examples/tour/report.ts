import type { ColumnType } from "vantage-diorama";

/** Everything that the tour measured, as plain data: what `--json` prints. Times in milliseconds. */
export interface TourReport {
  readonly tour: "diorama";
  readonly node: string;
  readonly source: SourceReport;
  readonly start: StartReport;
  readonly reads: readonly ComparisonReport[];
  readonly questions: QuestionsReport;
  readonly write: WriteReport | Skipped;
  readonly kept: KeptReport | Skipped;
  readonly upstream: UpstreamReport | Skipped;
  readonly live: LiveReport | Skipped;
  readonly totalMs: number;
}

/** A part that the file gives no occasion for. */
export interface Skipped {
  readonly skipped: string;
}

export interface SourceReport {
  readonly file: string;
  /** The package that the file comes from; absent for a file of the caller's. */
  readonly package?: string;
  readonly sizeBytes: number;
  readonly columns: readonly { readonly name: string; readonly type: ColumnType }[];
  /** Empty: rows are numbered. */
  readonly id: readonly string[];
  /** The look at the header and the first rows. */
  readonly lookMs: number;
}

export interface StartReport {
  /** Cold: copied just now. Warm: kept from an earlier run. Stale: kept, but the file has changed since. */
  readonly kind: "cold" | "warm" | "stale";
  readonly folder: string;
  readonly rows: number;
  /** Rows left out because they could not be read; only where the file was read. */
  readonly skippedRows?: number;
  /** Opening the folder. */
  readonly openMs: number;
  /** From opening the folder to the first row and the count, copying included. */
  readonly readyMs: number;
  /** Cold: reading the file into the cache. */
  readonly copyMs?: number;
  /** Cold: from there until all of it was on disk. */
  readonly toDiskMs?: number;
  /** Warm: from opening the folder until every row was in memory. */
  readonly loadedMs?: number;
  /** Stale: the refresh behind the first reads, and how many rows it changed. */
  readonly refresh?: { readonly ms: number; readonly changes: number | "more than 1,000" };
  /** Warm: whether the file was read beyond its first rows. */
  readonly fileRead?: boolean;
  /** Warm: what the first run took, as it was noted then. */
  readonly firstRun?: { readonly at: string; readonly readyMs: number };
}

/** One read of the file against the same read of the copy: medians, but for the first of the copy. */
export interface ComparisonReport {
  readonly what: string;
  readonly fileMs: number;
  readonly fileRounds: number;
  readonly copyFirstMs: number;
  readonly copyMs: number;
  readonly copyRounds: number;
}

export interface AnswerReport extends ComparisonReport {
  readonly kind: "filter" | "order" | "search" | "page";
  /** Rows that match; the file's and the copy's answers are the same, or the tour fails. */
  readonly matches: number;
}

export interface QuestionsReport {
  /** What the source itself says to the first of them. */
  readonly refusal: string;
  readonly answers: readonly AnswerReport[];
  readonly left: readonly { readonly kind: string; readonly why: string }[];
}

/** Times from the call of the write on. */
export interface WriteReport {
  readonly workingCopy: string;
  readonly rows: number;
  /** The whole file, or its first rows. */
  readonly whole: boolean;
  readonly id: string;
  readonly column: string;
  readonly from: string;
  readonly to: string;
  readonly visibleMs: number;
  readonly routedMs: number;
  readonly confirmedMs: number;
}

/** A write made offline, whose Lens was then closed and opened again. */
export interface KeptReport {
  readonly id: string;
  /** Until it was queued on disk. */
  readonly keptMs: number;
  /** From opening the folder again until the write was there. */
  readonly foundMs: number;
}

/** Times from the moment when the edited file was in its place. */
export interface UpstreamReport {
  readonly workingCopy: string;
  readonly edits: readonly string[];
  readonly events: readonly { readonly atMs: number; readonly type: string; readonly id?: string }[];
}

export interface Spread {
  readonly median: number;
  /** 99 of 100 are not above it. */
  readonly p99: number;
}

export interface LiveReport {
  /** Rows asked for, and rows that there was room for. */
  readonly wanted: number;
  readonly rows: number;
  /** Making the rows and putting them into the cache. */
  readonly seedMs: number;
  /** Until the first screen of all rows by price could be read; of those that the search finds, by price. */
  readonly openMs: number;
  readonly search: string;
  readonly searchMs: number;
  readonly matches: number;
  readonly seconds: number;
  readonly changes: number;
  /** Changes that concerned the rows on show. */
  readonly repaints: number;
  /** From a change's arrival to the rows on show being read. */
  readonly changeMs: Spread;
  /** Setting the viewport anywhere and reading its rows. */
  readonly jumpMs: Spread;
  /** Objects and buffers of the whole process. */
  readonly memoryBytes: number;
}
