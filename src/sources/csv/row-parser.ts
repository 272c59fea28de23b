import Papa from "papaparse";
import type { CsvSyntax } from "./row-cutter.ts";

/**
 * The cells of each row of a text, by the parser at the heart of papaparse. Its front door (`Papa.parse`) takes
 * twice as long a text of this size: it builds a streamer around each, which the garbage collector lets go of late.
 */
export class RowParser {
  readonly #parser: Papa.Parser;
  readonly #newline: string;

  constructor(syntax: CsvSyntax) {
    const { delimiter, quote, newline } = syntax;
    this.#newline = newline;
    this.#parser = new Papa.Parser({
      delimiter,
      newline,
      quoteChar: quote,
      ...(quote === "" ? { fastMode: true } : {}),
    });
  }

  parse(text: string): string[][] {
    // The parser's own types say `any`; without a header option its rows are lists of texts.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
    const { data } = this.#parser.parse(text, 0, false) as { readonly data: string[][] };
    // What follows the last line end is no row.
    if (text.endsWith(this.#newline)) data.pop();
    return data;
  }
}
