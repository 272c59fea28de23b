import { gzipSync } from "node:zlib";
import fc from "fast-check";
import type { CsvEncoding } from "../../src/sources/csv/csv-options.ts";

/** How a table is written as a file. */
export interface CsvStyle {
  readonly delimiter: string;
  readonly quote: string;
  readonly newline: "\n" | "\r\n" | "\r";
  /** Which cells are quoted: of those that need not be, the ones where this says so, in turn. */
  readonly quoted: readonly boolean[];
  readonly lastEnds: boolean;
  readonly encoding: Exclude<CsvEncoding, "auto">;
  readonly mark: boolean;
  readonly gzip: boolean;
}

export const csvStyle: fc.Arbitrary<CsvStyle> = fc.record({
  delimiter: fc.constantFrom(",", ";", "\t", "|", " ", "^"),
  quote: fc.constantFrom('"', '"', "'", "*"),
  newline: fc.constantFrom("\n", "\r\n", "\r"),
  quoted: fc.array(fc.boolean(), { minLength: 1, maxLength: 7 }),
  lastEnds: fc.boolean(),
  encoding: fc.constantFrom("utf-8", "utf-8", "utf-16le", "utf-16be", "latin1", "windows-1252"),
  mark: fc.boolean(),
  gzip: fc.boolean(),
});

/** The table as the bytes of a file, the header first. */
export function toCsvBytes(rows: readonly (readonly string[])[], style: CsvStyle): Buffer {
  let turn = 0;
  const write = (cell: string): string => {
    const wanted = style.quoted[turn++ % style.quoted.length] ?? false;
    if (!wanted && !needsQuotes(cell, style)) return cell;
    return style.quote + cell.replaceAll(style.quote, style.quote + style.quote) + style.quote;
  };
  const lines = rows.map((row) => row.map(write).join(style.delimiter));
  // A last line of nothing at all would not be there.
  const ends = style.lastEnds || lines.at(-1) === "";
  const bytes = encode(lines.join(style.newline) + (ends ? style.newline : ""), style);
  return style.gzip ? gzipSync(bytes) : bytes;
}

function needsQuotes(cell: string, { delimiter, quote, newline }: CsvStyle): boolean {
  if (cell.includes(delimiter) || /[\r\n]/.test(cell) || cell.startsWith(quote)) return true;
  return newline === "\r" && cell.includes(quote);
}

function encode(text: string, { encoding, mark }: CsvStyle): Buffer {
  const marked = mark ? `\uFEFF${text}` : text;
  switch (encoding) {
    case "utf-8":
      return Buffer.from(marked, "utf8");
    case "utf-16le":
      return Buffer.from(marked, "utf16le");
    case "utf-16be":
      return Buffer.from(marked, "utf16le").swap16();
    case "latin1":
    case "windows-1252":
      return Buffer.from(text, "latin1");
  }
}

const plain = [
  "a",
  "b",
  "0",
  ".",
  ",",
  ";",
  "|",
  "\t",
  " ",
  '"',
  "'",
  "*",
  "^",
  "\n",
  "\r",
  "\r\n",
  "é",
  "ÿ",
];

/** A cell made of what matters to a reader of CSV. */
export function csvCell(encoding: CsvEncoding): fc.Arbitrary<string> {
  const wide = encoding.startsWith("utf") ? ["😀", "\uFEFF", "\uFFFD", "\u2028", "漢"] : [];
  return fc.array(fc.constantFrom(...plain, ...wide), { maxLength: 6 }).map((parts) => parts.join(""));
}
