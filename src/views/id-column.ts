import { compareStrings } from "../record/index.ts";
import type { KeyList } from "./order-block.ts";
import { ListColumn } from "./list-column.ts";
import type { OrderColumn } from "./order-column.ts";

/** Some places of a leaf. */
interface LeafRange {
  readonly leaf: number;
  readonly start: number;
  readonly end: number;
}

/** The ids of an index: its last column, by which entries with the same keys stand in order. */
export class IdColumn extends ListColumn<string> implements OrderColumn {
  readonly form = "text";

  constructor() {
    super("", compareStrings);
  }

  seek(id: string): boolean {
    this.seekKey(id);
    return true;
  }

  isSame(): boolean {
    return true;
  }

  idAt(leaf: number, at: number): string {
    return this.part(leaf)[at] ?? "";
  }

  adopt(other: IdColumn): void {
    this.adoptParts(other);
  }

  keysOf(leaf: number, size: number): string[] {
    const ids: string[] = [];
    this.pushTo(ids, { leaf, start: 0, end: size });
    return ids;
  }

  /** Appends the ids `[start, end)` of a leaf to a list. */
  pushTo(ids: string[], { leaf, start, end }: LeafRange): void {
    const part = this.part(leaf);
    for (let at = start; at < end; at++) ids.push(part[at] ?? "");
  }

  protected keyAt(keys: KeyList, at: number): string {
    const id = keys[at];
    return typeof id === "string" ? id : "";
  }
}
