import { errorAt } from "../../base/index.ts";
import type { BadRows } from "./bad-rows.ts";
import { RowParser } from "./row-parser.ts";
import type { BadRowKind, CsvSyntax, CutPiece } from "./row-cutter.ts";

/** Rows of as many cells as there are columns, with where they stand. */
export interface DataBlock {
  readonly rows: readonly (readonly string[])[];
  /** The line that row `index` of the block begins on. */
  lineOf(index: number): number;
  /** The row's number in the file, from 1: bad rows count, blank lines and the header don't. */
  numberOf(index: number): number;
}

export interface DataRowsInput {
  readonly file: string;
  readonly syntax: CsvSyntax;
  readonly trim: boolean;
  readonly maxRowBytes: number;
  readonly badRows: BadRows;
  /** Reads the header row and answers with the columns' names, or gives them where there is no header row. */
  readonly header: ((cells: readonly string[], line: number) => readonly string[]) | readonly string[];
}

const nothing: DataBlock = { rows: [], lineOf: () => 0, numberOf: () => 0 };

/** From the pieces of a file to its data rows: parses, counts lines, takes the header off, sorts bad rows out. */
export class DataRows {
  readonly #input: DataRowsInput;
  readonly #parser: RowParser;
  #columns: readonly string[] | undefined;
  /** The line that the next piece begins on. */
  #line = 1;
  /** Data rows so far, bad ones included. */
  #count = 0;

  constructor(input: DataRowsInput) {
    this.#input = input;
    this.#parser = new RowParser(input.syntax);
    this.#columns = typeof input.header === "function" ? undefined : input.header;
  }

  /** The columns' names; `undefined` while the header row is still to come. */
  get columns(): readonly string[] | undefined {
    return this.#columns;
  }

  /** The data rows of the next piece. */
  take(piece: CutPiece): DataBlock {
    if (piece.kind === "bad") {
      this.#refuse(piece.reason, piece.before);
      this.#line += piece.lines;
      return nothing;
    }
    const rows = this.#parse(piece);
    const firstLine = this.#line;
    const lines = piece.manyLines ? linesOf(rows, firstLine, this.#input.syntax.newline) : undefined;
    if (this.#input.trim) for (const row of rows) trimCells(row);
    this.#line = lines === undefined ? firstLine + rows.length : (lines.pop() ?? firstLine);
    const width = this.#columns?.length ?? -1;
    // Only a row of one cell can be blank, and in a file of one column it is a row.
    if (rows.every((row) => row.length === width)) {
      const firstNumber = this.#count + 1;
      this.#count += rows.length;
      return {
        rows,
        lineOf: (index) => lines?.[index] ?? firstLine + index,
        numberOf: (index) => firstNumber + index,
      };
    }
    return this.#sortOut(rows, (index) => lines?.[index] ?? firstLine + index);
  }

  #parse(piece: CutPiece & { readonly kind: "rows" }): string[][] {
    const { syntax } = this.#input;
    const rows = this.#parser.parse(piece.text);
    if (syntax.newline === "\n" && !piece.keepReturn && piece.text.includes("\r")) {
      for (const row of rows) dropReturn(row);
    }
    return rows;
  }

  /** The slow way: header, blank lines and ragged rows are among these. */
  #sortOut(rows: readonly string[][], lineOf: (index: number) => number): DataBlock {
    const kept: string[][] = [];
    const lines: number[] = [];
    const numbers: number[] = [];
    for (const [index, row] of rows.entries()) {
      const blank = row.length === 1 && row[0] === "";
      if (blank && this.#columns?.length !== 1) continue;
      const line = lineOf(index);
      if (this.#columns === undefined) {
        this.#columns = this.#readHeader(row, line);
        continue;
      }
      this.#count++;
      if (row.length === this.#columns.length) {
        kept.push(row);
        lines.push(line);
        numbers.push(this.#count);
      } else {
        this.#refuseRagged(row.length, line, this.#columns);
      }
    }
    return {
      rows: kept,
      lineOf: (index) => lines[index] ?? 0,
      numberOf: (index) => numbers[index] ?? 0,
    };
  }

  #readHeader(row: readonly string[], line: number): readonly string[] {
    const { header } = this.#input;
    return typeof header === "function" ? header(row, line) : header;
  }

  #refuseRagged(cells: number, line: number, columns: readonly string[]): void {
    if (!this.#input.badRows.isListing) return this.#input.badRows.countOnly();
    const expected = `${columns.length} ${columns.length === 1 ? "column" : "columns"}`;
    if (cells < columns.length) {
      const missing = columns[cells];
      this.#input.badRows.report(line, missing, `the row ends before it: ${cells} of ${expected} are there`);
    } else {
      const reason = `the row has ${cells} cells for ${expected}; is a cell that holds the delimiter not quoted?`;
      this.#input.badRows.report(line, undefined, reason);
    }
  }

  #refuse(reason: BadRowKind, before: string): void {
    const { file, badRows } = this.#input;
    if (this.#columns === undefined) {
      // Without a header nothing can be read, whatever happens to bad rows.
      throw errorAt("invalid", { file, line: this.#line }, `the header: ${this.#textOf(reason)}`);
    }
    this.#count++;
    if (!badRows.isListing) return badRows.countOnly();
    const reached = this.#parser.parse(before).at(-1)?.length ?? 1;
    badRows.report(this.#line, this.#columns[reached - 1], this.#textOf(reason));
  }

  #textOf(reason: BadRowKind): string {
    switch (reason) {
      case "quoteNotClosed":
        return "a quote is opened here and never closed";
      case "textAfterQuote":
        return "text follows a closing quote; a quote within a quoted cell is written twice";
      case "badCharacter":
        return 'bytes that are no text in the file\'s encoding; give encoding ("latin1", "windows-1252", "utf-16le")';
      case "nul":
        return 'a NUL character; is the file UTF-16 without a byte order mark? Then give encoding: "utf-16le"';
      case "tooLong":
        return `the row is longer than ${this.#input.maxRowBytes} bytes; is a quote not closed? Else raise maxRowBytes`;
    }
  }
}

/** The line each row begins on, and after the last one that of the row to come. */
function linesOf(rows: readonly string[][], firstLine: number, newline: string): number[] {
  const lines = [firstLine];
  let line = firstLine;
  for (const row of rows) {
    line++;
    for (const cell of row) {
      for (let at = cell.indexOf(newline); at !== -1; at = cell.indexOf(newline, at + 1)) line++;
    }
    lines.push(line);
  }
  return lines;
}

function dropReturn(row: string[]): void {
  const last = row.length - 1;
  const cell = row[last];
  if (cell?.endsWith("\r") === true) row[last] = cell.slice(0, -1);
}

function trimCells(row: string[]): void {
  for (const [index, cell] of row.entries()) row[index] = cell.trim();
}
