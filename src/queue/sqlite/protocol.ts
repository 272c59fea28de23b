import type { Failure, WorkerLink } from "../../sqlite/index.ts";
import type { LostOp } from "../write-queue.ts";
import type { Posting } from "./posting.ts";

/** What the worker needs to know to find or make its file. */
export interface QueueWorkerData {
  readonly folder: string;
  /** Of the queue file; undefined: as large as the disk allows. */
  readonly maxSizeBytes: number | undefined;
}

/** Records of one queue, by sequence. */
export interface RecordPacket {
  readonly sequences: Float64Array<ArrayBuffer>;
  /** Of each record in the bytes. */
  readonly ends: Float64Array<ArrayBuffer>;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Every call of the worker: what it takes and what it answers. */
export interface QueueCalls {
  /** Opens the file, so that what prevents it is told now. */
  openFile: { take: undefined; give: void };
  /** What this queue, or one whose name is not known, has lost and was not told yet. */
  lost: { take: { readonly queue: string }; give: readonly LostOp[] };
  /** The losses that `lost` answered with last have arrived. */
  lostTold: { take: { readonly queue: string }; give: void };
  /** The records behind a sequence; none: the end. */
  read: { take: { readonly queue: string; readonly after: number }; give: RecordPacket };
  /** Takes an op that can't be read out of the file and keeps its bytes apart. */
  giveUp: {
    take: { readonly queue: string; readonly sequence: number; readonly reason: string };
    give: void;
  };
  /** Undefined: all is kept; else the failure of each batch, or null. */
  apply: { take: Posting; give: readonly (Failure | null)[] | undefined };
  /** Ends the file in good order. */
  close: { take: undefined; give: void };
}

export type QueueLink = WorkerLink<QueueCalls>;
