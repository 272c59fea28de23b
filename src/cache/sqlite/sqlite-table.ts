import { type DioramaError, isDioramaError, messageOf, TimeSlice, yieldToLoop } from "../../base/index.ts";
import type { Turns } from "../../sqlite/index.ts";
import { decodeRow } from "../../record/index.ts";
import {
  blankMeta,
  type CacheBatch,
  type CacheTable,
  type StoredRow,
  type TableMeta,
} from "../cache-backend.ts";
import { closedTable } from "../open-tables.ts";
import { BatchCursor } from "./batch-cursor.ts";
import { encodeMeta } from "./meta-codec.ts";
import type { RowPacker } from "./row-packer.ts";
import { packedRows, packetBuffers, packetCount, type RowPacket } from "./row-packet.ts";
import type { CacheLink, Written } from "./protocol.ts";
import { ReadAhead } from "./read-ahead.ts";
import { SqliteOrders } from "./sqlite-orders.ts";

/** Parts of one transaction on their way to the worker at once: it never idles, and little memory waits. */
const MAX_PARTS_UNDER_WAY = 8;
/** Ids of one request. */
const IDS_A_REQUEST = 1_024;

/** What a table shares with the others of its folder. */
export interface TableHost {
  readonly link: CacheLink;
  /** One transaction at a time in the one file. */
  readonly writes: Turns;
  /** For the batch whose turn it is. */
  readonly packer: RowPacker;
  nextTransaction(): number;
}

export interface OpenedTable {
  readonly name: string;
  readonly meta: TableMeta;
  readonly rowCount: number;
  readonly edition: number;
  readonly lost: string | undefined;
}

/** One open table of the durable cache, on the main thread: encodes and decodes, the worker does the rest. */
export class SqliteTable implements CacheTable {
  readonly lost: string | undefined;
  readonly orders: SqliteOrders;
  readonly #name: string;
  readonly #host: TableHost;
  readonly #onClose: () => void;
  #meta: TableMeta;
  #rowCount: number;
  /** The batch that the worker is in the middle of: reads see the table before it or after it. */
  #writing: Promise<unknown> | undefined;
  #closing: Promise<void> | undefined;
  /** Damage that no call has been told of yet. */
  #untold: DioramaError | undefined;

  constructor(host: TableHost, opened: OpenedTable, onClose: () => void) {
    this.#host = host;
    this.#name = opened.name;
    this.#meta = opened.meta;
    this.#rowCount = opened.rowCount;
    this.lost = opened.lost;
    this.orders = new SqliteOrders(opened.name, host.link, opened.edition, () => this.#mustNotBeClosed());
    this.#onClose = onClose;
  }

  get meta(): TableMeta {
    return this.#meta;
  }

  get rowCount(): number {
    return this.#rowCount;
  }

  async get(ids: readonly string[]): Promise<readonly StoredRow[]> {
    this.#mustBeReady();
    const { link } = this.#host;
    // Asked all at once, so that no batch comes between two of them.
    const packets = await this.#whenQuiet(() => {
      const requests: Promise<RowPacket>[] = [];
      for (let from = 0; from < ids.length; from += IDS_A_REQUEST) {
        const some = ids.slice(from, from + IDS_A_REQUEST);
        requests.push(link.call("get", { table: this.#name, ids: some }));
      }
      return Promise.all(requests);
    });
    const found: StoredRow[] = [];
    for (const packet of packets) await this.#decode(packet, found);
    return found;
  }

  async *scan(batchRows: number): AsyncGenerator<readonly StoredRow[], void, undefined> {
    this.#mustBeReady();
    const { link } = this.#host;
    const table = this.#name;
    const scan = await this.#whenQuiet(() => link.call("startScan", { table }));
    const ahead = new ReadAhead(
      () => this.#whenQuiet(() => link.call("nextScan", { table, scan, limit: batchRows })),
      (packet) => packetCount(packet) === 0,
    );
    try {
      for (let packet = await ahead.next(); packetCount(packet) > 0; packet = await ahead.next()) {
        const batch: StoredRow[] = [];
        await this.#decode(packet, batch);
        yield batch;
        this.#mustBeReady();
      }
    } finally {
      const unseen = await ahead.end();
      // Damage that was met while reading ahead for a scan that was given up.
      if (isDioramaError(unseen, "corrupt")) this.#untold = unseen;
      // The worker forgets its scans with the table anyway.
      if (this.#closing === undefined) await link.call("endScan", { table, scan }).catch(() => undefined);
    }
  }

  async apply(batch: CacheBatch): Promise<void> {
    this.#mustBeReady();
    await this.#host.writes.run(async () => {
      const writing = this.#write(batch);
      this.#writing = writing;
      try {
        const { rowCount, edition } = await this.#watched(writing);
        this.#rowCount = rowCount;
        this.orders.edition = edition;
        if (batch.meta !== undefined) this.#meta = batch.meta;
      } finally {
        this.#writing = undefined;
      }
    });
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    try {
      await this.#host.writes.run(async () => {
        const { link } = this.#host;
        if (link.isRunning) await link.call("closeTable", { table: this.#name });
      });
    } finally {
      this.#onClose();
    }
  }

  /** Sends the batch part by part and answers what it leaves; the first failure is the one that is told. */
  async #write(batch: CacheBatch): Promise<Written> {
    const { link } = this.#host;
    const transaction = this.#host.nextTransaction();
    const cursor = new BatchCursor(batch, this.#host.packer);
    const underWay: Promise<Written>[] = [];
    try {
      for (;;) {
        const part = cursor.next();
        const meta = part.last && batch.meta !== undefined ? encodeMeta(batch.meta) : undefined;
        const transfer = part.packet === undefined ? [] : packetBuffers(part.packet);
        const answer = link.call("write", { ...part, table: this.#name, transaction, meta }, transfer);
        // Told by the first part that fails; the parts behind it only follow.
        answer.catch(() => undefined);
        underWay.push(answer);
        if (part.last) break;
        if (underWay.length >= MAX_PARTS_UNDER_WAY) await underWay.shift();
        await yieldToLoop();
      }
      let written: Written = { rowCount: 0, edition: 0 };
      for (const answer of underWay) written = await answer;
      return written;
    } catch (error) {
      await link.call("rollback", { transaction }).catch(() => undefined);
      throw error;
    }
  }

  async #decode(packet: RowPacket, into: StoredRow[]): Promise<void> {
    const { link } = this.#host;
    const slice = new TimeSlice();
    for (const { id, fetchedAt, bytes } of packedRows(packet)) {
      try {
        into.push({ id, row: decodeRow(bytes), fetchedAt });
      } catch (error) {
        if (!isDioramaError(error)) throw error;
        // The checksum was right and the bytes are no row: rejects with `corrupt`, and the table is empty.
        await this.#watched(link.call("giveUp", { table: this.#name, reason: messageOf(error) }));
      }
      if (slice.isOver) await slice.next();
    }
  }

  /** Remembers, when a call finds damage, that the table is empty now. */
  async #watched<T>(call: Promise<T>): Promise<T> {
    try {
      return await call;
    } catch (error) {
      if (isDioramaError(error, "corrupt")) {
        this.#meta = blankMeta;
        this.#rowCount = 0;
        // The rows are others than any order was made of.
        this.orders.edition = 0;
      }
      throw error;
    }
  }

  /** Posts a read when no batch is being sent: the worker then sees the table between two batches. */
  async #whenQuiet<T>(post: () => Promise<T>): Promise<T> {
    // How the batch ended is told to whoever applied it.
    while (this.#writing !== undefined) await this.#writing.catch(() => undefined);
    return this.#watched(post());
  }

  #mustNotBeClosed(): void {
    if (this.#closing !== undefined) throw closedTable(this.#name);
  }

  #mustBeReady(): void {
    this.#mustNotBeClosed();
    const untold = this.#untold;
    this.#untold = undefined;
    if (untold !== undefined) throw untold;
  }
}
