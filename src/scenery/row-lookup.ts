import type { KnownRows, TableRow } from "./table-row.ts";

/** So many rows are looked for one by one, before it pays to make a map of them. */
const MAX_SCANS = 2;

/** Finds rows by id among those of a list whose rows stand, mostly, beside each other as before. */
export class RowLookup {
  readonly #known: KnownRows;
  /** Where a position of now stands among the known ones: a row that came or left moves the others by one. */
  #shift: number;
  #scans = 0;
  #byId: Map<string, TableRow> | undefined;

  constructor(known: KnownRows) {
    this.#known = known;
    this.#shift = -known.start;
  }

  /** The known row of that id; `index`: where it stands now. */
  find(id: string, index: number): TableRow | undefined {
    const { rows } = this.#known;
    if (rows.length === 0) return undefined;
    const at = index + this.#shift;
    if (rows[at]?.id === id) return rows[at];
    for (const near of [at - 1, at + 1]) {
      if (rows[near]?.id !== id) continue;
      this.#shift = near - index;
      return rows[near];
    }
    return this.#findAnywhere(id);
  }

  #findAnywhere(id: string): TableRow | undefined {
    const { rows } = this.#known;
    this.#scans += 1;
    if (this.#scans <= MAX_SCANS) return rows.find((row) => row?.id === id);
    if (this.#byId === undefined) {
      this.#byId = new Map();
      for (const row of rows) if (row !== undefined) this.#byId.set(row.id, row);
    }
    return this.#byId.get(id);
  }
}
