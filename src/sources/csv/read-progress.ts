import { messageOf } from "../../base/index.ts";
import type { BadRows } from "./bad-rows.ts";
import type { CsvSettings } from "./check-options.ts";
import type { CsvProgress } from "./csv-options.ts";

/** Often enough to look alive. */
const REPORT_EVERY_MS = 50;

/** How far one read is; tells `onProgress` now and then. */
export class ReadProgress {
  rows = 0;
  readonly #settings: CsvSettings;
  readonly #badRows: BadRows;
  #tell: ((progress: CsvProgress) => void) | undefined;
  #toldAt = -Infinity;
  #bytesRead = 0;
  #bytesTotal = 0;

  constructor(settings: CsvSettings, badRows: BadRows) {
    this.#settings = settings;
    this.#badRows = badRows;
    this.#tell = settings.onProgress;
  }

  onRead(bytesRead: number, bytesTotal: number): void {
    this.#bytesRead = bytesRead;
    this.#bytesTotal = bytesTotal;
    if (this.#tell === undefined) return;
    const now = this.#settings.clock.monotonic();
    if (now - this.#toldAt < REPORT_EVERY_MS) return;
    this.#toldAt = now;
    this.#report();
  }

  /** The last report, of the whole. */
  finish(): void {
    this.#report();
  }

  #report(): void {
    try {
      this.#tell?.({
        bytesRead: this.#bytesRead,
        bytesTotal: this.#bytesTotal,
        rows: this.rows,
        skipped: this.#badRows.count,
      });
    } catch (error) {
      // Who looks on does not break the read; told once, then no more.
      this.#tell = undefined;
      this.#settings.logger.error("onProgress of a CSV file threw", { error: messageOf(error) });
    }
  }
}
