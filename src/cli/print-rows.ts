import type { Row } from "../record/index.ts";
import { csvLine } from "./csv-text.ts";
import type { Frame } from "./frame.ts";
import { rowJsonText } from "./json-text.ts";
import type { RowFormat } from "./row-format.ts";
import { safeText } from "./safe-text.ts";
import { headerLines, layOut, rowLine } from "./table-text.ts";

/** What rows are printed from. */
export interface PrintedRows {
  readonly rows: AsyncIterable<Row> | Iterable<Row>;
  /** Which columns, in which order. Without: all, as the first rows have them. */
  readonly columns?: readonly string[] | undefined;
  readonly format: RowFormat;
  /** CSV without the guard against formulas. */
  readonly isRaw?: boolean;
}

/** A table's widths, and columns that nobody named, are those of so many rows. */
const SAMPLE_ROWS = 1000;
/** Columns that a note names. */
const MOST_NAMED = 20;
/** Written at once, in characters. */
const PIECE_LENGTH = 1 << 16;

/** Prints the rows as they come and answers how many they were. */
export async function printRows(frame: Frame, printed: PrintedRows): Promise<number> {
  const out = new Pieces(frame);
  const count = await print(frame, out, printed);
  await out.end();
  return count;
}

function print(frame: Frame, out: Pieces, printed: PrintedRows): Promise<number> {
  switch (printed.format) {
    case "table":
      return printTable(frame, out, printed);
    case "csv":
      return printCsv(frame, out, printed);
    case "ndjson":
      return printEach(out, printed.rows, (row) => `${rowJsonText(row, printed.columns)}\n`);
    case "json":
      return printJson(out, printed);
  }
}

async function printJson(out: Pieces, { rows, columns }: PrintedRows): Promise<number> {
  let count = 0;
  await out.add("[");
  for await (const row of rows) {
    await out.add(`${count === 0 ? "\n" : ",\n"}${rowJsonText(row, columns)}`);
    count++;
  }
  await out.add(count === 0 ? "]\n" : "\n]\n");
  return count;
}

async function printTable(frame: Frame, out: Pieces, { rows, columns }: PrintedRows): Promise<number> {
  const { isOutTerminal, width } = frame.terminal;
  const { sample, rest } = await sampled(rows);
  const layout = layOut(columns ?? columnsOf(sample), sample, isOutTerminal ? width : undefined);
  if (layout.columns.length > 0) await out.add(headerLines(layout, frame.styles));
  const toLine = (row: Row): string => rowLine(row, layout, frame.styles);
  const count = (await printEach(out, sample, toLine)) + (await printEach(out, rest, toLine));
  await out.end();
  if (layout.leftOut.length > 0)
    frame.note(`no room for: ${namesOf(layout.leftOut)} (--columns chooses, a wider terminal shows more)`);
  return count;
}

async function printCsv(frame: Frame, out: Pieces, printed: PrintedRows): Promise<number> {
  const { sample, rest } = await sampled(printed.rows);
  const columns = printed.columns ?? columnsOf(sample);
  const isRaw = printed.isRaw === true;
  const known = new Set(columns);
  const unknown = new Set<string>();
  if (columns.length > 0) await out.add(csvLine(columns, isRaw));
  const toLine = (row: Row): string => {
    if (printed.columns === undefined)
      for (const column of Object.keys(row)) if (!known.has(column)) unknown.add(column);
    return csvLine(
      columns.map((column) => (Object.hasOwn(row, column) ? row[column] : undefined)),
      isRaw,
    );
  };
  const count = (await printEach(out, sample, toLine)) + (await printEach(out, rest, toLine));
  await out.end();
  if (unknown.size > 0)
    frame.note(`left out, since no early row has them: ${namesOf(unknown)} (--columns names them)`);
  return count;
}

async function printEach(
  out: Pieces,
  rows: AsyncIterable<Row> | Iterable<Row>,
  toLine: (row: Row) => string,
): Promise<number> {
  let count = 0;
  for await (const row of rows) {
    await out.add(toLine(row));
    count++;
  }
  return count;
}

/** Names of columns come from the data as well. */
function namesOf(columns: Iterable<string>): string {
  const names = [...columns];
  const more = names.length - MOST_NAMED;
  return `${safeText(names.slice(0, MOST_NAMED).join(", "))}${more > 0 ? ` and ${more} more` : ""}`;
}

/** Every column of the rows, in the order in which they turn up. */
function columnsOf(rows: readonly Row[]): string[] {
  const names = new Set<string>();
  for (const row of rows) for (const column of Object.keys(row)) names.add(column);
  return [...names];
}

/** The first rows, and an iterable of those after them. */
async function sampled(
  rows: AsyncIterable<Row> | Iterable<Row>,
): Promise<{ sample: Row[]; rest: AsyncIterable<Row> }> {
  const iterator = iterate(rows);
  const sample: Row[] = [];
  while (sample.length < SAMPLE_ROWS) {
    const next = await iterator.next();
    if (next.done === true) break;
    sample.push(next.value);
  }
  return { sample, rest: iterator };
}

async function* iterate(rows: AsyncIterable<Row> | Iterable<Row>): AsyncGenerator<Row, void, undefined> {
  yield* rows;
}

/** Collects lines into pieces that are worth a write. */
class Pieces {
  readonly #frame: Frame;
  #text = "";

  constructor(frame: Frame) {
    this.#frame = frame;
  }

  async add(text: string): Promise<void> {
    this.#text += text;
    if (this.#text.length >= PIECE_LENGTH) await this.end();
  }

  async end(): Promise<void> {
    const text = this.#text;
    this.#text = "";
    await this.#frame.write(text);
  }
}
