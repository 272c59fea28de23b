import { isDioramaError, messageOf } from "../../base/index.ts";
import { idOf, setOwn, type Entry, type Row, type Value } from "../../record/index.ts";
import { type ColumnType, columnNamesOf, type Schema } from "../../vista/index.ts";
import { badAnswer, type Asked } from "./bad-answer.ts";
import { isObject, jsonKind, readField, type FieldPath } from "./field-path.ts";
import { toCell } from "./to-cell.ts";

/** What a reader has to know of the API's answers. */
export interface AnswerLayout {
  readonly schema: Schema;
  readonly idColumn: string;
  readonly rows: FieldPath | undefined;
  readonly row: FieldPath | undefined;
}

const expectedOf: Readonly<Record<ColumnType, string>> = {
  text: "a well-formed text",
  integer: "a whole number whose digits are all there (beyond 2^53 as a text)",
  number: "a number",
  decimal: 'a decimal number as a text ("12.50")',
  boolean: "true or false",
  date: "a day or a time with its zone as ISO text",
  bytes: "base64 text",
  json: "JSON of well-formed texts, nested at most 256 deep",
};

/** Makes rows of the API's JSON: what lies about its type or has no id is `rejected`, naming request and place. */
export class RowReader {
  readonly types: ReadonlyMap<string, ColumnType>;
  readonly #layout: AnswerLayout;
  readonly #names: ReadonlySet<string>;

  constructor(layout: AnswerLayout) {
    this.#layout = layout;
    this.types = new Map(layout.schema.columns.map(({ name, type }) => [name, type]));
    this.#names = columnNamesOf(layout.schema);
  }

  /** The rows of an answer with a list, in its order. */
  entries(body: unknown, asked: Asked): readonly Entry[] {
    const list = this.#listOf(body, asked);
    const seen = new Set<string>();
    return list.map((item: unknown, index) => {
      const entry = this.#entry(item, `row ${index + 1}`, asked);
      if (seen.has(entry[0])) {
        throw badAnswer(asked, `row ${index + 1} has the id of an earlier one`, { id: entry[0] });
      }
      seen.add(entry[0]);
      return entry;
    });
  }

  /** The row of an answer about one row. */
  entry(body: unknown, asked: Asked): Entry {
    const { row } = this.#layout;
    const found = this.itemOf(body);
    if (found === undefined) {
      const where = row === undefined ? "" : ` in the field "${row.join(".")}"`;
      throw badAnswer(asked, `a row was due${where}, nothing came`);
    }
    return this.#entry(found, "the row", asked);
  }

  /** What stands for the row in an answer about one row. */
  itemOf(body: unknown): unknown {
    const { row } = this.#layout;
    return row === undefined ? body : readField(body, row);
  }

  #listOf(body: unknown, asked: Asked): readonly unknown[] {
    const { rows } = this.#layout;
    const list = rows === undefined ? body : readField(body, rows);
    if (Array.isArray(list)) return list;
    const where = rows === undefined ? "" : ` in the field "${rows.join(".")}"`;
    throw badAnswer(asked, `a list of rows was due${where}, ${jsonKind(list)} came${hintOf(body)}`);
  }

  #entry(item: unknown, which: string, asked: Asked): Entry {
    if (!isObject(item)) throw badAnswer(asked, `${which} is ${jsonKind(item)}, no object`);
    const { idColumn } = this.#layout;
    const row = this.#row(item, which, asked);
    try {
      return [idOf(Object.hasOwn(row, idColumn) ? row[idColumn] : undefined), row];
    } catch (error) {
      if (!isDioramaError(error, "invalid")) throw error;
      const hint = Object.hasOwn(row, idColumn) ? "" : "; name the column of the ids with `id`";
      throw badAnswer(asked, `${which}, column "${idColumn}": ${messageOf(error)}${hint}`, {
        column: idColumn,
      });
    }
  }

  #row(item: Readonly<Record<string, unknown>>, which: string, asked: Asked): Row {
    const row: Record<string, Value> = {};
    for (const column of Object.keys(item)) {
      if (!this.#layout.schema.open && !this.#names.has(column)) continue;
      const type = this.types.get(column) ?? "json";
      const json = item[column];
      const value = column.isWellFormed() ? toCell(type, json) : undefined;
      if (value === undefined) {
        const declared = this.types.has(column) && type !== "json" ? `it is ${type}, ` : "";
        const what = `${declared}${expectedOf[type]} was due, and ${jsonKind(json)} came that is none`;
        const name = column.toWellFormed();
        throw badAnswer(asked, `${which}, column "${name}": ${what}`, { column: name });
      }
      setOwn(row, column, value);
    }
    return row;
  }
}

/** Names of fields, which are no content: where the list may be instead. */
function hintOf(body: unknown): string {
  if (Array.isArray(body)) return "; the answer itself is a list: leave `rows` out";
  if (!isObject(body)) return "";
  const lists = Object.keys(body).filter((name) => Array.isArray(body[name]));
  return lists.length === 0
    ? ""
    : `; the answer has lists in ${lists
        .slice(0, 5)
        .map((name) => JSON.stringify(name))
        .join(", ")}: name one with \`rows\``;
}
