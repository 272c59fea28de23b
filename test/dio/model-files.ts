import type { Clock, LensBuilder, Lens, QueuedOp, Row } from "vantage-diorama";

/** What outlives a process, and what ends with it. */
export interface Files {
  /** They are written by other threads: what has been done shows a while later. */
  readonly isReal: boolean;
  /** Whether the process that asks now still runs whenever it asks again. */
  isAlive(): () => boolean;
  /** Of this life: its timers end with it. */
  clock(): Clock;
  configure(builder: LensBuilder<Lens>): LensBuilder<Lens>;
  /** The process ends here; `abandon` ends what this one can't leave open. */
  crash(abandon: () => Promise<void>, tables: readonly string[]): Promise<void>;
  /** Of the dead process. */
  rows(table: string): ReadonlyMap<string, Row>;
  isComplete(table: string): boolean;
  /** The last session ended in order, and nothing was out of date. */
  isClean(table: string): boolean;
  ops(table: string): readonly QueuedOp[];
}
