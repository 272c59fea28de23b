import { composeId, idOf, setOwn, type Entry, type Row, type Value } from "../../record/index.ts";
import type { BadRows } from "./bad-rows.ts";
import { convertCell, type CellType } from "./convert-cell.ts";
import type { DataBlock } from "./data-rows.ts";
import { IdIndex } from "./id-index.ts";
import { SNIFFED_ROWS } from "./sniff-columns.ts";

/** A column as cells are read into it. */
export interface CellColumn {
  readonly name: string;
  readonly type: CellType;
  /** The type was given, not sniffed. */
  readonly declared: boolean;
  readonly mandatory: boolean;
}

export interface EntryBuilderInput {
  readonly columns: readonly CellColumn[];
  /** The columns of the id, by their place; none: the row's number is the id. */
  readonly id: readonly number[];
  readonly nullTokens: readonly string[];
  readonly badRows: BadRows;
}

/** Strings of this length on are views of the text that they were cut from, and keep all of it alive. */
const SHARED_TEXT_LENGTH = 13;

/** Makes typed rows of cells, for one read: it knows the ids that the read has seen. */
export class EntryBuilder {
  readonly #columns: readonly CellColumn[];
  readonly #id: readonly number[];
  readonly #nullTokens: ReadonlySet<string>;
  readonly #emptyIsNull: boolean;
  readonly #longestToken: number;
  readonly #badRows: BadRows;
  /** `__proto__` can't be assigned. */
  readonly #plainNames: boolean;
  /** Where each id was first. */
  readonly #ids = new IdIndex();

  constructor(input: EntryBuilderInput) {
    this.#columns = input.columns;
    this.#id = input.id;
    this.#nullTokens = new Set(input.nullTokens);
    this.#emptyIsNull = this.#nullTokens.has("");
    this.#longestToken = Math.max(0, ...input.nullTokens.map((token) => token.length));
    this.#badRows = input.badRows;
    this.#plainNames = !input.columns.some((column) => column.name === "__proto__");
  }

  /** The good rows of the block, in its order. */
  build(block: DataBlock): Entry[] {
    const entries: Entry[] = [];
    for (let index = 0; index < block.rows.length; index++) {
      const cells = block.rows[index];
      if (cells === undefined) break;
      const row = this.#toRow(cells, block, index);
      if (row === undefined) continue;
      const id = this.#toId(row, block, index);
      if (id !== undefined) entries.push([id, row]);
    }
    return entries;
  }

  #toRow(cells: readonly string[], block: DataBlock, index: number): Row | undefined {
    const row: Record<string, Value> = {};
    const columns = this.#columns;
    for (let at = 0; at < columns.length; at++) {
      const column = columns[at];
      const cell = cells[at];
      if (column === undefined || cell === undefined) break;
      const value = this.#toValue(column, cell);
      if (value === undefined || (value === null && column.mandatory)) {
        this.#badRows.report(
          block.lineOf(index),
          column.name,
          value === null ? NO_VALUE : this.#misfit(column, cell),
        );
        return undefined;
      }
      if (this.#plainNames) row[column.name] = value;
      else setOwn(row, column.name, value);
    }
    return row;
  }

  #toValue(column: CellColumn, cell: string): Value | undefined {
    const length = cell.length;
    if (length === 0 ? this.#emptyIsNull : length <= this.#longestToken && this.#nullTokens.has(cell))
      return null;
    if (column.type !== "text") return convertCell(column.type, cell, column.declared);
    return length < SHARED_TEXT_LENGTH ? cell : ownText(cell);
  }

  #toId(row: Row, block: DataBlock, index: number): string | undefined {
    if (this.#id.length === 0) return String(block.numberOf(index));
    const line = block.lineOf(index);
    const id = this.#idOf(row, line);
    if (id === undefined) return undefined;
    const first = this.#ids.add(id, line);
    if (first === 0) return id;
    this.#badRows.report(line, this.#idNames(), `the id is that of line ${first} already`);
    return undefined;
  }

  #idNames(): string {
    return this.#id.map((at) => this.#columns[at]?.name ?? "").join(", ");
  }

  #idOf(row: Row, line: number): string | undefined {
    const parts: string[] = [];
    for (const at of this.#id) {
      const name = this.#columns[at]?.name ?? "";
      const value = row[name];
      // The usual id: a short text is one as it is.
      if (typeof value === "string" && value !== "" && value.length <= 300) {
        parts.push(value);
        continue;
      }
      const text = value === undefined ? undefined : idText(value);
      if (text === undefined) {
        this.#badRows.report(line, name, NO_ID);
        return undefined;
      }
      parts.push(text);
    }
    if (parts.length === 1) return parts[0];
    const composed = idText(composeId(parts));
    if (composed === undefined) this.#badRows.report(line, this.#idNames(), NO_ID);
    return composed;
  }

  /** Why the cell can't be the column's, and which declaration would take it. Never the cell itself. */
  #misfit(column: CellColumn, cell: string): string {
    const { name, type, declared } = column;
    const key = /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name);
    const wider = type === "integer" && convertCell("number", cell, true) !== undefined ? "number" : "text";
    const how = declared
      ? `declared ${type}`
      : `sniffed from the first ${SNIFFED_ROWS.toLocaleString("en")} rows`;
    const remedy = `declare columns: { ${key}: ${JSON.stringify(wider)} }, or name the cell in nullTokens if it stands for null`;
    return `the cell is ${cell === "" ? "empty, which is " : ""}no ${nouns[type]} (${how}); ${remedy}`;
  }
}

const NO_ID =
  "the cell is no id: it must be text of at most 1,024 bytes, a finite number, a date or a boolean";
const NO_VALUE = "it is mandatory and the cell is null";

const nouns: Readonly<Record<CellType, string>> = {
  text: "text",
  integer: "integer",
  number: "number",
  decimal: "decimal number",
  boolean: "true or false",
  date: "ISO 8601 date, or time with a zone",
  json: "JSON",
};

/** The same text in memory of its own, so that one kept cell does not keep the whole chunk that it was read with. */
function ownText(text: string): string {
  // Adding makes a pair, and slicing a pair first copies both into one.
  return ` ${text}`.slice(1);
}

/** The value's text as an id; `undefined` where it is none. What is wrong with it is said elsewhere: that would quote it. */
function idText(value: Value): string | undefined {
  try {
    return idOf(value);
  } catch {
    return undefined;
  }
}
