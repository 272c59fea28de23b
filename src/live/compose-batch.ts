import { unreachable } from "../base/index.ts";
import type { StoredRow } from "../cache/index.ts";
import { type Drops, isDropped, withDrop, withSwept } from "./drops.ts";
import { type PackedEntry, toStored } from "./entry-codec.ts";
import { toEntryId } from "./entry-id.ts";

/** What is to be done to the entries of one table. */
export type EntryWrite =
  | { readonly kind: "put"; readonly subKey: string | undefined; readonly entry: PackedEntry }
  | { readonly kind: "delete"; readonly subKey: string | undefined }
  /** Of what begins so; undefined: of everything. */
  | { readonly kind: "drop"; readonly prefix: string | undefined }
  /** From now on it is noted what is put. */
  | { readonly kind: "sweepBegun" }
  /** Removes entries that were dropped, but for those that were put again since the sweep began. */
  | { readonly kind: "sweep"; readonly ids: readonly string[] }
  /** Nothing is left of what was dropped up to that generation; undefined: the sweep was given up. */
  | { readonly kind: "sweepEnded"; readonly upTo: number | undefined };

/** Where a table stands. */
export interface TableState {
  readonly drops: Drops;
  /** Ids that were put since the sweep under way began; undefined where none is. */
  readonly putSince: ReadonlySet<string> | undefined;
}

/** One transaction: deletes before puts. */
export interface Composed {
  readonly deletes: readonly string[];
  readonly puts: readonly StoredRow[];
  /** After it. */
  readonly state: TableState;
}

/** Several writes as the one transaction that leaves the same. */
export function composeBatch(writes: readonly EntryWrite[], state: TableState): Composed {
  const draft = new Draft(state);
  for (const write of writes) draft.add(write);
  return draft.composed;
}

class Draft {
  readonly #puts = new Map<string, { readonly subKey: string | undefined; readonly stored: StoredRow }>();
  readonly #deletes = new Set<string>();
  #drops: Drops;
  #putSince: Set<string> | undefined;

  constructor({ drops, putSince }: TableState) {
    this.#drops = drops;
    this.#putSince = putSince === undefined ? undefined : new Set(putSince);
  }

  get composed(): Composed {
    return {
      deletes: [...this.#deletes].filter((id) => !this.#puts.has(id)),
      puts: [...this.#puts.values()].map(({ stored }) => stored),
      state: { drops: this.#drops, putSince: this.#putSince },
    };
  }

  add(write: EntryWrite): void {
    switch (write.kind) {
      case "put":
        return this.#put(write.subKey, write.entry);
      case "delete":
        return this.#delete(toEntryId(write.subKey));
      case "drop":
        return this.#drop(write.prefix);
      case "sweepBegun":
        this.#putSince = new Set();
        return;
      case "sweep":
        return this.#sweep(write.ids);
      case "sweepEnded":
        this.#putSince = undefined;
        if (write.upTo !== undefined) this.#drops = withSwept(this.#drops, write.upTo);
        return;
      default:
        return unreachable(write);
    }
  }

  #put(subKey: string | undefined, entry: PackedEntry): void {
    const id = toEntryId(subKey);
    this.#puts.set(id, { subKey, stored: toStored(id, subKey, entry, this.#drops.generation) });
    this.#putSince?.add(id);
  }

  #delete(id: string): void {
    this.#puts.delete(id);
    this.#deletes.add(id);
  }

  #drop(prefix: string | undefined): void {
    this.#drops = withDrop(this.#drops, prefix);
    // Every put of this batch is of an earlier generation now.
    const latest = this.#drops.generation - 1;
    for (const [id, { subKey }] of this.#puts) {
      if (isDropped(this.#drops, subKey, latest)) this.#puts.delete(id);
    }
  }

  #sweep(ids: readonly string[]): void {
    for (const id of ids) if (this.#putSince?.has(id) === false) this.#deletes.add(id);
  }
}
