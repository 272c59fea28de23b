import { errorAt, linkSignals } from "../../base/index.ts";
import type { Query } from "../../query/index.ts";
import type { Entry, Row } from "../../record/index.ts";
import {
  createCapabilities,
  type CallOptions,
  type Capabilities,
  type ChangeEvent,
  type Schema,
  type Source,
  type StandardSchemaV1,
} from "../../vista/index.ts";
import { BadRows } from "./bad-rows.ts";
import type { CsvSettings } from "./check-options.ts";
import { fileStamp, type OpenCsvFile } from "./csv-file.ts";
import type { CsvReadReport } from "./csv-options.ts";
import { DataRows, type DataBlock } from "./data-rows.ts";
import { EntryBuilder } from "./entry-builder.ts";
import { checkSameHeader, toHeader } from "./header.ts";
import type { CsvLayout } from "./open-layout.ts";
import { ReadProgress } from "./read-progress.ts";
import { scanFile, withFile, type ScanOptions } from "./scan-file.ts";
import { watchFile } from "./watch-file.ts";

/** Rows of one batch of `read`. */
const BATCH_ROWS = 1_000;

/** A CSV file as a source: read whole, counted and watched; everything else is a Dio's to add. Never written. */
export class CsvSource<R extends object = Row> implements Source<R> {
  readonly name: string;
  readonly schema: Schema;
  readonly capabilities: Capabilities = createCapabilities({ canCount: true, canSubscribe: true });
  readonly validator: StandardSchemaV1<unknown, R> | undefined;
  readonly #settings: CsvSettings;
  readonly #layout: CsvLayout;
  readonly #closing = new AbortController();
  #lastRead: CsvReadReport | undefined;
  /** Rows of the file under that stamp, from its last whole read. */
  #counted: { readonly stamp: string; readonly rows: number } | undefined;

  constructor(settings: CsvSettings, layout: CsvLayout, validator: StandardSchemaV1<unknown, R> | undefined) {
    this.name = settings.name;
    this.schema = layout.schema;
    this.validator = validator;
    this.#settings = settings;
    this.#layout = layout;
  }

  /** The file's absolute path. */
  get path(): string {
    return this.#settings.path;
  }

  /** What the last read that came to the end of the file found. */
  get lastRead(): CsvReadReport | undefined {
    return this.#lastRead;
  }

  fingerprint(): string {
    const { path, id, nullTokens, trim, skipBadRows, encoding, gzip, headers, replaceHeader } =
      this.#settings;
    const { syntax, columns } = this.#layout;
    const reading = { ...syntax, encoding, gzip, headers, replaceHeader, nullTokens, trim, skipBadRows };
    return `csv:${JSON.stringify([path, id, columns.map(({ name, type }) => [name, type]), reading])}`;
  }

  /** Size, time and identity of the file; `undefined` while there is none. */
  version(): Promise<string | undefined> {
    return fileStamp(this.#settings.path);
  }

  async *read(query: Query, call: CallOptions = {}): AsyncGenerator<readonly Entry<R>[], void, undefined> {
    this.#requireWhole(query);
    const badRows = this.#badRows();
    const progress = new ReadProgress(this.#settings, badRows);
    const scan = this.#scan(call, progress);
    const builder = new EntryBuilder({
      columns: this.#layout.columns,
      id: this.#layout.id,
      nullTokens: this.#settings.nullTokens,
      badRows,
    });
    let stamp = "";
    const entries = (open: OpenCsvFile): AsyncIterable<readonly Entry<R>[]> => {
      ({ stamp } = open);
      return this.#entries(this.#blocks(open, scan, badRows), builder, { badRows, progress });
    };
    yield* withFile(scan, entries);
    this.#finish(stamp, progress, badRows);
  }

  /** How many rows a read would give. Without bad rows to leave out, cells are not converted for it. */
  async count(query: Query, call: CallOptions = {}): Promise<number> {
    this.#requireWhole(query);
    const known = this.#counted;
    if (known !== undefined && known.stamp === (await this.version())) return known.rows;
    let rows = 0;
    if (this.#settings.skipBadRows) {
      for await (const batch of this.read(query, call)) rows += batch.length;
      return rows;
    }
    let stamp = "";
    const badRows = this.#badRows();
    const scan = this.#scan(call, undefined);
    const sizes = (open: OpenCsvFile): AsyncIterable<number> => {
      ({ stamp } = open);
      return this.#sizes(this.#blocks(open, scan, badRows), badRows);
    };
    for await (const size of withFile(scan, sizes)) rows += size;
    this.#counted = { stamp, rows };
    return rows;
  }

  async *watch(call: CallOptions = {}): AsyncGenerator<ChangeEvent<R>, void, undefined> {
    const { path, pollIntervalMs, clock } = this.#settings;
    const ends = linkSignals(call.signal, this.#closing.signal);
    try {
      yield* watchFile({ path, pollIntervalMs, clock, signal: ends.signal });
    } finally {
      ends.release();
    }
  }

  explain(): string {
    const { path } = this.#settings;
    const { syntax, columns } = this.#layout;
    const types = columns.map(({ name, type, declared }) => `${name} ${type}${declared ? "" : " (sniffed)"}`);
    return `read ${path} from start to end; delimiter ${JSON.stringify(syntax.delimiter)}; columns: ${types.join(", ")}`;
  }

  /** Ends what watches the file. */
  close(): Promise<void> {
    this.#closing.abort();
    return Promise.resolve();
  }

  #requireWhole(query: Query): void {
    if (query.conditions.length === 0 && query.order.length === 0 && query.search === undefined) return;
    throw errorAt(
      "unsupported",
      { vista: this.name },
      "a CSV file is read whole; filter, order and search over a Dio",
    );
  }

  #badRows(): BadRows {
    return new BadRows(this.#settings.file, this.#settings.skipBadRows);
  }

  #scan(call: CallOptions, progress: ReadProgress | undefined): ScanOptions {
    return {
      settings: this.#settings,
      signal: call.signal,
      missing: "unavailable",
      onRead:
        progress === undefined
          ? undefined
          : (bytesRead, bytesTotal) => progress.onRead(bytesRead, bytesTotal),
    };
  }

  async *#blocks(
    open: OpenCsvFile,
    scan: ScanOptions,
    badRows: BadRows,
  ): AsyncGenerator<DataBlock, void, undefined> {
    const { file, headers, replaceHeader, trim, maxRowBytes } = this.#settings;
    const { syntax, columns } = this.#layout;
    const names = columns.map((column) => column.name);
    const data = new DataRows({
      file,
      syntax,
      trim,
      maxRowBytes,
      badRows,
      header: (cells, line) =>
        headers === undefined ? checkSameHeader(toHeader(cells, line, file), names, { file, line }) : headers,
      ...(headers !== undefined && !replaceHeader ? { header: headers } : {}),
    });
    for await (const piece of scanFile(open, scan, syntax)) yield data.take(piece);
    if (data.columns === undefined)
      throw errorAt("invalid", { file }, "it is empty now: the header row is gone");
  }

  async *#entries(
    blocks: AsyncIterable<DataBlock>,
    builder: EntryBuilder,
    { badRows, progress }: { readonly badRows: BadRows; readonly progress: ReadProgress },
  ): AsyncGenerator<readonly Entry<R>[], void, undefined> {
    for await (const block of blocks) {
      // The row type is what the caller says the file holds, or what its validator will see to.
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
      const entries = builder.build(block) as unknown as readonly Entry<R>[];
      badRows.settle();
      for (let start = 0; start < entries.length; start += BATCH_ROWS) {
        const batch = entries.length <= BATCH_ROWS ? entries : entries.slice(start, start + BATCH_ROWS);
        progress.rows += batch.length;
        yield batch;
      }
    }
  }

  async *#sizes(blocks: AsyncIterable<DataBlock>, badRows: BadRows): AsyncGenerator<number, void, undefined> {
    for await (const block of blocks) {
      badRows.settle();
      yield block.rows.length;
    }
  }

  #finish(stamp: string, progress: ReadProgress, badRows: BadRows): void {
    this.#counted = { stamp, rows: progress.rows };
    this.#lastRead = Object.freeze({
      rows: progress.rows,
      skipped: Object.freeze({ count: badRows.count, rows: Object.freeze([...badRows.listed]) }),
    });
    progress.finish();
    if (badRows.count === 0) return;
    const [first] = badRows.listed;
    const fields = {
      file: this.#settings.file,
      skipped: badRows.count,
      line: first?.line,
      reason: first?.reason,
    };
    this.#settings.logger.info("bad rows of a CSV file were skipped", fields);
  }
}
