import { errorAt } from "../base/index.ts";
import { isList, type Value } from "../record/index.ts";

/** The cells of another type than an aggregate can take, by row: while there is one, there is no result. */
export class Misfits {
  readonly #column: string;
  readonly #what: string;
  /** Nearly always without any: made when the first one comes. */
  #cells: Map<string, Value> | undefined;

  /** `what`: what the aggregate does, as in "can't be added up". */
  constructor(column: string, what: string) {
    this.#column = column;
    this.#what = what;
  }

  add(cell: Value, id: string): void {
    this.#cells ??= new Map();
    this.#cells.set(id, cell);
  }

  remove(id: string): void {
    this.#cells?.delete(id);
  }

  /** Throws `invalid`, naming the first of them, while there is one. */
  check(): void {
    if (this.#cells === undefined) return;
    for (const [id, cell] of this.#cells) {
      throw errorAt("invalid", { id, column: this.#column }, `${kindOf(cell)} ${this.#what}`);
    }
  }
}

/** Never the content: rows don't belong in messages. */
function kindOf(cell: Value): string {
  if (cell instanceof Date) return "a date";
  if (cell instanceof Uint8Array) return "bytes";
  if (isList(cell)) return "a list";
  return typeof cell === "string" ? "text" : `a ${typeof cell === "object" ? "nested object" : typeof cell}`;
}
