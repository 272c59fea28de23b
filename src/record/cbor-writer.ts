import { DioramaError } from "../base/index.ts";
import { bigintToBytes } from "./bigint-bytes.ts";
import * as form from "./cbor-form.ts";
import { MAX_DEPTH } from "./to-row.ts";
import { isList } from "./type-rank.ts";
import type { Value } from "./value.ts";

const FIRST_BUFFER_BYTES = 4_096;
/** A buffer that one huge row made larger than this isn't kept. */
const MAX_KEPT_BUFFER_BYTES = 8 * 1_048_576;
/** Up to this length a text is written unit by unit as long as it is ASCII. */
const MAX_LOOPED_LENGTH = 255;
const MAX_CACHED_KEYS = 4_096;
const MAX_CACHED_KEY_LENGTH = 64;

const utf8 = new TextEncoder();

/** Writes values in the forms of `cbor-form.ts` into one growing buffer. */
export class CborWriter {
  position = 0;
  #bytes = new Uint8Array(FIRST_BUFFER_BYTES);
  #view = new DataView(this.#bytes.buffer);
  /** Bytes of the last map's head. */
  #mapHeadBytes = 1;
  readonly #encodedKeys = new Map<string, Uint8Array>();

  /** Writes the value or nothing of it. */
  writeWhole(value: Value): void {
    const start = this.position;
    try {
      this.#write(value, 0);
    } catch (error) {
      this.position = start;
      throw error;
    }
  }

  take(): Uint8Array<ArrayBuffer> {
    const taken = this.#bytes.slice(0, this.position);
    this.position = 0;
    if (this.#bytes.length > MAX_KEPT_BUFFER_BYTES) {
      this.#bytes = new Uint8Array(FIRST_BUFFER_BYTES);
      this.#view = new DataView(this.#bytes.buffer);
    }
    return taken;
  }

  #ensure(extraBytes: number): void {
    const needed = this.position + extraBytes;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.position));
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }

  #write(value: Value, depth: number): void {
    switch (typeof value) {
      case "string":
        return this.#writeText(value);
      case "number":
        return this.#writeNumber(value);
      case "boolean":
        return this.#writeByte(value ? form.BYTE_TRUE : form.BYTE_FALSE);
      case "bigint":
        return this.#writeBigint(value);
      case "object":
        return value === null ? this.#writeByte(form.BYTE_NULL) : this.#writeContainer(value, depth);
      default:
        throw new DioramaError("invalid", `a ${typeof value} can't be encoded`);
    }
  }

  #writeContainer(value: NonNullable<Value> & object, depth: number): void {
    if (value instanceof Date) return this.#writeDate(value);
    if (value instanceof Uint8Array) return this.#writeBytes(value);
    if (depth >= MAX_DEPTH)
      throw new DioramaError("invalid", `a value nested deeper than ${MAX_DEPTH} levels can't be encoded`);
    if (isList(value)) {
      this.#writeHead(form.MAJOR_ARRAY, value.length);
      for (const item of value) this.#write(item, depth + 1);
      return;
    }
    if (hasOnlyOwnKeys(value)) this.#writeMap(value, depth);
    else this.#writeMapByLists(value, depth);
  }

  /** Walks the keys where they are: lists of keys and values would be half of what encoding a row leaves behind. */
  #writeMap(value: { readonly [key: string]: Value }, depth: number): void {
    // The head's length depends on the count, known only afterwards; mostly it is that of the last one.
    const start = this.position;
    const reserved = this.#mapHeadBytes;
    this.#ensure(reserved);
    this.position += reserved;
    let count = 0;
    for (const key in value) {
      count++;
      this.#writeKey(key);
      this.#write(value[key] ?? null, depth + 1);
    }
    const end = this.position;
    const needed = headBytes(count);
    if (needed !== reserved) {
      this.#ensure(needed);
      this.#bytes.copyWithin(start + needed, start + reserved, end);
      this.#mapHeadBytes = needed;
    }
    this.position = start;
    this.#writeHead(form.MAJOR_MAP, count);
    this.position = end + needed - reserved;
  }

  #writeMapByLists(value: { readonly [key: string]: Value }, depth: number): void {
    const keys = Object.keys(value);
    // All values at once: cheaper than reading them one by one by name.
    const values: readonly Value[] = Object.values(value);
    this.#writeHead(form.MAJOR_MAP, keys.length);
    for (let index = 0; index < keys.length; index++) {
      this.#writeKey(keys[index] ?? "");
      this.#write(values[index] ?? null, depth + 1);
    }
  }

  #writeByte(byte: number): void {
    this.#ensure(1);
    this.#bytes[this.position++] = byte;
  }

  /** A major type with its length or number, in the shortest form. */
  #writeHead(major: number, count: number): void {
    this.#ensure(9);
    const top = major << 5;
    const bytes = this.#bytes;
    if (count < 24) {
      bytes[this.position++] = top | count;
    } else if (count < 0x100) {
      bytes[this.position++] = top | 24;
      bytes[this.position++] = count;
    } else if (count < 0x1_0000) {
      bytes[this.position++] = top | 25;
      this.#view.setUint16(this.position, count);
      this.position += 2;
    } else if (count < 0x1_0000_0000) {
      bytes[this.position++] = top | 26;
      this.#view.setUint32(this.position, count);
      this.position += 4;
    } else {
      bytes[this.position++] = top | 27;
      this.#view.setUint32(this.position, Math.floor(count / 0x1_0000_0000));
      this.#view.setUint32(this.position + 4, count >>> 0);
      this.position += 8;
    }
  }

  #writeNumber(value: number): void {
    if (!Number.isSafeInteger(value) || Object.is(value, -0)) return this.#writeFloat(value);
    if (value >= 0) this.#writeHead(form.MAJOR_UNSIGNED, value);
    else this.#writeHead(form.MAJOR_NEGATIVE, -1 - value);
  }

  #writeFloat(value: number): void {
    this.#ensure(9);
    this.#bytes[this.position] = form.BYTE_FLOAT64;
    if (Number.isNaN(value)) {
      this.#view.setUint32(this.position + 1, form.NAN_HIGH_WORD);
      this.#view.setUint32(this.position + 5, 0);
    } else {
      this.#view.setFloat64(this.position + 1, value);
    }
    this.position += 9;
  }

  #writeBigint(value: bigint): void {
    this.#writeByte(value < 0n ? form.BYTE_TAG_NEGATIVE_BIGINT : form.BYTE_TAG_POSITIVE_BIGINT);
    this.#writeBytes(bigintToBytes(value < 0n ? -1n - value : value));
  }

  #writeDate(value: Date): void {
    const timeMs = value.getTime();
    if (Number.isNaN(timeMs)) throw new DioramaError("invalid", "an invalid date can't be encoded");
    this.#writeByte(form.BYTE_TAG_DATE);
    const seconds = timeMs / 1_000;
    // A time is never -0, so neither are its seconds.
    if (form.isShortTime(seconds)) this.#writeNumber(seconds);
    else this.#writeFloat(seconds);
  }

  #writeBytes(value: Uint8Array): void {
    this.#writeHead(form.MAJOR_BYTES, value.length);
    this.#ensure(value.length);
    this.#bytes.set(value, this.position);
    this.position += value.length;
  }

  #writeText(text: string): void {
    const length = text.length;
    this.#ensure(9 + length * 3);
    if (length > MAX_LOOPED_LENGTH) return this.#writeLongText(text);
    const bytes = this.#bytes;
    const start = this.position;
    let position = start;
    if (length < 24) {
      bytes[position++] = (form.MAJOR_TEXT << 5) | length;
    } else {
      bytes[position++] = (form.MAJOR_TEXT << 5) | 24;
      bytes[position++] = length;
    }
    for (let index = 0; index < length; index++) {
      const unit = text.charCodeAt(index);
      if (unit >= 0x80) return this.#writeLongText(text);
      bytes[position++] = unit;
    }
    this.position = position;
  }

  #writeLongText(text: string): void {
    if (!text.isWellFormed())
      throw new DioramaError("invalid", "text with half of a surrogate pair can't be encoded");
    // The head's length depends on the byte count, known only afterwards: write behind the longest one.
    const start = this.position;
    const room = this.#bytes.subarray(start + 9);
    const { written } = utf8.encodeInto(text, room);
    this.#writeHead(form.MAJOR_TEXT, written);
    this.#bytes.copyWithin(this.position, start + 9, start + 9 + written);
    this.position += written;
  }

  #writeKey(key: string): void {
    const encoded = this.#encodedKeys.get(key);
    if (encoded === undefined) return this.#writeNewKey(key);
    const length = encoded.length;
    this.#ensure(length);
    const bytes = this.#bytes;
    let position = this.position;
    for (let index = 0; index < length; index++) bytes[position++] = encoded[index] ?? 0;
    this.position = position;
  }

  #writeNewKey(key: string): void {
    const start = this.position;
    this.#writeText(key);
    if (key.length > MAX_CACHED_KEY_LENGTH) return;
    if (this.#encodedKeys.size >= MAX_CACHED_KEYS) this.#encodedKeys.clear();
    this.#encodedKeys.set(key, this.#bytes.slice(start, this.position));
  }
}

/** Whether a walk over its keys meets no key of a prototype. */
function hasOnlyOwnKeys(value: object): boolean {
  if (Object.getPrototypeOf(value) !== Object.prototype) return false;
  for (const _ in Object.prototype) return false;
  return true;
}

/** Of the shortest head with this count, which no object's keys take beyond four bytes. */
function headBytes(count: number): number {
  if (count < 24) return 1;
  if (count < 0x100) return 2;
  return count < 0x1_0000 ? 3 : 5;
}
