import type { Row, Value } from "../record/index.ts";
import type { KeyTerm } from "./key-term.ts";
import { ListColumn } from "./list-column.ts";
import type { KeyList, PackedForm } from "./order-block.ts";
import { ARRAY_BYTES, type OrderColumn } from "./order-column.ts";

/** Keys that are held as cells: text, or a mixture that no packed form can hold. */
export class CellColumn extends ListColumn<Value> implements OrderColumn {
  readonly term: KeyTerm;
  readonly #compareAny: (a: Value, b: Value) => number;
  #form: "text" | "value";

  constructor(term: KeyTerm, form: "text" | "value") {
    super(null, term.comparison(form));
    this.term = term;
    this.#compareAny = term.comparison("value");
    this.#form = form;
  }

  get form(): "text" | "value" {
    return this.#form;
  }

  seek(_id: string, row: Row): boolean {
    const cell = this.term.cell(row);
    if (this.#form === "text" && typeof cell !== "string" && cell !== null) this.widen();
    this.seekKey(cell);
    return true;
  }

  isSame(a: Row, b: Row): boolean {
    const cellA = this.term.cell(a);
    const cellB = this.term.cell(b);
    return cellA === cellB || this.#compareAny(cellA, cellB) === 0;
  }

  adopt(other: CellColumn): void {
    this.adoptParts(other);
  }

  keysOf(leaf: number, size: number): Value[] {
    const part = this.part(leaf);
    const cells: Value[] = [];
    for (let at = 0; at < size; at++) cells.push(part[at] ?? null);
    return cells;
  }

  /** A new leaf at the end, of packed keys: they become cells when the leaf is first looked at. */
  pushPacked(keys: Float64Array, form: PackedForm): void {
    const { term } = this;
    const unpack = (key: number): Value => term.unpack(key, form);
    const part = { sizeBytes: keys.byteLength + ARRAY_BYTES, unfold: () => Array.from(keys, unpack) };
    this.pushFolded(part, unpack(keys[keys.length - 1] ?? term.missing));
  }

  /** From text to any cell: nothing that is there moves. */
  widen(): void {
    this.#form = "value";
    this.compareBy(this.#compareAny);
  }

  protected keyAt(keys: KeyList, at: number): Value {
    return keys[at] ?? null;
  }
}
