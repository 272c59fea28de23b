import { errorAt } from "../../base/index.ts";
import type { CsvSkippedRow } from "./csv-options.ts";

/** Rows that are listed; the others are only counted. */
const MAX_LISTED = 100;

/** What happens to a bad row: it ends the read, or is counted and listed. */
export class BadRows {
  readonly #file: string;
  readonly #skip: boolean;
  readonly #listed: CsvSkippedRow[] = [];
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

  /** Ends with `invalid`, or returns when bad rows are skipped. The reason never quotes what the row holds. */
  report(line: number, column: string | undefined, reason: string): void {
    if (!this.#skip) throw errorAt("invalid", { file: this.#file, line, column }, reason);
    this.#count++;
    if (this.#listed.length < MAX_LISTED) this.#listed.push(Object.freeze({ line, column, reason }));
  }
}
