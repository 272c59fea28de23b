import type { Column, Row } from "vantage-diorama";
import { type ColumnProfile, middleOf, profileColumns } from "./column-profile.ts";
import type { Clause, Question } from "./question.ts";

/** Rows of a page, where there are enough for a hundred pages. */
const PAGE_ROWS = 20;
const PAGE_NUMBER = 100;
/** A search should find some rows of many. */
const WANTED_SHARE = 0.01;
const SHORTEST_WORD = 4;

export interface Choice {
  readonly questions: readonly Question[];
  /** Questions that this file gives no column for. */
  readonly left: readonly { readonly kind: string; readonly why: string }[];
}

/** Questions that make sense for these columns: the values come from the rows that were looked at. */
export function chooseQuestions(
  columns: readonly Column[],
  id: readonly string[],
  rows: readonly Row[],
  total: number,
): Choice {
  const profiles = profileColumns(columns, id, rows).filter(
    ({ type }) => type !== "json" && type !== "decimal",
  );
  const [first, second = first] = orderColumns(profiles);
  const clauses = chooseClauses(profiles, rows);
  const search = chooseSearch(profiles, rows);
  const questions: Question[] = [];
  const left: { kind: string; why: string }[] = [];
  if (clauses.length > 0) questions.push({ kind: "filter", clauses });
  else left.push({ kind: "filter", why: "no column has values to compare" });
  if (first === undefined || second === undefined) {
    left.push({ kind: "order and page", why: "no column has values to sort by" });
  } else {
    const size = Math.min(PAGE_ROWS, Math.max(1, Math.floor(total / PAGE_NUMBER)));
    questions.push({ kind: "order", column: first, size: PAGE_ROWS });
    questions.push({
      kind: "page",
      column: second,
      number: Math.min(PAGE_NUMBER, Math.ceil(total / size)),
      size,
    });
  }
  if (search !== undefined) questions.push(search);
  else left.push({ kind: "search", why: "no text column has words" });
  return { questions, left };
}

/** The columns to order by, the best first: text with many values, then what else has many. */
function orderColumns(profiles: readonly ColumnProfile[]): string[] {
  return profiles
    .filter(({ distinct }) => distinct > 0)
    .toSorted(
      (a, b) =>
        Number(a.isId) - Number(b.isId) ||
        Number(b.type === "text") - Number(a.type === "text") ||
        b.distinct - a.distinct,
    )
    .map(({ name }) => name);
}

/** One value of a column with few, and half of what another column has there. */
function chooseClauses(profiles: readonly ColumnProfile[], rows: readonly Row[]): Clause[] {
  const [match] = profiles
    .filter(
      ({ type, isId, distinct }) => !isId && type !== "date" && distinct > 1 && distinct <= rows.length / 4,
    )
    .toSorted((a, b) => Number(b.type === "text") - Number(a.type === "text") || a.distinct - b.distinct);
  const equal: Clause[] =
    match === undefined ? [] : [{ column: match.name, operator: "=", value: match.mostFrequent }];
  const matching = match === undefined ? rows : rows.filter((row) => row[match.name] === match.mostFrequent);
  const [range] = profiles
    .filter(({ name, type, distinct }) => name !== match?.name && type !== "boolean" && distinct > 1)
    .toSorted(
      (a, b) =>
        Number(a.isId) - Number(b.isId) ||
        Number(a.type === "text") - Number(b.type === "text") ||
        b.distinct - a.distinct,
    );
  if (range === undefined || (equal.length > 0 && (range.isId || range.type === "text"))) return equal;
  const value = middleOf(matching, range.name);
  return value === null ? equal : [...equal, { column: range.name, operator: "<", value }];
}

/** A word that about one row in a hundred holds. */
function chooseSearch(profiles: readonly ColumnProfile[], rows: readonly Row[]): Question | undefined {
  const texts = profiles.filter(({ type }) => type === "text").map(({ name }) => name);
  const seen = new Map<string, number>();
  for (const row of rows) {
    for (const word of new Set(texts.flatMap((column) => wordsOf(row[column])))) {
      seen.set(word, (seen.get(word) ?? 0) + 1);
    }
  }
  const wanted = rows.length * WANTED_SHARE;
  let best: string | undefined;
  let bestDistance = Infinity;
  for (const [word, times] of seen) {
    const distance = Math.abs(Math.log(times / wanted)) + (word.length < SHORTEST_WORD ? 100 : 0);
    if (distance < bestDistance) [best, bestDistance] = [word, distance];
  }
  return best === undefined ? undefined : { kind: "search", text: best, columns: texts };
}

/** Without a Greek sigma: of that letter, plain lower-casing makes two forms, and Diorama's search one. */
function wordsOf(cell: unknown): string[] {
  if (typeof cell !== "string") return [];
  return (cell.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []).filter((word) => !/[σς]/.test(word));
}
