import { assert, DioramaError } from "../base/index.ts";
import { bytesToBigint } from "./bigint-bytes.ts";
import * as form from "./cbor-form.ts";
import { type KeyNode, KeyTrie, MAX_TRIE_MAP_SIZE, mayFollow } from "./key-trie.ts";
import { createIndexedObject, keyRank, setOwn } from "./plain-object.ts";
import { MAX_DEPTH } from "./to-row.ts";
import type { Row, Value } from "./value.ts";

/** Latest and earliest time of a Date, in seconds. */
const MAX_DATE_SECONDS = 8.64e12;
/** Shorter ASCII texts are made faster from their units, longer ones by the platform's decoder. */
const MAX_LOOPED_BYTES = 28;
/** Longer lists grow as their items come: what a head claims is no reason to make room. */
const MAX_RESERVED_ITEMS = 64;
const KEYS_OF_NO_OBJECT = "a key twice, or a list index behind another key";
/** Empty containers cost a byte in the input and up to 200 in memory: there is one of each. */
const NO_BYTES = new Uint8Array(0);
const NO_ITEMS: readonly Value[] = Object.freeze([]);
const NO_COLUMNS: Row = Object.freeze({});

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
/** A list of units for each length: filled, applied, and filled again for the next text. */
const units: readonly number[][] = Array.from({ length: MAX_LOOPED_BYTES + 1 }, (_, length) =>
  Array.from({ length }, () => 0),
);
/** Texts of up to so many bytes are often the same again (a category, a state): one string is kept of each. */
const MAX_REMEMBERED_BYTES = 16;
const REMEMBERED_TEXTS = 1_024;
/** A text leaves its slot only after so many others in a row: ids, all different, pass by without a trace. */
const MAX_MISSES = 16;
const doubleBytes = new Uint8Array(8);
const doubleView = new DataView(doubleBytes.buffer);

/** Reads the values of `cbor-form.ts` from a stretch of bytes, and refuses all other forms as `corrupt`. */
export class CborReader {
  readonly #keys = new KeyTrie();
  readonly #texts: string[] = Array.from({ length: REMEMBERED_TEXTS }, () => "");
  readonly #misses = new Uint8Array(REMEMBERED_TEXTS).fill(MAX_MISSES);
  #bytes: Uint8Array = NO_BYTES;
  #start = 0;
  #position = 0;
  #end = 0;

  open(bytes: Uint8Array, start: number, end: number): void {
    assert(start >= 0 && start <= end && end <= bytes.length, "the stretch to read lies within the bytes");
    this.#bytes = bytes;
    this.#start = start;
    this.#position = start;
    this.#end = end;
  }

  /** Lets go of the bytes. */
  release(): void {
    this.#bytes = NO_BYTES;
  }

  checkEnd(): void {
    if (this.#position !== this.#end) throw this.#corrupt("more bytes than one value");
  }

  readMap(): Row {
    const initial = this.#byte();
    if (initial >> 5 !== form.MAJOR_MAP) throw this.#corrupt("a row that is no map");
    return this.#readMap(this.#readHead(initial), 0);
  }

  read(depth: number): Value {
    const initial = this.#byte();
    switch (initial >> 5) {
      case form.MAJOR_UNSIGNED:
        return this.#readHead(initial);
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

  #corrupt(problem: string, cause?: unknown): DioramaError {
    const at = `at byte ${this.#position - this.#start} of ${this.#end - this.#start}`;
    return new DioramaError("corrupt", `stored bytes can't be read: ${problem} (${at})`, { cause });
  }

  #byte(): number {
    const position = this.#position;
    if (position >= this.#end) throw this.#corrupt("they end too early");
    this.#position = position + 1;
    return this.#bytes[position] ?? 0;
  }

  /** Moves on by so many bytes, which must be there; where they start. */
  #skip(count: number): number {
    const start = this.#position;
    if (count > this.#end - start) throw this.#corrupt("they end too early");
    this.#position = start + count;
    return start;
  }

  /** The number in a head, which must have the shortest form. */
  #readHead(initial: number): number {
    const info = initial & 0x1f;
    return info < 24 ? info : this.#readLongHead(info);
  }

  #readLongHead(info: number): number {
    switch (info) {
      case 24:
        return this.#atLeast(24, this.#byte());
      case 25:
        return this.#atLeast(0x100, this.#byte() * 0x100 + this.#byte());
      case 26:
        return this.#atLeast(0x1_0000, this.#word());
      case 27: {
        const value = this.#word() * 0x1_0000_0000 + this.#word();
        if (value > Number.MAX_SAFE_INTEGER) throw this.#corrupt("an integer beyond 2^53");
        return this.#atLeast(0x1_0000_0000, value);
      }
      default:
        throw this.#corrupt("a length that isn't definite");
    }
  }

  #atLeast(least: number, value: number): number {
    if (value < least) throw this.#corrupt("a number that isn't in its shortest form");
    return value;
  }

  #word(): number {
    const start = this.#skip(4);
    const bytes = this.#bytes;
    const low = ((bytes[start + 1] ?? 0) << 16) | ((bytes[start + 2] ?? 0) << 8) | (bytes[start + 3] ?? 0);
    return (bytes[start] ?? 0) * 0x100_0000 + low;
  }

  #readNegative(initial: number): number {
    const value = -1 - this.#readHead(initial);
    if (!Number.isSafeInteger(value)) throw this.#corrupt("an integer beyond -2^53");
    return value;
  }

  #readBytes(initial: number): Uint8Array {
    const start = this.#skip(this.#readHead(initial));
    if (start === this.#position) return NO_BYTES;
    // Without the input's class, and without its memory.
    return new Uint8Array(this.#bytes.subarray(start, this.#position));
  }

  #readText(length: number): string {
    const start = this.#skip(length);
    const codes = units[length];
    if (codes === undefined) return this.#decodeText(start);
    const bytes = this.#bytes;
    for (let index = 0; index < length; index++) {
      const byte = bytes[start + index] ?? 0;
      if (byte >= 0x80) return this.#decodeText(start);
      codes[index] = byte;
    }
    return length > MAX_REMEMBERED_BYTES
      ? String.fromCharCode.apply(undefined, codes)
      : this.#remember(codes);
  }

  /** The string of these units: the one that is remembered, or a new one. */
  #remember(codes: number[]): string {
    const slot = slotOf(codes);
    const known = this.#texts[slot] ?? "";
    let index = known.length === codes.length ? 0 : -1;
    while (index >= 0 && index < codes.length)
      index = known.charCodeAt(index) === codes[index] ? index + 1 : -1;
    const misses = index === codes.length ? 0 : (this.#misses[slot] ?? 0) + 1;
    this.#misses[slot] = misses;
    if (misses === 0) return known;
    const text = String.fromCharCode.apply(undefined, codes);
    if (misses > MAX_MISSES) {
      this.#texts[slot] = text;
      this.#misses[slot] = 0;
    }
    return text;
  }

  #decodeText(start: number): string {
    try {
      return utf8.decode(this.#bytes.subarray(start, this.#position));
    } catch (error) {
      throw this.#corrupt("text that isn't UTF-8", error);
    }
  }

  #readList(length: number, depth: number): readonly Value[] {
    this.#checkDepth(depth);
    if (length > this.#end - this.#position) throw this.#corrupt("a list longer than the bytes");
    if (length === 0) return NO_ITEMS;
    // Reserved exactly: a list that grows to its first item takes room for seventeen.
    // oxlint-disable-next-line unicorn/no-new-array
    const list = length <= MAX_RESERVED_ITEMS ? new Array<Value>(length) : [];
    for (let index = 0; index < length; index++) list[index] = this.read(depth + 1);
    return list;
  }

  #readMap(size: number, depth: number): Row {
    this.#checkDepth(depth);
    if (size * 2 > this.#end - this.#position) throw this.#corrupt("a map longer than the bytes");
    if (size === 0) return NO_COLUMNS;
    if (size > MAX_TRIE_MAP_SIZE) return this.#readLargeMap(size, depth);
    let node = this.#keys.root;
    const values: Value[] = [];
    for (let index = 0; index < size; index++) {
      const known = node.follow(this.#bytes, this.#position);
      if (known === undefined) {
        node = this.#readNewKey(node);
      } else {
        // Bytes beyond the end may have matched: then the row ends inside of this key.
        this.#skip(known.encoded.length);
        node = known;
      }
      values.push(this.read(depth + 1));
    }
    return node.build(values);
  }

  #readNewKey(node: KeyNode): KeyNode {
    const start = this.#position;
    const key = this.#readKey();
    // A copy: a Buffer's own slice would share the memory that its owner writes to again.
    const encoded = new Uint8Array(this.#bytes.subarray(start, this.#position));
    const grown = this.#keys.grow(node, encoded, key);
    if (grown === undefined) throw this.#corrupt(KEYS_OF_NO_OBJECT);
    return grown;
  }

  #readLargeMap(size: number, depth: number): Row {
    const map = createIndexedObject();
    let rank = -1;
    for (let index = 0; index < size; index++) {
      const key = this.#readKey();
      if (!mayFollow(key, rank) || Object.hasOwn(map, key)) throw this.#corrupt(KEYS_OF_NO_OBJECT);
      rank = keyRank(key);
      setOwn(map, key, this.read(depth + 1));
    }
    // Nothing but values was set.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    return map as Row;
  }

  #readKey(): string {
    const initial = this.#byte();
    if (initial >> 5 !== form.MAJOR_TEXT) throw this.#corrupt("a key that isn't text");
    return this.#readText(this.#readHead(initial));
  }

  #checkDepth(depth: number): void {
    if (depth >= MAX_DEPTH) throw this.#corrupt(`nesting deeper than ${MAX_DEPTH} levels`);
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
        throw this.#corrupt("an unknown tag");
    }
  }

  #readDate(): Date {
    const initial = this.#byte();
    const seconds = this.#readSeconds(initial);
    if (!(Math.abs(seconds) <= MAX_DATE_SECONDS)) throw this.#corrupt("a date out of range");
    // Split first: the product alone is off by a millisecond far from 1970.
    const whole = Math.floor(seconds);
    const timeMs = whole * 1_000 + Math.round((seconds - whole) * 1_000);
    const isFloat = initial === form.BYTE_FLOAT64;
    if (isFloat === form.isShortTime(seconds) || timeMs / 1_000 !== seconds) {
      throw this.#corrupt("a date that isn't in its one form");
    }
    return new Date(timeMs);
  }

  #readSeconds(initial: number): number {
    if (initial === form.BYTE_FLOAT64) return this.#readDouble();
    if (initial >> 5 === form.MAJOR_UNSIGNED) return this.#readHead(initial);
    if (initial >> 5 === form.MAJOR_NEGATIVE) return this.#readNegative(initial);
    throw this.#corrupt("a date that isn't a number");
  }

  #readBigint(): bigint {
    const initial = this.#byte();
    if (initial >> 5 !== form.MAJOR_BYTES) throw this.#corrupt("a bigint that isn't bytes");
    const start = this.#skip(this.#readHead(initial));
    const bytes = this.#bytes.subarray(start, this.#position);
    if (bytes[0] === 0) throw this.#corrupt("a bigint with leading zeros");
    try {
      return bytesToBigint(bytes);
    } catch (error) {
      throw this.#corrupt("a bigint larger than the engine takes", error);
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
        throw this.#corrupt("a simple value that rows don't have");
    }
  }

  /** A number that no integer form has. */
  #readFloat(): number {
    const value = this.#readDouble();
    if (Number.isSafeInteger(value) && !Object.is(value, -0)) {
      throw this.#corrupt("an integer written as a float");
    }
    if (Number.isNaN(value) && !isOneNan()) throw this.#corrupt("a NaN that isn't in its one form");
    return value;
  }

  #readDouble(): number {
    const start = this.#skip(8);
    for (let index = 0; index < 8; index++) doubleBytes[index] = this.#bytes[start + index] ?? 0;
    return doubleView.getFloat64(0);
  }
}

/** The ends tell apart what comes again and again; going through all the units would cost more than it saves. */
function slotOf(codes: readonly number[]): number {
  const length = codes.length;
  const ends = (codes[length - 1] ?? 0) * 31 + (codes[length - 2] ?? 0) * 977 + (codes[0] ?? 0) * 7;
  return (ends + length) & (REMEMBERED_TEXTS - 1);
}

function isOneNan(): boolean {
  return doubleView.getUint32(0) === form.NAN_HIGH_WORD && doubleView.getUint32(4) === 0;
}
