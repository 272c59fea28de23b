import { assert, isDioramaError } from "../base/index.ts";
import { decodeRow, encodeRow, isList, isPlainObject, type Row, type Value } from "../record/index.ts";
import type { KeyForm, KeyList, OrderBlock } from "./order-block.ts";
import type { OrderIndex } from "./order-index.ts";
import { decodeBlock, encodeBlock, isUnpacked } from "./stored-block.ts";

/** Enough for a first screen and some scrolling; read and decoded in a moment. */
const FIRST_ENTRIES = 256;
const BLOCK_ENTRIES = 4_096;
/** Before the head of the first block: its length. */
const LENGTH_BYTES = 4;

const FORMS: readonly string[] = ["empty", "boolean", "number", "date", "text", "value"] satisfies KeyForm[];

/** What is to be known of a stored order besides its entries. */
export interface StoredHead {
  /** Of all entries. */
  readonly count: number;
  /** Blocks behind the first. */
  readonly moreBlocks: number;
  readonly forms: readonly KeyForm[];
  /** Rows that stand in the order, or don't, with another content than the stored rows have: queued writes. */
  readonly shown: ReadonlyMap<string, Row | undefined>;
}

/** The first block of a stored order: what is known of it, and its first entries. */
export interface StoredFirst {
  readonly head: StoredHead;
  readonly entries: OrderBlock;
}

/**
 * An order as blocks of bytes, a small one first. Each is made when it is asked for: the index must not change
 * before the last.
 */
export function* storedBlocks(
  index: OrderIndex,
  shown: StoredHead["shown"],
): Generator<Uint8Array<ArrayBuffer>, void, undefined> {
  const count = index.size;
  const moreBlocks = Math.ceil(Math.max(0, count - FIRST_ENTRIES) / BLOCK_ENTRIES);
  const forms = index.forms;
  const entries = new Entries(index);
  yield encodeFirst({ head: { count, moreBlocks, forms, shown }, entries: entries.take(FIRST_ENTRIES) });
  for (let block = 0; block < moreBlocks; block++) yield encodeBlock(entries.take(BLOCK_ENTRIES));
}

/** What `storedBlocks` wrote first; `undefined` where the bytes are anything else. */
export function decodeFirst(bytes: Uint8Array): StoredFirst | undefined {
  if (bytes.length < LENGTH_BYTES) return undefined;
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  const start = LENGTH_BYTES + length;
  if (start > bytes.length) return undefined;
  const head = decodeHead(bytes, start);
  const entries = head === undefined ? undefined : decodeBlock(bytes.subarray(start), head.forms);
  if (head === undefined || entries === undefined) return undefined;
  const behind = head.count - entries.ids.length;
  const isWhole = behind === 0 ? head.moreBlocks === 0 : behind > 0 && head.moreBlocks > 0;
  return isWhole ? { head, entries } : undefined;
}

function encodeFirst({ head, entries }: StoredFirst): Uint8Array<ArrayBuffer> {
  const { count, moreBlocks, forms } = head;
  const shown = [...head.shown].map(([id, row]) => [id, row ?? null]);
  const encoded = encodeRow({ count, moreBlocks, forms, shown });
  const block = encodeBlock(entries);
  const bytes = new Uint8Array(LENGTH_BYTES + encoded.length + block.length);
  new DataView(bytes.buffer).setUint32(0, encoded.length, true);
  bytes.set(encoded, LENGTH_BYTES);
  bytes.set(block, LENGTH_BYTES + encoded.length);
  return bytes;
}

function decodeHead(bytes: Uint8Array, end: number): StoredHead | undefined {
  let row: Row;
  try {
    row = decodeRow(bytes, LENGTH_BYTES, end);
  } catch (error) {
    if (!isDioramaError(error, "corrupt")) throw error;
    return undefined;
  }
  const { count, moreBlocks } = row;
  const forms = toForms(row["forms"]);
  const shown = toShown(row["shown"]);
  if (!isCount(count) || !isCount(moreBlocks) || forms === undefined || shown === undefined) return undefined;
  return { count, moreBlocks, forms, shown };
}

function isCount(value: Value | undefined): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function toForms(value: Value | undefined): readonly KeyForm[] | undefined {
  return value !== undefined && isList(value) && value.every(isForm) ? value : undefined;
}

function isForm(value: Value): value is KeyForm {
  return typeof value === "string" && FORMS.includes(value);
}

function toShown(value: Value | undefined): Map<string, Row | undefined> | undefined {
  if (value === undefined || !isList(value)) return undefined;
  const shown = new Map<string, Row | undefined>();
  for (const entry of value) {
    if (!isList(entry)) return undefined;
    const [id, row] = entry;
    if (typeof id !== "string" || row === undefined) return undefined;
    if (row === null) shown.set(id, undefined);
    else if (isPlainObject(row)) shown.set(id, row);
    else return undefined;
  }
  return shown;
}

/** The entries of an index in stretches of any length. */
class Entries {
  readonly #blocks: Iterator<OrderBlock, void, undefined>;
  readonly #forms: readonly KeyForm[];
  #block: OrderBlock | undefined;
  #at = 0;

  constructor(index: OrderIndex) {
    this.#blocks = index.blocks();
    this.#forms = index.forms;
  }

  /** The next entries, fewer only at the end. */
  take(count: number): OrderBlock {
    const parts: OrderBlock[] = [];
    for (let left = count; left > 0;) {
      const part = this.#next(left);
      if (part === undefined) break;
      parts.push(part);
      left -= part.ids.length;
    }
    return joinBlocks(parts, this.#forms);
  }

  #next(most: number): OrderBlock | undefined {
    while (this.#block === undefined || this.#at >= this.#block.ids.length) {
      const next = this.#blocks.next();
      if (next.done === true) return undefined;
      this.#block = next.value;
      this.#at = 0;
    }
    const start = this.#at;
    this.#at = Math.min(start + most, this.#block.ids.length);
    const { ids, keys } = this.#block;
    return { ids: ids.slice(start, this.#at), keys: keys.map((list) => list.slice(start, this.#at)) };
  }
}

function joinBlocks(parts: readonly OrderBlock[], forms: readonly KeyForm[]): OrderBlock {
  const ids = parts.flatMap((part) => part.ids);
  const keys = forms.map((form, term) => {
    const lists = parts.map((part) => part.keys[term] ?? []);
    return isUnpacked(form) ? joinCells(lists) : joinNumbers(lists, ids.length);
  });
  return { ids, keys };
}

function joinCells(lists: readonly KeyList[]): readonly Value[] {
  const cells: Value[] = [];
  for (const list of lists) for (const cell of list) cells.push(cell);
  return cells;
}

function joinNumbers(lists: readonly KeyList[], length: number): Float64Array {
  const joined = new Float64Array(length);
  let at = 0;
  for (const list of lists) {
    assert(list instanceof Float64Array, "keys of a packed form are numbers");
    joined.set(list, at);
    at += list.length;
  }
  return joined;
}
