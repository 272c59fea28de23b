import Papa from "papaparse";
import type { CsvSyntax } from "./row-cutter.ts";

const BYTE_ORDER_MARK = "\uFEFF";

/** The cells of each row of a text. */
export function parseRows(text: string, syntax: CsvSyntax): string[][] {
  const { delimiter, quote, newline } = syntax;
  // The parser drops a byte order mark at the start of what it is given; here it is data.
  const { data } = Papa.parse<string[]>(text.startsWith(BYTE_ORDER_MARK) ? BYTE_ORDER_MARK + text : text, {
    delimiter,
    newline,
    quoteChar: quote,
    ...(quote === "" ? { fastMode: true } : {}),
  });
  // What follows the last line end is no row.
  if (text.endsWith(newline)) data.pop();
  return data;
}
