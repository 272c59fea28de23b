import { isDioramaError } from "../base/index.ts";
import { decodeRow, encodeRow, isList } from "../record/index.ts";
import type { KeyForm, KeyList, OrderBlock } from "./order-block.ts";

/** Number of entries (4 bytes), length of the ids' text in UTF-8 (4 bytes); little-endian, as everything here. */
const HEAD_BYTES = 8;
/** Of an id: how many UTF-16 units its text has. */
const LENGTH_BYTES = 2;
/** Before the keys of a term: their length in bytes. */
const SIZE_BYTES = 4;
const NUMBER_BYTES = 8;

const utf8 = new TextEncoder();

const UNPACKED: ReadonlySet<KeyForm> = new Set<KeyForm>(["text", "value"]);

/** Whether the keys of this form are cells in a list, and not numbers. */
export function isUnpacked(form: KeyForm): boolean {
  return UNPACKED.has(form);
}

/** Entries of an order as bytes, in a buffer of their own; no id is longer than 1,024 bytes. */
export function encodeBlock({ ids, keys }: OrderBlock): Uint8Array<ArrayBuffer> {
  const text = utf8.encode(ids.join(""));
  const lists = keys.map(encodeKeys);
  let size = HEAD_BYTES + ids.length * LENGTH_BYTES + text.length;
  for (const list of lists) size += SIZE_BYTES + list.length;
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, ids.length, true);
  view.setUint32(4, text.length, true);
  let at = HEAD_BYTES;
  for (const id of ids) {
    view.setUint16(at, id.length, true);
    at += LENGTH_BYTES;
  }
  bytes.set(text, at);
  at += text.length;
  for (const list of lists) {
    view.setUint32(at, list.length, true);
    bytes.set(list, at + SIZE_BYTES);
    at += SIZE_BYTES + list.length;
  }
  return bytes;
}

/** The entries that `encodeBlock` wrote, with keys of these forms; `undefined` where the bytes are anything else. */
export function decodeBlock(bytes: Uint8Array, forms: readonly KeyForm[]): OrderBlock | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length < HEAD_BYTES) return undefined;
  const count = view.getUint32(0, true);
  const textAt = HEAD_BYTES + count * LENGTH_BYTES;
  let at = textAt + view.getUint32(4, true);
  if (at > bytes.length) return undefined;
  const ids = decodeIds(view, count, bytes.subarray(textAt, at));
  if (ids === undefined) return undefined;
  const keys: KeyList[] = [];
  for (const form of forms) {
    if (at + SIZE_BYTES > bytes.length) return undefined;
    const start = at + SIZE_BYTES;
    at = start + view.getUint32(at, true);
    if (at > bytes.length) return undefined;
    const list = isUnpacked(form)
      ? decodeCells(bytes, start, at)
      : decodeNumbers(bytes.subarray(start, at), count);
    if (list?.length !== count) return undefined;
    keys.push(list);
  }
  return at === bytes.length ? { ids, keys } : undefined;
}

function encodeKeys(keys: KeyList): Uint8Array {
  if (!(keys instanceof Float64Array)) return encodeRow({ keys });
  const bytes = new Uint8Array(keys.length * NUMBER_BYTES);
  const view = new DataView(bytes.buffer);
  for (let index = 0; index < keys.length; index++)
    view.setFloat64(index * NUMBER_BYTES, keys[index] ?? 0, true);
  return bytes;
}

function decodeIds(view: DataView, count: number, bytes: Uint8Array): string[] | undefined {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
  const ids: string[] = [];
  let at = 0;
  for (let index = 0; index < count; index++) {
    const end = at + view.getUint16(HEAD_BYTES + index * LENGTH_BYTES, true);
    if (end === at) return undefined;
    ids.push(text.slice(at, end));
    at = end;
  }
  return at === text.length ? ids : undefined;
}

function decodeNumbers(bytes: Uint8Array, count: number): Float64Array | undefined {
  if (bytes.length !== count * NUMBER_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const numbers = new Float64Array(count);
  for (let index = 0; index < count; index++) {
    const number = view.getFloat64(index * NUMBER_BYTES, true);
    // It compares with nothing, so it is no key of a packed form.
    if (Number.isNaN(number)) return undefined;
    numbers[index] = number;
  }
  return numbers;
}

function decodeCells(bytes: Uint8Array, start: number, end: number): KeyList | undefined {
  try {
    const { keys, ...others } = decodeRow(bytes, start, end);
    return keys !== undefined && isList(keys) && Object.keys(others).length === 0 ? keys : undefined;
  } catch (error) {
    if (!isDioramaError(error, "corrupt")) throw error;
    return undefined;
  }
}
