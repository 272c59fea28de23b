import { RowParser } from "./row-parser.ts";
import { RowCutter, type CsvSyntax } from "./row-cutter.ts";

/** In the order in which they are preferred when two divide the rows equally well. */
const delimiters = [",", ";", "\t", "|"];
/** Rows that are looked at. */
const SAMPLE_ROWS = 50;

/**
 * How the file is written, from the text it begins with. The delimiter is the one by which most of the first rows
 * have as many cells as the very first (two or more); the comma where there is none.
 */
export function sniffSyntax(head: string, quote: string, delimiter: string | undefined): CsvSyntax {
  const newline = sniffNewline(head, quote, delimiter === undefined ? delimiters : [delimiter]);
  if (delimiter !== undefined) return { delimiter, quote, newline };
  let best: CsvSyntax = { delimiter: ",", quote, newline };
  let bestScore = { even: 0, cells: 0 };
  for (const candidate of delimiters) {
    if (candidate === quote) continue;
    const syntax: CsvSyntax = { delimiter: candidate, quote, newline };
    const score = scoreOf(head, syntax);
    if (score.even > bestScore.even || (score.even === bestScore.even && score.cells > bestScore.cells)) {
      best = syntax;
      bestScore = score;
    }
  }
  return best;
}

/**
 * Line ends inside of quoted cells don't count. A lone carriage return ends lines only where no line feed does.
 * A quote opens a cell only where a cell can begin: behind a line end or one of these marks.
 */
function sniffNewline(head: string, quote: string, marks: readonly string[]): "\n" | "\r" {
  const starts = new Set(["\n", "\r", undefined, ...marks]);
  let returns = false;
  for (let at = 0; at < head.length; at++) {
    const unit = head[at];
    if (unit === "\n") return "\n";
    // The last one may be half of a pair that the head cuts.
    if (unit === "\r" && at + 1 < head.length) returns = true;
    if (unit === quote && starts.has(head[at - 1])) at = closingQuote(head, quote, at + 1);
  }
  return returns ? "\r" : "\n";
}

/** Where the quoted cell that begins here ends: at its closing quote, or with the text. */
function closingQuote(head: string, quote: string, start: number): number {
  let at = head.indexOf(quote, start);
  while (at !== -1 && head[at + 1] === quote) at = head.indexOf(quote, at + 2);
  return at === -1 ? head.length : at;
}

/** The share of rows as wide as the first, and that width. */
function scoreOf(head: string, syntax: CsvSyntax): { readonly even: number; readonly cells: number } {
  const none = { even: 0, cells: 0 };
  const cutter = new RowCutter(syntax, Number.MAX_SAFE_INTEGER);
  const text = { text: head, flaws: [] };
  let pieces = cutter.cut(text, false);
  // Not one whole row: what there is of it has to do.
  if (pieces.length === 0) pieces = cutter.cut({ text: "", flaws: [] }, true);
  const parser = new RowParser(syntax);
  const rows: string[][] = [];
  for (const piece of pieces) {
    // Badly quoted by this delimiter: it is hardly the one.
    if (piece.kind === "bad") return none;
    for (const row of parser.parse(piece.text)) {
      if (rows.length >= SAMPLE_ROWS) break;
      if (row.length > 1 || row[0]?.trim() !== "") rows.push(row);
    }
  }
  const cells = rows[0]?.length ?? 0;
  if (cells < 2) return none;
  return { even: rows.filter((row) => row.length === cells).length / rows.length, cells };
}
