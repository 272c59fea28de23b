import type { Clock, Duration, Logger } from "../../base/index.ts";
import type { Row } from "../../record/index.ts";
import type { ColumnInput, ReferenceInput, StandardSchemaV1 } from "../../vista/index.ts";

/**
 * `auto`: by the byte order mark, else UTF-8. `latin1` is ISO 8859-1 to the letter, `windows-1252` what Windows
 * programs call ANSI (the two differ in 0x80 to 0x9F: €, curly quotes).
 */
export type CsvEncoding = "auto" | "utf-8" | "utf-16le" | "utf-16be" | "latin1" | "windows-1252";

/** How far a read is. */
export interface CsvProgress {
  /** Bytes of the file that were read: of a `.gz`, compressed ones. */
  readonly bytesRead: number;
  readonly bytesTotal: number;
  /** Rows handed out. */
  readonly rows: number;
  /** Rows left out so far under `onBadRow: "skip"`. */
  readonly skipped: number;
}

/** A row that was left out: where it begins, the column at fault where one is known, and why. */
export interface CsvSkippedRow {
  readonly line: number;
  readonly column: string | undefined;
  readonly reason: string;
}

/** What a finished read found. */
export interface CsvReadReport {
  readonly rows: number;
  readonly skipped: {
    readonly count: number;
    /** The first 100. */
    readonly rows: readonly CsvSkippedRow[];
  };
}

export interface CsvOptions<R extends object = Row> {
  /** Names the Vista and its cache table; without it the file's name, less `.gz` and one extension. */
  readonly name?: string | undefined;
  /** The column, or the columns, that make the id. Without it the id is the row's number, from "1". */
  readonly id?: string | readonly string[] | undefined;
  /** Types (and flags) of columns, all or some; the others are sniffed from the first 10,000 rows. */
  readonly columns?: Readonly<Record<string, ColumnInput>> | undefined;
  /** Column names for a file without a header row. */
  readonly headers?: readonly string[] | undefined;
  /** The file has a header row, but `headers` names the columns. */
  readonly replaceHeader?: boolean | undefined;
  /** One character. Without it, the one of `,` `;` tab `|` that divides the first rows evenly. */
  readonly delimiter?: string | undefined;
  /** One character, `"` by default; false: no cell is quoted. */
  readonly quote?: string | false | undefined;
  readonly encoding?: CsvEncoding | undefined;
  /** Whether the file is gzipped; without it, its first bytes tell. */
  readonly gzip?: boolean | undefined;
  /** Cells that mean null, `[""]` by default: quoted or not, an empty cell is null. */
  readonly nullTokens?: readonly string[] | undefined;
  /** White space around cells and headers goes. */
  readonly trim?: boolean | undefined;
  /** A bad row ends the read with an error (`fail`, the default), or is left out, counted and listed. */
  readonly onBadRow?: "fail" | "skip" | undefined;
  /** Called now and then while a file is read, and at the end of each read. */
  readonly onProgress?: ((progress: CsvProgress) => void) | undefined;
  /** The longest row, in bytes of UTF-8: 1,000,000 by default. */
  readonly maxRowBytes?: number | undefined;
  /** The columns that name a row to people. */
  readonly title?: string | readonly string[] | undefined;
  /** The columns that a search looks in; without them, every text column. */
  readonly searchable?: readonly string[] | undefined;
  readonly references?: Readonly<Record<string, ReferenceInput>> | undefined;
  /** Checks rows at the boundary and says their type. */
  readonly schema?: StandardSchemaV1<unknown, R> | undefined;
  /** How often a watched file is looked at, where its folder can't be watched or says nothing: `"5s"`. */
  readonly pollInterval?: Duration | undefined;
  readonly logger?: Logger | undefined;
  readonly clock?: Clock | undefined;
}
