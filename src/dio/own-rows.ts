import { DioramaError } from "../base/index.ts";
import { checkId, idOf, type Row, toRow } from "../record/index.ts";
import type { RowTest } from "../query/index.ts";
import { createRowTest, searchColumnsOf, type Vista, withTypedId } from "../vista/index.ts";
import { toUntyped } from "./typed-row.ts";

/** Rows from outside as a Dio keeps them: checked, copied, with their id, and only those that its master shows. */
export class OwnRows {
  readonly #master: () => Vista;
  /** Of the master as it is narrowed now; `undefined`: it shows every row. */
  #test: RowTest | undefined;
  #testOf: Vista | undefined;

  constructor(master: () => Vista) {
    this.#master = master;
  }

  /** The id that the row itself holds; `invalid` where it holds none. */
  idOf(row: object): string {
    const { name, idColumn } = this.#master();
    if (idColumn !== undefined && Object.hasOwn(row, idColumn)) {
      const cell = toUntyped(row)[idColumn];
      if (cell !== undefined && cell !== null) return idOf(cell, { vista: name, column: idColumn });
    }
    const place = { vista: name };
    throw new DioramaError("invalid", `${name}: a row came without its id; give [id, row] pairs`, { place });
  }

  /** A copy of the row, its id in the id column; `invalid` where it can't be one. */
  toOwn(id: string, row: object): Row {
    const { name, schema } = this.#master();
    const place = { vista: name, id };
    return withTypedId(schema, checkId(id, { vista: name }), toRow(row, place), place);
  }

  /** Whether the master, as it is narrowed, shows the row. */
  belongs(id: string, row: Row): boolean {
    const master = this.#master();
    if (this.#testOf !== master) {
      this.#testOf = master;
      this.#test = createRowTest(master.query, searchColumnsOf(master.schema));
    }
    return this.#test === undefined || this.#test(id, row);
  }
}
