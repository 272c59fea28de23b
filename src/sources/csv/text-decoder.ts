import { isUtf8 } from "node:buffer";
import type { CsvEncoding } from "./csv-options.ts";

/**
 * A piece of text, and the places in it (ascending) that stand for bytes which are no text, or for a NUL. Of flaws
 * side by side the first is enough: they are in one line.
 */
export interface DecodedText {
  readonly text: string;
  readonly flaws: readonly number[];
}

type Encoding = Exclude<CsvEncoding, "auto">;

const REPLACEMENT = "\uFFFD";
const noFlaws: readonly number[] = Object.freeze([]);
const LONGEST_MARK_BYTES = 3;
/** What Windows-1252 has where Latin-1 has 0x80 to 0x9F; five of them are the same in both. */
const WINDOWS_OWN = "€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ";

/**
 * Bytes to text, chunk by chunk, wherever the chunks are cut. Never fails: what can't be decoded becomes U+FFFD
 * and is listed, so that the row at fault can be named. A byte order mark at the start is dropped.
 */
export class ChunkDecoder {
  #encoding: Encoding | undefined;
  readonly #wanted: CsvEncoding;
  /** Bytes that begin a character, or that don't tell the encoding yet. */
  #rest: Buffer = Buffer.alloc(0);

  constructor(encoding: CsvEncoding) {
    this.#wanted = encoding;
  }

  /** What the bytes turned out to be; `undefined` before the first three. */
  get encoding(): Encoding | undefined {
    return this.#encoding;
  }

  decode(chunk: Buffer, last: boolean): DecodedText {
    let bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    if (this.#encoding === undefined) {
      if (bytes.length < LONGEST_MARK_BYTES && !last) {
        this.#rest = Buffer.from(bytes);
        return { text: "", flaws: noFlaws };
      }
      const mark = markOf(bytes);
      this.#encoding = this.#wanted === "auto" ? (mark?.encoding ?? "utf-8") : this.#wanted;
      if (mark?.encoding === this.#encoding) bytes = bytes.subarray(mark.sizeBytes);
    }
    const whole = last ? bytes.length : wholeLength(bytes, this.#encoding);
    // A copy: the chunk's memory is used again for a later one.
    this.#rest = Buffer.from(bytes.subarray(whole));
    return this.#toText(bytes.subarray(0, whole), this.#encoding);
  }

  #toText(bytes: Buffer, encoding: Encoding): DecodedText {
    switch (encoding) {
      case "utf-8":
        return isUtf8(bytes) ? withNuls(bytes.toString("utf8")) : decodeBadUtf8(bytes);
      case "latin1":
        return withNuls(bytes.toString("latin1"));
      case "windows-1252":
        return withNuls(decodeWindows(bytes));
      case "utf-16le":
        return decodeUtf16(bytes);
      case "utf-16be":
        return decodeUtf16(
          Buffer.from(bytes)
            .subarray(0, bytes.length & ~1)
            .swap16(),
          bytes.length % 2 === 1,
        );
    }
  }
}

function markOf(bytes: Buffer): { readonly encoding: Encoding; readonly sizeBytes: number } | undefined {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return { encoding: "utf-8", sizeBytes: 3 };
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return { encoding: "utf-16le", sizeBytes: 2 };
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return { encoding: "utf-16be", sizeBytes: 2 };
  return undefined;
}

/** How many of the bytes are whole characters; what follows them may be the start of one. */
function wholeLength(bytes: Buffer, encoding: Encoding): number {
  if (encoding === "utf-16le" || encoding === "utf-16be") {
    const even = bytes.length & ~1;
    const high = bytes[even - (encoding === "utf-16le" ? 1 : 2)] ?? 0;
    return (high & 0xfc) === 0xd8 ? even - 2 : even;
  }
  if (encoding !== "utf-8") return bytes.length;
  let lead = bytes.length - 1;
  for (let steps = 0; steps < 2 && lead > 0 && isContinuation(bytes[lead]); steps++) lead--;
  return lead + sequenceLength(bytes[lead] ?? 0) > bytes.length ? lead : bytes.length;
}

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}

/** The length that a first byte of UTF-8 announces. */
function sequenceLength(lead: number): number {
  if (lead >= 0xf0) return 4;
  if (lead >= 0xe0) return 3;
  return lead >= 0xc0 ? 2 : 1;
}

function withNuls(text: string): DecodedText {
  let at = text.indexOf("\0");
  if (at === -1) return { text, flaws: noFlaws };
  const flaws: number[] = [];
  for (let last = -2; at !== -1; at = text.indexOf("\0", at + 1)) {
    if (at > last + 1) flaws.push(at);
    last = at;
  }
  return { text, flaws };
}

/** By hand: the TextDecoder of some releases of Node 22 takes Windows-1252 for Latin-1. */
function decodeWindows(bytes: Buffer): string {
  const latin = bytes.toString("latin1");
  if (!/[\x80-\x9f]/.test(latin)) return latin;
  const wide = Buffer.from(latin, "utf16le");
  for (let at = 0; at < wide.length; at += 2) {
    const byte = wide[at] ?? 0;
    if (byte >= 0x80 && byte <= 0x9f) wide.writeUInt16LE(WINDOWS_OWN.charCodeAt(byte - 0x80), at);
  }
  return wide.toString("utf16le");
}

/** The bytes as text with U+FFFD for each that is out of place: only when some are. */
function decodeBadUtf8(bytes: Buffer): DecodedText {
  const flaws: number[] = [];
  let text = "";
  let start = 0;
  const take = (end: number): void => {
    const { text: good, flaws: nuls } = withNuls(bytes.toString("utf8", start, end));
    for (const nul of nuls) flaws.push(text.length + nul);
    text += good;
  };
  for (let at = 0; at < bytes.length;) {
    const length = sequenceLength(bytes[at] ?? 0);
    if (
      length === 1
        ? (bytes[at] ?? 0) < 0x80
        : at + length <= bytes.length && isUtf8(bytes.subarray(at, at + length))
    ) {
      at += length;
      continue;
    }
    if (at > start || at === 0) {
      take(at);
      flaws.push(text.length);
    }
    text += REPLACEMENT;
    at += 1;
    start = at;
  }
  take(bytes.length);
  return { text, flaws };
}

function decodeUtf16(bytes: Buffer, cutOff: boolean = bytes.length % 2 === 1): DecodedText {
  const raw = bytes.toString("utf16le", 0, bytes.length & ~1);
  const decoded = withNuls(raw.isWellFormed() ? raw : raw.toWellFormed());
  if (raw.isWellFormed() && !cutOff) return decoded;
  const flaws = [...decoded.flaws];
  for (let at = 0, last = -2; at < raw.length; at++) {
    if (raw.charCodeAt(at) === decoded.text.charCodeAt(at)) continue;
    if (at > last + 1) flaws.push(at);
    last = at;
  }
  if (cutOff) flaws.push(raw.length);
  return { text: cutOff ? decoded.text + REPLACEMENT : decoded.text, flaws: flaws.toSorted((a, b) => a - b) };
}
