import type { Row, Value } from "../record/index.ts";

/** One row as it is kept. `fetchedAt`: when the master was asked, milliseconds since 1970. */
export interface StoredRow {
  readonly id: string;
  readonly row: Row;
  readonly fetchedAt: number;
}

/** What is known of a table as a whole. It commits together with the rows that it describes. */
export interface TableMeta {
  /** The rows are all of the master's. */
  readonly complete: boolean;
  /** Of the Source that filled it: another one means that the rows are somebody else's. */
  readonly fingerprint: string | undefined;
  /** Of the Source's content when it was read. */
  readonly version: string | undefined;
  /** The master's row count, where it was asked. */
  readonly total: number | undefined;
  /** When the last whole read began, milliseconds since 1970. */
  readonly seededAt: number | undefined;
  /** Written at an orderly close and taken back by the first change after it. */
  readonly clean: boolean;
  /** Small values of the application and of change feeds (positions), by name. */
  readonly notes: Readonly<Record<string, Value>>;
}

/** Of a table that nothing was ever written to. */
export const blankMeta: TableMeta = Object.freeze({
  complete: false,
  fingerprint: undefined,
  version: undefined,
  total: undefined,
  seededAt: undefined,
  clean: true,
  notes: Object.freeze({}),
});

/**
 * One transaction: clear first, then deletes, then puts, then the metadata. All of it or nothing. A put of an id
 * that is there keeps its place in the order; of two puts of one id the later counts.
 */
export interface CacheBatch {
  readonly clear?: boolean;
  readonly deletes?: readonly string[];
  readonly puts?: readonly StoredRow[];
  readonly meta?: TableMeta;
}

/**
 * Orders of a table's rows, kept so that the next session need not sort. What their bytes mean is the caller's
 * business. They are disposable: damage of one is never told, harms no row, and makes it missing.
 *
 * One write at a time; reads may overlap it, and show the order before it. After the table's `close`, every call
 * is `closed`. Writing may be `full` or `unavailable`: then the order is not kept, and an earlier one may be gone.
 */
export interface OrderStore {
  /**
   * Stands for the rows that are stored: another number after every batch that may have changed one, the same
   * number, also in a later session, only while they are the same. Read when no `apply` is under way.
   */
  readonly edition: number;
  /**
   * One block of an order of the rows of that edition; `undefined` where there is none that is whole. An earlier
   * edition than that of now is for a caller who knows what has changed since.
   */
  read(name: string, edition: number, block: number): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /**
   * Keeps these blocks as the order of that name, in place of an earlier one, all of them or none. False, and
   * nothing kept: the rows are not of that edition any more, or it is too large. The buffers of the blocks are
   * the store's own. Orders that were not used for longest make room.
   */
  write(name: string, edition: number, blocks: AsyncIterable<Uint8Array<ArrayBuffer>>): Promise<boolean>;
  drop(name: string): Promise<void>;
  /** Those of the rows that are stored now, in any order. */
  names(): Promise<readonly string[]>;
}

/**
 * Rows of one Dio, by id. Dumb on purpose: no conditions, no order but that of first insertion.
 *
 * - The Dio is the only caller; it never calls `apply` again before the last one settled, reads may overlap.
 *   A read shows a batch whole or not at all, but for a scan, which goes on for long: of rows that batches
 *   changed since it began it shows the old, the new or none, every other row exactly once.
 * - The batch and its rows belong to the table until `apply` settles: nobody changes them meanwhile.
 * - A method that rejects with `corrupt` has found damage: from then on the table is empty and usable, its
 *   metadata blank, and the caller has to fill it again. Damage is never an answer. A scan whose last step
 *   rejects so has shown rows that were stored, but not all of them.
 * - `full`, `unavailable`: nothing of the batch was kept, or (`unavailable`) all of it; the same batch may be
 *   tried again. `invalid`: a row that can't be stored, nothing of the batch was kept.
 * - After `close`, every call is `closed`.
 */
export interface CacheTable {
  /** As committed last; blank for a new table. */
  readonly meta: TableMeta;
  /** How many rows are stored. */
  readonly rowCount: number;
  /** Why an earlier content was given up when the table was opened, in one line for people; else absent. */
  readonly lost: string | undefined;
  /** Where orders of the rows can be kept; absent where they can't, or where it would be of no use. */
  readonly orders?: OrderStore | undefined;
  /** The stored ones among these ids, in any order. */
  get(ids: readonly string[]): Promise<readonly StoredRow[]>;
  /** Every row, in order of first insertion, a batch at a time. At its end, count and checksums were verified. */
  scan(batchRows: number): AsyncIterable<readonly StoredRow[]>;
  apply(batch: CacheBatch): Promise<void>;
  close(): Promise<void>;
}

/** Where tables live. Opening makes what is missing. */
export interface CacheBackend {
  /** For people: "memory", "none", "sqlite". */
  readonly kind: string;
  /** Rows are still there after the process ended. */
  readonly durable: boolean;
  /** False: nothing is kept at all, every read goes to the master. */
  readonly keeps: boolean;
  /** Any text names a table. `inUse` where it is open already. */
  openTable(name: string): Promise<CacheTable>;
  /** Removes a table that is not open. */
  dropTable(name: string): Promise<void>;
  tableNames(): Promise<readonly string[]>;
  /** Closes what is still open, then the backend. Idempotent. */
  close(): Promise<void>;
}
