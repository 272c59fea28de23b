import { Buffer } from "node:buffer";

/** Rows on their way between the threads, as bytes only: the buffers move, nothing is copied or cloned. */
export interface RowPacket {
  /** Of each row: the id's length (4 bytes), the id in UTF-8, when it was fetched (8 bytes); big-endian. */
  readonly keys: Uint8Array<ArrayBuffer>;
  /** The encoded rows, one behind the other. */
  readonly rows: Uint8Array<ArrayBuffer>;
  /** Two for each row: where its key ends in `keys`, and its bytes in `rows`. */
  readonly ends: Uint32Array<ArrayBuffer>;
}

/** One row of a packet; `key` and `bytes` are windows on the packet's buffers. */
export interface PackedRow {
  readonly id: string;
  readonly fetchedAt: number;
  readonly key: Uint8Array<ArrayBuffer>;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

const LENGTH_BYTES = 4;
const TIME_BYTES = 8;
/** UTF-8 takes at most three bytes for a UTF-16 unit. */
const MAX_UNIT_BYTES = 3;
/** Up to this length an id is written unit by unit as long as it is ASCII. */
const MAX_LOOPED_LENGTH = 64;

const utf8 = new TextEncoder();

/** Collects the keys of a packet, row by row. */
export class KeyWriter {
  #keys = new Uint8Array(4_096);
  #view = new DataView(this.#keys.buffer);
  #size = 0;
  #lastStart = 0;
  #ends = new Uint32Array(256);
  #endCount = 0;

  get count(): number {
    return this.#endCount / 2;
  }

  get sizeBytes(): number {
    return this.#size;
  }

  append(id: string, fetchedAt: number, rowEnd: number): void {
    this.#ensure(LENGTH_BYTES + id.length * MAX_UNIT_BYTES + TIME_BYTES);
    const written = this.#writeId(id, this.#size + LENGTH_BYTES);
    this.#view.setUint32(this.#size, written);
    const timeAt = this.#size + LENGTH_BYTES + written;
    this.#view.setFloat64(timeAt, fetchedAt);
    this.#lastStart = this.#size;
    this.#size = timeAt + TIME_BYTES;
    this.#ends[this.#endCount++] = this.#size;
    this.#ends[this.#endCount++] = rowEnd;
  }

  /** The key that was appended last: a window that is valid until the next call. */
  get last(): Uint8Array<ArrayBuffer> {
    return this.#keys.subarray(this.#lastStart, this.#size);
  }

  /** The packet of these keys and their rows; the writer starts again. */
  take(rows: Uint8Array<ArrayBuffer>): RowPacket {
    const packet = { keys: this.#keys.slice(0, this.#size), rows, ends: this.#ends.slice(0, this.#endCount) };
    this.#size = 0;
    this.#endCount = 0;
    return packet;
  }

  /** How many bytes it takes. */
  #writeId(id: string, at: number): number {
    const keys = this.#keys;
    const { length } = id;
    if (length > MAX_LOOPED_LENGTH) return utf8.encodeInto(id, keys.subarray(at)).written;
    for (let index = 0; index < length; index++) {
      const unit = id.charCodeAt(index);
      if (unit >= 0x80) return utf8.encodeInto(id, keys.subarray(at)).written;
      keys[at + index] = unit;
    }
    return length;
  }

  #ensure(extraBytes: number): void {
    if (this.#endCount + 2 > this.#ends.length) {
      const grown = new Uint32Array(this.#ends.length * 2);
      grown.set(this.#ends);
      this.#ends = grown;
    }
    const needed = this.#size + extraBytes;
    if (needed <= this.#keys.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#keys.length * 2));
    grown.set(this.#keys.subarray(0, this.#size));
    this.#keys = grown;
    this.#view = new DataView(grown.buffer);
  }
}

/** What to hand over with the packet so that it moves. */
export function packetBuffers(packet: RowPacket): ArrayBuffer[] {
  return [packet.keys.buffer, packet.rows.buffer, packet.ends.buffer];
}

export function packetCount(packet: RowPacket): number {
  return packet.ends.length / 2;
}

/** The rows of the packet in order. */
export function* packedRows(packet: RowPacket): Generator<PackedRow, void, undefined> {
  const text = Buffer.from(packet.keys.buffer, packet.keys.byteOffset, packet.keys.length);
  let keyStart = 0;
  let rowStart = 0;
  for (let at = 0; at < packet.ends.length; at += 2) {
    const keyEnd = packet.ends[at] ?? keyStart;
    const rowEnd = packet.ends[at + 1] ?? rowStart;
    yield {
      id: text.toString("utf8", keyStart + LENGTH_BYTES, keyEnd - TIME_BYTES),
      fetchedAt: text.readDoubleBE(keyEnd - TIME_BYTES),
      key: packet.keys.subarray(keyStart, keyEnd),
      bytes: packet.rows.subarray(rowStart, rowEnd),
    };
    keyStart = keyEnd;
    rowStart = rowEnd;
  }
}
