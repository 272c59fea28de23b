import { DioramaError } from "../base/index.ts";
import { bytesToBigint } from "./bigint-bytes.ts";
import * as form from "./cbor-form.ts";
import { setOwn } from "./plain-object.ts";
import { MAX_DEPTH } from "./to-row.ts";
import type { Row, Value } from "./value.ts";

/** Latest and earliest time of a Date, in seconds. */
const MAX_DATE_SECONDS = 8.64e12;

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The row that `encodeRow` wrote; `corrupt` for any other bytes. */
export function decodeRow(bytes: Uint8Array): Row {
  const reader = new CborReader(bytes);
  if ((bytes[0] ?? 0) >> 5 !== form.MAJOR_MAP) throw reader.corrupt("a row is a map");
  return reader.readWholeMap();
}

/** The value that `encodeValue` wrote; `corrupt` for any other bytes. */
export function decodeValue(bytes: Uint8Array): Value {
  return new CborReader(bytes).readWhole();
}

class CborReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  readWhole(): Value {
    const value = this.#read(0);
    this.#checkEnd();
    return value;
  }

  readWholeMap(): Row {
    const row = this.#readMap(this.#readHead(this.#byte()), 0);
    this.#checkEnd();
    return row;
  }

  corrupt(problem: string): DioramaError {
    return new DioramaError(
      "corrupt",
      `stored bytes can't be read: ${problem} (at byte ${this.#position} of ${this.#bytes.length})`,
    );
  }

  #checkEnd(): void {
    if (this.#position !== this.#bytes.length) throw this.corrupt("more bytes than one value");
  }

  #byte(): number {
    const byte = this.#bytes[this.#position];
    if (byte === undefined) throw this.corrupt("the bytes end too early");
    this.#position++;
    return byte;
  }

  /** Moves on by so many bytes, which must be there; where they start. */
  #skip(count: number): number {
    const start = this.#position;
    if (count > this.#bytes.length - start) throw this.corrupt("the bytes end too early");
    this.#position = start + count;
    return start;
  }

  #read(depth: number): Value {
    const initial = this.#byte();
    switch (initial >> 5) {
      case form.MAJOR_UNSIGNED:
        return this.#readInteger(initial);
      case form.MAJOR_NEGATIVE:
        return this.#readNegative(initial);
      case form.MAJOR_BYTES:
        return this.#readBytes(initial);
      case form.MAJOR_TEXT:
        return this.#readText(this.#readHead(initial));
      case form.MAJOR_ARRAY:
        return this.#readList(this.#readHead(initial), depth);
      case form.MAJOR_MAP:
        return this.#readMap(this.#readHead(initial), depth);
      case form.MAJOR_TAG:
        return this.#readTagged(initial);
      default:
        return this.#readSimple(initial);
    }
  }

  /** The number in a head, which must have the shortest form. */
  #readHead(initial: number): number {
    const info = initial & 0x1f;
    if (info < 24) return info;
    switch (info) {
      case 24:
        return this.#atLeast(24, this.#byte());
      case 25:
        return this.#atLeast(0x100, this.#view.getUint16(this.#skip(2)));
      case 26:
        return this.#atLeast(0x1_0000, this.#view.getUint32(this.#skip(4)));
      case 27: {
        const start = this.#skip(8);
        const value = this.#view.getUint32(start) * 0x1_0000_0000 + this.#view.getUint32(start + 4);
        if (value > Number.MAX_SAFE_INTEGER) throw this.corrupt("an integer beyond 2^53");
        return this.#atLeast(0x1_0000_0000, value);
      }
      default:
        throw this.corrupt("a length that isn't definite");
    }
  }

  #atLeast(least: number, value: number): number {
    if (value < least) throw this.corrupt("a number that isn't in its shortest form");
    return value;
  }

  #readInteger(initial: number): number {
    return this.#readHead(initial);
  }

  #readNegative(initial: number): number {
    const value = -1 - this.#readHead(initial);
    if (!Number.isSafeInteger(value)) throw this.corrupt("an integer beyond -2^53");
    return value;
  }

  #readBytes(initial: number): Uint8Array {
    const start = this.#skip(this.#readHead(initial));
    // A copy without the input's class: a Buffer's own slice would share its memory.
    return new Uint8Array(this.#bytes.subarray(start, this.#position));
  }

  #readText(length: number): string {
    const start = this.#skip(length);
    try {
      return utf8.decode(this.#bytes.subarray(start, this.#position));
    } catch (error) {
      throw new DioramaError("corrupt", this.corrupt("text that isn't UTF-8").message, { cause: error });
    }
  }

  #readList(length: number, depth: number): readonly Value[] {
    this.#checkDepth(depth);
    if (length > this.#bytes.length - this.#position) throw this.corrupt("a list longer than the bytes");
    const list: Value[] = [];
    for (let index = 0; index < length; index++) list.push(this.#read(depth + 1));
    return list;
  }

  #readMap(size: number, depth: number): Row {
    this.#checkDepth(depth);
    if (size * 2 > this.#bytes.length - this.#position) throw this.corrupt("a map longer than the bytes");
    const map: Record<string, Value> = {};
    for (let index = 0; index < size; index++) {
      const initial = this.#byte();
      if (initial >> 5 !== form.MAJOR_TEXT) throw this.corrupt("a key that isn't text");
      const key = this.#readText(this.#readHead(initial));
      if (Object.hasOwn(map, key)) throw this.corrupt("a key that is there twice");
      setOwn(map, key, this.#read(depth + 1));
    }
    return map;
  }

  #checkDepth(depth: number): void {
    if (depth >= MAX_DEPTH) throw this.corrupt(`nesting deeper than ${MAX_DEPTH} levels`);
  }

  #readTagged(initial: number): Value {
    switch (initial) {
      case form.BYTE_TAG_DATE:
        return this.#readDate();
      case form.BYTE_TAG_POSITIVE_BIGINT:
        return this.#readBigint();
      case form.BYTE_TAG_NEGATIVE_BIGINT:
        return -1n - this.#readBigint();
      default:
        throw this.corrupt("an unknown tag");
    }
  }

  #readDate(): Date {
    const initial = this.#byte();
    const whole = initial >> 5 <= form.MAJOR_NEGATIVE;
    if (!whole && initial !== form.BYTE_FLOAT64) throw this.corrupt("a date that isn't a number");
    const seconds = this.#readSeconds(initial);
    if (!(Math.abs(seconds) <= MAX_DATE_SECONDS)) throw this.corrupt("a date out of range");
    // Split first: the product alone is off by a millisecond far from 1970.
    const floor = Math.floor(seconds);
    const timeMs = floor * 1_000 + Math.round((seconds - floor) * 1_000);
    const exact = whole ? true : timeMs % 1_000 !== 0 && timeMs / 1_000 === seconds;
    if (!exact) throw this.corrupt("a date that isn't in its one form");
    return new Date(timeMs);
  }

  #readSeconds(initial: number): number {
    if (initial === form.BYTE_FLOAT64) return this.#view.getFloat64(this.#skip(8));
    return initial >> 5 === form.MAJOR_UNSIGNED ? this.#readInteger(initial) : this.#readNegative(initial);
  }

  #readBigint(): bigint {
    const initial = this.#byte();
    if (initial >> 5 !== form.MAJOR_BYTES) throw this.corrupt("a bigint that isn't bytes");
    const start = this.#skip(this.#readHead(initial));
    const bytes = this.#bytes.subarray(start, this.#position);
    if (bytes[0] === 0) throw this.corrupt("a bigint with leading zeros");
    try {
      return bytesToBigint(bytes);
    } catch (error) {
      throw new DioramaError("corrupt", this.corrupt("a bigint larger than the engine takes").message, {
        cause: error,
      });
    }
  }

  #readSimple(initial: number): Value {
    switch (initial) {
      case form.BYTE_FALSE:
        return false;
      case form.BYTE_TRUE:
        return true;
      case form.BYTE_NULL:
        return null;
      case form.BYTE_FLOAT64:
        return this.#readFloat();
      default:
        throw this.corrupt("a simple value that rows don't have");
    }
  }

  #readFloat(): number {
    const start = this.#skip(8);
    const value = this.#view.getFloat64(start);
    if (Number.isNaN(value)) {
      const canonical =
        this.#view.getUint32(start) === form.NAN_HIGH_WORD && this.#view.getUint32(start + 4) === 0;
      if (!canonical) throw this.corrupt("a NaN that isn't in its one form");
    } else if (Number.isSafeInteger(value) && !Object.is(value, -0)) {
      throw this.corrupt("an integer written as a float");
    }
    return value;
  }
}
