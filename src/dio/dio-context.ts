import type { CallOptions, Vista } from "../vista/index.ts";
import type { Dio } from "./dio.ts";
import type { DioState } from "./dio-state.ts";
import type { Failures } from "./failures.ts";
import type { DioOptions } from "./options.ts";
import type { OwnRows } from "./own-rows.ts";
import type { Run, RunKind } from "./run.ts";
import type { WarmOrders } from "./warm-orders.ts";

/** What the parts of one Dio have in common. */
export interface DioContext {
  readonly name: string;
  readonly options: DioOptions;
  readonly state: DioState;
  readonly rows: OwnRows;
  readonly failures: Failures;
  /** Orders of views from the session before, and for the next. */
  readonly warm: WarmOrders;
  /** As it is now: a reload swaps it. */
  master(): Vista;
  /** Throws `closed` after the end. */
  assertOpen(): void;
  /** Throws `unavailable` while the application is offline. */
  assertOnline(): void;
  /** Runs `work` as a transaction of its own; what it leaves unpublished is dropped. */
  inRun<T>(kind: RunKind, work: (run: Run) => Promise<T>, call?: CallOptions): Promise<T>;
  /** A handle bound to the run, over another master where one is tried out. */
  handle(run: Run, master?: Vista): Dio;
}
