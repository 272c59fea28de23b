import { DioramaError } from "../../base/index.ts";

/** The top bit of a text's length: what follows is UTF-16, as texts are that hold half of a surrogate pair. */
const UTF16 = 0x8000_0000;
const MAX_LOOPED_LENGTH = 64;

const fromUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** As many bytes as a text takes at most, with its length. */
export function mostTextBytes(text: string): number {
  return 4 + text.length * 3;
}

/** Writes a text as it stands in a record, any text exactly: a length of four bytes, and the text. Where it ends. */
export function writeText(bytes: Buffer, position: number, text: string): number {
  const end = writeAscii(bytes, position + 4, text);
  if (end !== undefined) {
    bytes.writeUInt32BE(text.length, position);
    return end;
  }
  const wellFormed = text.isWellFormed();
  const length = bytes.write(text, position + 4, wellFormed ? "utf8" : "utf16le");
  bytes.writeUInt32BE((length | (wellFormed ? 0 : UTF16)) >>> 0, position);
  return position + 4 + length;
}

/** Short names are written faster byte by byte; undefined where it is no such one. */
function writeAscii(bytes: Buffer, start: number, text: string): number | undefined {
  const { length } = text;
  if (length > MAX_LOOPED_LENGTH) return undefined;
  for (let at = 0; at < length; at++) {
    const unit = text.charCodeAt(at);
    if (unit > 0x7f) return undefined;
    bytes[start + at] = unit;
  }
  return start + length;
}

/** The text at a position, and where it ends; throws where the bytes hold none. */
export function textFromBytes(
  bytes: Buffer,
  position: number,
): { readonly text: string; readonly end: number } {
  if (position + 4 > bytes.length) throw new DioramaError("corrupt", "it ends within a text");
  const head = bytes.readUInt32BE(position);
  const isUtf16 = head >= UTF16;
  const length = isUtf16 ? head - UTF16 : head;
  const start = position + 4;
  const end = start + length;
  if (end > bytes.length) throw new DioramaError("corrupt", "a text reaches beyond its end");
  if (isUtf16 && length % 2 !== 0) throw new DioramaError("corrupt", "a text holds half a unit");
  const content = bytes.subarray(start, end);
  if (isUtf16) return { text: content.toString("utf16le"), end };
  try {
    return { text: fromUtf8.decode(content), end };
  } catch (error) {
    throw new DioramaError("corrupt", "a text isn't UTF-8", { cause: error });
  }
}
