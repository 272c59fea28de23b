import type { Row, Value } from "vantage-diorama";
import type { Answer, Clause, Entries, Question } from "./question.ts";

/**
 * What a program does without Diorama: goes through all rows. `exactText`: some text holds characters beyond
 * 16 bits, which plain comparison puts in another order than by code point.
 */
export function answerByHand(entries: Entries, question: Question, exactText: boolean): Answer {
  switch (question.kind) {
    case "filter":
      return toAnswer(entries.filter(([, row]) => question.clauses.every((clause) => holds(row, clause))));
    case "search": {
      const wanted = question.text.toLowerCase();
      return toAnswer(
        entries.filter(([, row]) =>
          question.columns.some((column) => {
            const cell = row[column];
            return typeof cell === "string" && cell.toLowerCase().includes(wanted);
          }),
        ),
      );
    }
    case "order":
    case "page": {
      const start = question.kind === "page" ? (question.number - 1) * question.size : 0;
      const sorted = sortBy(entries, question.column, exactText);
      return { ids: sorted.slice(start, start + question.size).map(([id]) => id), matches: entries.length };
    }
  }
}

function toAnswer(entries: Entries): Answer {
  return { ids: entries.map(([id]) => id), matches: entries.length };
}

function holds(row: Row, { column, operator, value }: Clause): boolean {
  const cell = row[column];
  if (cell === null || cell === undefined || value === null) return false;
  switch (operator) {
    case "=":
      return cell === value;
    case "<":
      return cell < value;
    case ">=":
      return cell >= value;
  }
}

/** By the column, null last; rows that are equal in it by id. */
function sortBy(entries: Entries, column: string, exactText: boolean): Entries {
  const compareText = exactText ? compareCodePoints : compareUnits;
  const compare = (a: Value | undefined, b: Value | undefined): number => {
    if (a === null || a === undefined) return b === null || b === undefined ? 0 : 1;
    if (b === null || b === undefined) return -1;
    if (typeof a === "string" && typeof b === "string") return compareText(a, b);
    return a < b ? -1 : a > b ? 1 : 0;
  };
  return entries.toSorted((a, b) => compare(a[1][column], b[1][column]) || compareText(a[0], b[0]));
}

function compareUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The order of UTF-8 bytes is that of code points. */
function compareCodePoints(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
