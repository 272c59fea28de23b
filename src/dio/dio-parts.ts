import type { Clock } from "../base/index.ts";
import type { Sceneries } from "../scenery/index.ts";
import type { CallOptions, ChangeEvent, Vista } from "../vista/index.ts";
import type { DioDiagnostics } from "./diagnostics.ts";
import type { DioState } from "./dio-state.ts";
import type { Following, OpenFeed } from "./follow.ts";
import type { OwnRows } from "./own-rows.ts";
import type { Run, RunKind } from "./run.ts";
import type { DeadLetters, WriteHandle, Writer, WriteRequest } from "./writer.ts";

/** What the handles of one Dio share: the parts behind it, as a handle uses them. */
export interface DioParts {
  readonly name: string;
  readonly clock: Clock;
  readonly state: DioState;
  readonly writer: Writer;
  readonly rows: OwnRows;
  readonly master: Vista;
  /** The Dio as a Vista; in a callback, over the rows as its run sees them. */
  facade(run?: Run): Vista;
  readonly letters: DeadLetters;
  /** Queues a write, or refuses it by throwing. */
  submit(request: WriteRequest, run?: Run): WriteHandle;
  /** Throws `closed` after the end; a route that is called while the queue drains is not there yet. */
  assertOpen(run?: Run): void;
  inRun<T>(kind: RunKind, work: (run: Run) => Promise<T>, call?: CallOptions): Promise<T>;
  handleEvent(change: ChangeEvent): Promise<void>;
  /** An upstream change is in the confirmed rows: writes that wait for their echo look at it. */
  arrived(change: ChangeEvent): Promise<void>;
  refresh(): Promise<void>;
  reload(master: Vista): Promise<void>;
  /** The row, or all of them, were declared out of date: renewed at once where somebody looks at it. */
  renewShown(id?: string): void;
  readonly sceneries: Sceneries;
  /** Marks everything stale, onQuery's fills included. */
  invalidate(): void;
  /** The cache is being emptied by hand: nothing is complete or filled any more. */
  emptied(): void;
  /** The master's own changes, also after a reload has exchanged it. */
  watchMaster(call: CallOptions): AsyncIterable<ChangeEvent>;
  follow(open: OpenFeed, feed: string): Following;
  diagnostics(): DioDiagnostics;
  close(drainMs: number): Promise<void>;
}
