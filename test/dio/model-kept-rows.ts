import type { WriteOp } from "vantage-diorama";
import { IDS } from "./model-commands.ts";
import type { ModelTable } from "./model-table.ts";

/**
 * What the file of the rows may hold of each of them when the process ends: what it held when everything was known
 * to be written, and everything that it was since then.
 */
export class KeptRows {
  readonly #rows = new Map(IDS.map((id) => [id, new Set([textOf(undefined)])]));

  /** Everything is in the file. */
  allKept(table: ModelTable): void {
    this.#rows.clear();
    this.note(table);
  }

  note({ oracle }: ModelTable): void {
    for (const id of IDS) {
      const known = this.#rows.get(id) ?? new Set<string>();
      this.#rows.set(id, known.add(textOf(oracle.held.get(id))));
    }
  }

  /**
   * The oracle has taken over what was in the file, with what was confirmed on top: which may be older than what came
   * after it, and is out of date.
   */
  check({ oracle, name }: ModelTable, confirmed: readonly WriteOp[]): void {
    const isRecent = (id: string): boolean =>
      confirmed.some((op) => (op.kind === "deleteAll" ? (op.ids?.includes(id) ?? true) : op.id === id));
    for (const id of IDS) {
      const text = textOf(oracle.held.get(id));
      if (this.#rows.get(id)?.has(text) !== true && !isRecent(id))
        throw new Error(
          `${name}: the file holds ${text} as ${id}, which is none of ${[...(this.#rows.get(id) ?? [])].join(", ")}`,
        );
    }
  }
}

function textOf(row: object | undefined): string {
  return row === undefined
    ? "nothing"
    : JSON.stringify(Object.entries(row).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
