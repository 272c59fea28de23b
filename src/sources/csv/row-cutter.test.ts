import Papa from "papaparse";
import fc from "fast-check";
import { expect, test } from "vitest";
import { runs } from "../../../test/properties/runs.ts";
import { RowCutter, type CsvSyntax, type CutPiece } from "./row-cutter.ts";

const comma: CsvSyntax = { delimiter: ",", quote: '"', newline: "\n" };

/** The pieces of a text that arrives in parts of these lengths, in turn. */
function cutAll(
  text: string,
  sizes: readonly number[],
  syntax: CsvSyntax,
  maxRowBytes: number = 1_000,
): CutPiece[] {
  const cutter = new RowCutter(syntax, maxRowBytes);
  const pieces: CutPiece[] = [];
  const flaws = text.split("").flatMap((unit, at) => (unit === "\0" ? [at] : []));
  for (let start = 0, turn = 0; start < text.length; turn++) {
    const end = start + Math.max(1, sizes[turn % sizes.length] ?? 1);
    const part = flaws.filter((at) => at >= start && at < end).map((at) => at - start);
    pieces.push(...cutter.cut({ text: text.slice(start, end), flaws: part }, false));
    start = end;
  }
  pieces.push(...cutter.cut({ text: "", flaws: [] }, true));
  return pieces;
}

/** The same for any cutting: rows one after the other, however many came at once. */
function joined(pieces: readonly CutPiece[]): string[] {
  const out: string[] = [];
  let open = false;
  for (const piece of pieces) {
    if (piece.kind === "bad")
      out.push(`bad ${piece.reason} ${piece.lines} after ${JSON.stringify(piece.before)}`);
    else if (piece.keepReturn) out.push(`with its return ${piece.text}`);
    else if (open) out.push(`${out.pop() ?? ""}${piece.text}`);
    else out.push(piece.text);
    open = piece.kind === "rows" && !piece.keepReturn;
  }
  return out;
}

const soup = fc
  .array(fc.constantFrom("a", "b,", '"', '""', ",", "\n", "\r\n", "\r", " ", "\t", 'x"y', '"z"', "\0", "ä"), {
    maxLength: 40,
  })
  .map((parts) => parts.join(""));
const syntaxes = fc.constantFrom<CsvSyntax>(
  comma,
  { ...comma, newline: "\r" },
  { ...comma, delimiter: "\t" },
  { ...comma, delimiter: " " },
  { ...comma, quote: "" },
  { ...comma, quote: "'" },
);

test("CSV1 CSV22 pieces are the same however a text is cut up, and so are its bad rows", () => {
  const property = fc.property(
    soup,
    syntaxes,
    fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 4 }),
    fc.constantFrom(5, 12, 1_000),
    (text, syntax, sizes, maxRowBytes) => {
      const whole = joined(cutAll(text, [text.length], syntax, maxRowBytes));
      expect(joined(cutAll(text, sizes, syntax, maxRowBytes))).toEqual(whole);
    },
  );
  fc.assert(property, runs(3_000));
});

test("CSV17 CSV21 the parser behind finds no fault in a piece, and as many rows as it has ends", () => {
  const property = fc.property(soup, syntaxes, (text, syntax) => {
    const { delimiter, newline, quote } = syntax;
    const fast = quote === "" ? { fastMode: true } : {};
    const parser = new Papa.Parser({ delimiter, newline, quoteChar: quote, ...fast });
    for (const piece of cutAll(text, [text.length], syntax)) {
      if (piece.kind === "bad") continue;
      expect(piece.text.endsWith(newline)).toBe(true);
      const { data, errors }: { data: string[][]; errors: unknown[] } = parser.parse(piece.text, 0, false);
      expect(errors).toEqual([]);
      // An end that the parser took for data would be a row too few.
      const inCells = data.flat().join("").split(newline).length - 1;
      expect(data.length - 1 + inCells).toBe(piece.text.split(newline).length - 1);
    }
  });
  fc.assert(property, runs(3_000));
});

test("CSV23 after a quoting mistake the next line is read", () => {
  const text = 'a,"b"c,d\n1,2,3\n"x\n4,5,6\n';
  expect(joined(cutAll(text, [text.length], comma))).toEqual([
    'bad textAfterQuote 1 after "a,"',
    "1,2,3\n",
    'bad quoteNotClosed 1 after ""',
    "4,5,6\n",
  ]);
});

test("CSV23 a row that is too long is left out up to its end, however much of it there is", () => {
  const text = `a\n${"x".repeat(100)}\nb\n`;
  expect(joined(cutAll(text, [7], comma, 10))).toEqual([
    "a\n",
    expect.stringMatching(/^bad tooLong 1/),
    "b\n",
  ]);
});

test("CSV22 no more than the longest row is held", () => {
  const cutter = new RowCutter(comma, 1_000);
  const held: number[] = [];
  for (let round = 0; round < 1_000; round++) {
    const pieces = cutter.cut(
      { text: round === 0 ? `"${"x".repeat(99)}` : "x".repeat(100), flaws: [] },
      false,
    );
    if (pieces.length > 0) held.push(round);
  }
  // Refused once, when 1,000 bytes are full; all that follows belongs to the same line.
  expect(held).toEqual([10]);
});
