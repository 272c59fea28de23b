import { errorAt } from "../../base/index.ts";
import type { CsvSkippedRow } from "./csv-options.ts";

/** Rows that are listed; the others are only counted. */
const MAX_LISTED = 100;

/** What happens to bad rows: the first one ends the read, or all are counted and the first ones listed. */
export class BadRows {
  readonly #file: string;
  readonly #skip: boolean;
  readonly #listed: CsvSkippedRow[] = [];
  /** Those of the block at hand, found in several passes over it. */
  #found: CsvSkippedRow[] = [];
  #count = 0;

  constructor(file: string, skip: boolean) {
    this.#file = file;
    this.#skip = skip;
  }

  get count(): number {
    return this.#count;
  }

  get listed(): readonly CsvSkippedRow[] {
    return this.#listed;
  }

  /** Whether more than the count of bad rows matters still: places and reasons take time to find out. */
  get isListing(): boolean {
    return !this.#skip || this.#listed.length < MAX_LISTED;
  }

  /** Counts a bad row of which nothing more is wanted. */
  countOnly(): void {
    this.#count++;
  }

  /** Takes note of a bad row. The reason never quotes what the row holds. */
  report(line: number, column: string | undefined, reason: string): void {
    this.#count++;
    this.#found.push({ line, column, reason });
  }

  /** The line of the first bad row of the block at hand. */
  get firstLine(): number | undefined {
    return this.#found.length === 0 ? undefined : Math.min(...this.#found.map(({ line }) => line));
  }

  /** To be called after each block: ends with `invalid` for its first bad row, unless bad rows are skipped. */
  settle(): void {
    if (this.#found.length === 0) return;
    const found = this.#found.toSorted((a, b) => a.line - b.line);
    this.#found = [];
    const [first] = found;
    if (!this.#skip && first !== undefined) {
      throw errorAt("invalid", { file: this.#file, line: first.line, column: first.column }, first.reason);
    }
    for (const row of found.slice(0, MAX_LISTED - this.#listed.length)) this.#listed.push(Object.freeze(row));
  }
}
