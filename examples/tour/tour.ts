import type { TourOptions } from "./options.ts";
import type { Terminal } from "./terminal.ts";

/** What every step is given. */
export interface Tour {
  readonly options: TourOptions;
  readonly terminal: Terminal;
  /** Fires when the tour is to end early. */
  readonly signal: AbortSignal;
}
