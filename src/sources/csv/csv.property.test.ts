import fc from "fast-check";
import { expect, test } from "vitest";
import { openCsvFolder, openInChunks, rowsOf } from "../../../test/csv/csv-folder.ts";
import { csvCell, csvStyle, toCsvBytes, type CsvStyle } from "../../../test/csv/csv-text.ts";
import { runs } from "../../../test/properties/runs.ts";
import type { CsvOptions } from "./csv-options.ts";
import { sniffSyntax } from "./sniff-syntax.ts";

const folder = openCsvFolder();

/** Columns of text with these rows, and how they are written. */
const table = csvStyle.chain((style) =>
  fc
    .uniqueArray(fc.constantFrom("a", "b c", 'd"e', "f,g", "h;i", "j\nk", "l"), {
      minLength: 1,
      maxLength: 5,
    })
    .chain((names) =>
      fc.record({
        style: fc.constant(style),
        names: fc.constant(names),
        rows: fc.array(fc.tuple(...names.map(() => csvCell(style.encoding))), { maxLength: 12 }),
        chunkBytes: fc.integer({ min: 1, max: 40 }),
      }),
    ),
);

function optionsOf(style: CsvStyle, names: readonly string[]): CsvOptions {
  const { delimiter, quote, encoding, mark } = style;
  return {
    delimiter,
    quote,
    encoding: mark && encoding.startsWith("utf") ? "auto" : encoding,
    nullTokens: [],
    columns: Object.fromEntries(names.map((name) => [name, "text"])),
  };
}

test("CSV1 CSV17 CSV18 CSV19 CSV20 rows written in any style are read as they were, in chunks of any size", async () => {
  const property = fc.asyncProperty(table, async ({ style, names, rows, chunkBytes }) => {
    const file = folder.write(toCsvBytes([names, ...rows], style), "property.csv");
    const source = await openInChunks(file, optionsOf(style, names), chunkBytes);
    const found = await rowsOf(source);
    expect(found.map(([, row]) => names.map((name) => row[name]))).toEqual(rows);
    expect(found.map(([id]) => id)).toEqual(rows.map((_, index) => String(index + 1)));
    expect(await source.count({ conditions: [], order: [], search: undefined })).toBe(rows.length);
  });
  await fc.assert(property, runs(600));
});

test("CSV21 the line of a bad row is right behind any rows in any style", async () => {
  const property = fc.asyncProperty(table, async ({ style, names, rows, chunkBytes }) => {
    const bad = [...names.map(() => "x"), "one too many"];
    const plain = { ...style, gzip: false, lastEnds: true };
    const before = toCsvBytes([names, ...rows], plain);
    const after = toCsvBytes([bad], { ...plain, mark: false, quoted: [false] });
    const file = folder.write(Buffer.concat([before, after]), "lines.csv");
    const options: CsvOptions = { ...optionsOf(style, names), onBadRow: "skip" };
    const source = await openInChunks(file, options, chunkBytes);
    await rowsOf(source);
    const text = [names, ...rows].flat().join("");
    // Line ends of the file's own kind, those within cells included.
    const end = style.newline === "\r" ? "\r" : "\n";
    const line = 1 + rows.length + 1 + (text.split(end).length - 1);
    expect(source.lastRead?.skipped.rows.map((row) => row.line)).toEqual([line]);
  });
  await fc.assert(property, runs(300));
});

test("CSV17 the delimiter that a table is written with is found", () => {
  const word = fc.constantFrom(
    "lemon",
    "tart, baked",
    "5",
    "x;y",
    "a | b",
    'say "hi"',
    "two\nlines",
    "",
    "1,5",
  );
  const property = fc.property(
    fc.constantFrom(",", ";", "\t", "|"),
    fc
      .integer({ min: 2, max: 5 })
      .chain((width) =>
        fc.array(fc.array(word, { minLength: width, maxLength: width }), { minLength: 3, maxLength: 20 }),
      ),
    fc.constantFrom("\n" as const, "\r\n" as const),
    (delimiter, rows, newline) => {
      // Every cell is quoted: no other character can then divide the rows.
      const style: CsvStyle = {
        delimiter,
        quote: '"',
        newline,
        quoted: [true],
        lastEnds: true,
        encoding: "utf-8",
        mark: false,
        gzip: false,
      };
      const head = toCsvBytes(rows, style).toString();
      expect(sniffSyntax(head, '"', undefined)).toEqual({ delimiter, quote: '"', newline: "\n" });
    },
  );
  fc.assert(property, runs(300));
});
