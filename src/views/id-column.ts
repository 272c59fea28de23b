import { compareStrings } from "../record/index.ts";
import type { KeyList } from "./order-block.ts";
import { ListColumn } from "./list-column.ts";
import type { OrderColumn } from "./order-column.ts";

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

  keysOf(leaf: number, size: number): string[] {
    return this.idsOf(leaf, 0, size);
  }

  /** The ids `[start, end)` of a leaf. */
  idsOf(leaf: number, start: number, end: number): string[] {
    const part = this.part(leaf);
    const ids: string[] = [];
    for (let at = start; at < end; at++) ids.push(part[at] ?? "");
    return ids;
  }

  protected keyAt(keys: KeyList, at: number): string {
    const id = keys[at];
    return typeof id === "string" ? id : "";
  }
}
