import type { DecodedText } from "./text-decoder.ts";

/** How rows are written. Each mark is one character; an empty quote means that nothing is quoted. */
export interface CsvSyntax {
  readonly delimiter: string;
  readonly quote: string;
  /** What a line ends with: a line feed (a carriage return before it belongs to it) or a lone carriage return. */
  readonly newline: "\n" | "\r";
}

/** Why a row can't be read. */
export type BadRowKind = "quoteNotClosed" | "textAfterQuote" | "badCharacter" | "nul" | "tooLong";

export type CutPiece =
  | {
      readonly kind: "rows";
      /** Whole rows, each well quoted and ended by the newline. */
      readonly text: string;
      /** Some quoted cells hold line ends: a row may be several lines. */
      readonly manyLines: boolean;
      /** A carriage return at the end of a row's last cell is data: those cells are quoted. */
      readonly keepReturn: boolean;
    }
  | {
      readonly kind: "bad";
      readonly reason: BadRowKind;
      /** The row up to where it goes wrong: tells the column. */
      readonly before: string;
      /** Lines that the row takes up. After a quoting mistake that is one: reading goes on with the next line. */
      readonly lines: number;
    };

/** A place where the walk stands: the row it is in and the next quote and line end, both outside of quoted cells. */
interface Walk {
  rowStart: number;
  quoteAt: number;
  lineEnd: number;
  /** A quoted cell of the row holds a line end. */
  manyLines: boolean;
  /** The row's last cell is quoted and ends with a carriage return. */
  keepReturn: boolean;
}

const RETURN = 13;
const SPACE = 32;
const TAB = 9;

/**
 * Cuts text into pieces of whole rows, for a parser behind it that is never shown a broken or an unfinished row:
 * what that parser makes of one depends on where the chunk ended, and can take time that grows with its square.
 * Text without a quote is cut by its last line end alone.
 */
export class RowCutter {
  readonly #syntax: CsvSyntax;
  readonly #maxRowBytes: number;
  /** From the start of the row that isn't finished. */
  #text = "";
  /** Where that is in all of the text so far. */
  #offset = 0;
  /** Flaws in all of the text so far; those before `flawIndex` are dealt with. */
  #flaws: number[] = [];
  #flawIndex = 0;
  /** How far that row is known: no line ends it before, and no quoted cell is open there. */
  #known = 0;
  /** In the rest of a row that was refused: nothing counts before the next line end. */
  #discarding = false;
  #pieces: CutPiece[] = [];
  /** Where the rows of the next piece begin. */
  #pieceStart = 0;
  #manyLines = false;
  #keepReturn = false;

  constructor(syntax: CsvSyntax, maxRowBytes: number) {
    this.#syntax = syntax;
    this.#maxRowBytes = maxRowBytes;
  }

  /** What can be told after this text; with `last`, everything. */
  cut(decoded: DecodedText, last: boolean): readonly CutPiece[] {
    this.#pieces = [];
    this.#take(decoded);
    const text = this.#text;
    const { quote, newline } = this.#syntax;
    const plain = this.#nextFlaw() === undefined && (quote === "" || !text.includes(quote));
    if (plain && text.length * 3 <= this.#maxRowBytes) {
      const end = last ? text.length : text.lastIndexOf(newline) + 1;
      this.#pieceStart = 0;
      this.#endPiece(end);
      this.#keepFrom(end, end);
    } else {
      this.#walk(last);
    }
    return this.#pieces;
  }

  #take(decoded: DecodedText): void {
    let dropped = 0;
    if (this.#discarding) {
      const end = decoded.text.indexOf(this.#syntax.newline);
      this.#discarding = end === -1;
      dropped = this.#discarding ? decoded.text.length : end + 1;
    }
    // What is dropped is behind the text that is held, which is empty then.
    const start = this.#offset + this.#text.length;
    for (const flaw of decoded.flaws) if (flaw >= dropped) this.#flaws.push(start + flaw);
    this.#offset += dropped;
    this.#text += dropped === 0 ? decoded.text : decoded.text.slice(dropped);
  }

  /** The first flaw that counts, by its place in the text that is held. */
  #nextFlaw(): number | undefined {
    const flaw = this.#flaws[this.#flawIndex];
    return flaw === undefined ? undefined : flaw - this.#offset;
  }

  #walk(last: boolean): void {
    this.#pieceStart = 0;
    const walk = this.#walkFrom(0, this.#known);
    // The row that isn't finished may have lines behind it that its cells hold.
    walk.manyLines = this.#text.slice(0, this.#known).includes(this.#syntax.newline);
    do {
      while (!this.#discarding && this.#step(walk, last));
    } while (!this.#discarding && this.#refuseIfTooLong(walk));
    const end = this.#discarding ? this.#text.length : walk.rowStart;
    this.#endPiece(end);
    this.#keepReturn = false;
    this.#keepFrom(end, walk.quoteAt === -1 ? this.#text.length : walk.quoteAt);
  }

  /** To the next quote or line end, whichever comes first. False: the rest of the text is no whole row. */
  #step(walk: Walk, last: boolean): boolean {
    if (walk.lineEnd !== -1 && (walk.quoteAt === -1 || walk.lineEnd < walk.quoteAt)) {
      this.#endRow(walk, walk.lineEnd + 1);
    } else if (walk.quoteAt === -1) {
      if (!last || walk.rowStart === this.#text.length) return false;
      this.#endRow(walk, this.#text.length);
    } else if (!this.#passQuote(walk, last)) {
      const tooLong = this.#isTooLong(walk.rowStart, this.#text.length);
      if (!last && !tooLong) return false;
      this.#refuse(walk, tooLong ? "tooLong" : "quoteNotClosed", walk.quoteAt);
    }
    return true;
  }

  #walkFrom(rowStart: number, known: number = rowStart): Walk {
    const { quote, newline } = this.#syntax;
    return {
      rowStart,
      quoteAt: this.#find(quote, known),
      lineEnd: this.#find(newline, known),
      manyLines: false,
      keepReturn: false,
    };
  }

  #find(mark: string, from: number): number {
    return mark === "" ? -1 : this.#text.indexOf(mark, from);
  }

  /** Steps over the quote ahead, or over the quoted cell that it opens. False: the text ends inside of that. */
  #passQuote(walk: Walk, last: boolean): boolean {
    const text = this.#text;
    const { quote, delimiter } = this.#syntax;
    const open = walk.quoteAt;
    if (open !== walk.rowStart && text[open - 1] !== delimiter) {
      walk.quoteAt = text.indexOf(quote, open + 1);
      return true;
    }
    return this.#passCell(walk, last);
  }

  #passCell(walk: Walk, last: boolean): boolean {
    const text = this.#text;
    const { quote, delimiter, newline } = this.#syntax;
    let close = text.indexOf(quote, walk.quoteAt + 1);
    while (close !== -1 && text[close + 1] === quote) close = text.indexOf(quote, close + 2);
    if (close === -1) return false;
    const after = this.#afterQuote(close + 1);
    if (after === text.length && !last) return false;
    if (after < text.length && text[after] !== delimiter && text[after] !== newline) {
      this.#refuse(walk, this.#isTooLong(walk.rowStart, after) ? "tooLong" : "textAfterQuote", walk.quoteAt);
      return true;
    }
    if (walk.lineEnd !== -1 && walk.lineEnd < close) {
      walk.manyLines = true;
      walk.lineEnd = text.indexOf(newline, close + 1);
    }
    walk.quoteAt = text.indexOf(quote, close + 1);
    walk.keepReturn = newline === "\n" && text.charCodeAt(close - 1) === RETURN && text[after] !== delimiter;
    return true;
  }

  /** Past the spaces, and the carriage return of a line end, that may follow a closing quote. */
  #afterQuote(from: number): number {
    const { delimiter, newline } = this.#syntax;
    let at = from;
    for (; at < this.#text.length; at++) {
      const unit = this.#text.charCodeAt(at);
      if (unit !== SPACE && unit !== TAB) break;
      if (this.#text[at] === delimiter) return at;
    }
    return newline === "\n" && this.#text.charCodeAt(at) === RETURN ? at + 1 : at;
  }

  /** The row is whole: it joins the piece, unless it is too long or holds what is no text. */
  #endRow(walk: Walk, end: number): void {
    const flaw = this.#nextFlaw();
    if (this.#isTooLong(walk.rowStart, end)) {
      this.#refuse(walk, "tooLong", end);
    } else if (flaw !== undefined && flaw < end) {
      this.#refuseWhole(walk, flaw, end);
    } else {
      this.#startRow(walk, end);
    }
  }

  #startRow(walk: Walk, at: number): void {
    if (walk.keepReturn !== this.#keepReturn) {
      this.#endPiece(walk.rowStart);
      this.#keepReturn = walk.keepReturn;
    }
    this.#manyLines ||= walk.manyLines;
    walk.manyLines = false;
    walk.keepReturn = false;
    walk.rowStart = at;
    walk.lineEnd = this.#find(this.#syntax.newline, at);
  }

  #refuseWhole(walk: Walk, flaw: number, end: number): void {
    this.#endPiece(walk.rowStart);
    const reason = this.#text[flaw] === "\0" ? "nul" : "badCharacter";
    const before = this.#text.slice(walk.rowStart, flaw);
    const ends = this.#text.slice(walk.rowStart, end).split(this.#syntax.newline).length - 1;
    this.#pieces.push({ kind: "bad", reason, before, lines: Math.max(1, ends) });
    // The next quote is behind this row: it needs no new search, which could go to the end for each bad row.
    walk.rowStart = end;
    walk.lineEnd = this.#find(this.#syntax.newline, end);
    walk.manyLines = false;
    walk.keepReturn = false;
    this.#pieceStart = end;
    this.#dropFlaws(end);
  }

  /** Gives the row up and goes on with the line after the one where it began. */
  #refuse(walk: Walk, reason: BadRowKind, at: number): void {
    this.#endPiece(walk.rowStart);
    // How much of an overlong row is there depends on the chunks; so many units there are in any case.
    const known = reason === "tooLong" ? walk.rowStart + Math.floor(this.#maxRowBytes / 3) : at;
    this.#pieces.push({ kind: "bad", reason, before: this.#text.slice(walk.rowStart, known), lines: 1 });
    const lineEnd = this.#text.indexOf(this.#syntax.newline, walk.rowStart);
    this.#discarding = lineEnd === -1;
    const next = lineEnd === -1 ? this.#text.length : lineEnd + 1;
    Object.assign(walk, this.#walkFrom(next));
    this.#pieceStart = next;
    this.#dropFlaws(next);
  }

  /** The row that isn't finished; whether it was refused. */
  #refuseIfTooLong(walk: Walk): boolean {
    if (!this.#isTooLong(walk.rowStart, this.#text.length)) return false;
    this.#refuse(walk, "tooLong", this.#text.length);
    return true;
  }

  #dropFlaws(before: number): void {
    while ((this.#nextFlaw() ?? before) < before) this.#flawIndex++;
  }

  #isTooLong(start: number, end: number): boolean {
    // One UTF-16 unit takes at most three bytes.
    if ((end - start) * 3 <= this.#maxRowBytes) return false;
    return Buffer.byteLength(this.#text.slice(start, end)) > this.#maxRowBytes;
  }

  #endPiece(end: number): void {
    if (end > this.#pieceStart) {
      const text = this.#text.slice(this.#pieceStart, end);
      const whole = text.endsWith(this.#syntax.newline) ? text : text + this.#syntax.newline;
      const keepReturn = this.#keepReturn;
      this.#pieces.push({ kind: "rows", text: whole, manyLines: this.#manyLines || keepReturn, keepReturn });
    }
    this.#manyLines = false;
    this.#pieceStart = end;
  }

  #keepFrom(end: number, known: number): void {
    this.#known = Math.max(0, known - end);
    this.#dropFlaws(end);
    this.#text = this.#text.slice(end);
    this.#offset += end;
    // Lists that are used up are given back; the others grow no longer than the longest row.
    if (this.#flawIndex === 0 || this.#flawIndex * 2 < this.#flaws.length) return;
    this.#flaws = this.#flaws.slice(this.#flawIndex);
    this.#flawIndex = 0;
  }
}
