import type { DioramaError } from "../base/index.ts";
import type { FailureKind } from "./failures.ts";
import type { SceneryEvent } from "../scenery/index.ts";
import type { WriteOp } from "../vista/index.ts";

/** What happened, before it has its number. The list is open: ignore types you don't know. */
export type DioEventBody =
  /** Of visible rows: what every reader sees. */
  | { readonly type: "recordInserted" | "recordChanged" | "recordRemoved"; readonly id: string }
  /** The set changed as a whole. */
  | { readonly type: "invalidated" }
  | { readonly type: "refreshing" }
  | { readonly type: "refreshFailed" | "startFailed"; readonly error: DioramaError }
  /** A change feed broke, or a change of it could not be applied. */
  | { readonly type: "upstreamFailed"; readonly error: DioramaError }
  /** The durable copy could not be written or was found damaged; the rows in memory serve on. */
  | { readonly type: "cacheFailed"; readonly error: DioramaError }
  /** The queue could not be written, and is tried again; or it has lost something, and says where. */
  | { readonly type: "queueFailed"; readonly error: DioramaError }
  /** Something behind failed that no other event tells of; what is shown stays right, or is told as stale. */
  | { readonly type: "backgroundFailed"; readonly what: FailureKind; readonly error: DioramaError }
  | { readonly type: "writeQueued" | "writeConfirmed"; readonly op: WriteOp }
  | { readonly type: "writeRetrying" | "writeFailed"; readonly op: WriteOp; readonly error: DioramaError }
  /** Of a paged table: where it is looked at, what came, what could not be loaded. */
  | SceneryEvent
  /** This subscriber was too slow and lost that many events. */
  | { readonly type: "lagged"; readonly missed: number };

/** An event of a Dio. `seq` counts up without a gap; `lagged` carries the number of the last one missed. */
export type DioEvent = DioEventBody & { readonly seq: number };

export type DioEventType = DioEvent["type"];

/** The event of one type. */
export type DioEventOf<T extends DioEventType> = OfType<DioEvent, T>;

/** Members of the union may stand for several types. */
type OfType<E extends DioEvent, T> = E extends unknown
  ? T extends E["type"]
    ? E & { readonly type: T }
    : never
  : never;
