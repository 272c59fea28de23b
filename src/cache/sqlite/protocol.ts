import type { WorkerLink } from "../../sqlite/index.ts";
import type { RowPacket } from "./row-packet.ts";

/** What the worker needs to know to find or make its file. */
export interface CacheWorkerData {
  readonly folder: string;
  /** Of the cache file, less its `.db`; undefined: "cache". */
  readonly name?: string | undefined;
  /** Of the folder beside it that holds orders; undefined: "orders". */
  readonly ordersFolder?: string | undefined;
  /** Of the cache file; undefined: as large as the disk allows. */
  readonly maxSizeBytes: number | undefined;
}

/** A stretch of one transaction. The first opens it, the last commits it; an error of any undoes all. */
export interface WritePart {
  readonly table: string;
  /** Tells the parts of one transaction from those of another that failed before. */
  readonly transaction: number;
  readonly first: boolean;
  readonly last: boolean;
  readonly clear: boolean;
  readonly deletes: readonly string[];
  readonly packet: RowPacket | undefined;
  /** Encoded; with the last part. */
  readonly meta: Uint8Array<ArrayBuffer> | undefined;
}

export interface TableState {
  /** Encoded; absent for a new table. */
  readonly meta: Uint8Array<ArrayBuffer> | undefined;
  readonly rowCount: number;
  /** See `OrderStore`. */
  readonly edition: number;
  readonly lost: string | undefined;
}

/** What a part of a transaction leaves. */
export interface Written {
  /** As far as it got. */
  readonly rowCount: number;
  /** Of the rows that are committed. */
  readonly edition: number;
}

/** Every call of the worker: what it takes and what it answers. */
export interface CacheCalls {
  /** Opens the file, so that what prevents it is told now. */
  openFile: { take: undefined; give: void };
  openTable: { take: { readonly table: string }; give: TableState };
  closeTable: { take: { readonly table: string }; give: void };
  dropTable: { take: { readonly table: string }; give: void };
  tableNames: { take: undefined; give: readonly string[] };
  get: { take: { readonly table: string; readonly ids: readonly string[] }; give: RowPacket };
  startScan: { take: { readonly table: string }; give: number };
  /** No rows: the end, where everything was verified. */
  nextScan: {
    take: { readonly table: string; readonly scan: number; readonly limit: number };
    give: RowPacket;
  };
  endScan: { take: { readonly table: string; readonly scan: number }; give: void };
  write: { take: WritePart; give: Written };
  /** Undoes the transaction if it is still open. */
  rollback: { take: { readonly transaction: number }; give: void };
  /** Empties a table whose content can't be used; always rejects with `corrupt`. */
  giveUp: { take: { readonly table: string; readonly reason: string }; give: void };
  readOrder: {
    take: {
      readonly table: string;
      readonly name: string;
      readonly edition: number;
      readonly block: number;
    };
    give: Uint8Array<ArrayBuffer> | undefined;
  };
  /** Answers what to call the write; `undefined`: the rows are not of that edition. */
  beginOrder: {
    take: { readonly table: string; readonly name: string; readonly edition: number };
    give: number | undefined;
  };
  /** False: the order is too large. */
  appendOrder: {
    take: { readonly writing: number; readonly bytes: Uint8Array<ArrayBuffer> };
    give: boolean;
  };
  /** False: the rows are not of its edition any more, and it is not kept. */
  endOrder: { take: { readonly table: string; readonly writing: number }; give: boolean };
  giveUpOrder: { take: { readonly writing: number }; give: void };
  dropOrder: { take: { readonly table: string; readonly name: string }; give: void };
  orderNames: { take: { readonly table: string }; give: readonly string[] };
  /** Ends the file in good order. */
  close: { take: undefined; give: void };
}

export type CacheLink = WorkerLink<CacheCalls>;
