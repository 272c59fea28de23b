import type { Row, Value } from "vantage-diorama";
import { name, show } from "./format.ts";

/** One condition of a filter; values are of one type, so that plain comparisons do. */
export interface Clause {
  readonly column: string;
  readonly operator: "=" | "<" | ">=";
  readonly value: Value;
}

/** What is asked of both sides. A filter and a search want every match, an order and a page one page. */
export type Question =
  | { readonly kind: "filter"; readonly clauses: readonly Clause[] }
  | { readonly kind: "search"; readonly text: string; readonly columns: readonly string[] }
  | { readonly kind: "order"; readonly column: string; readonly size: number }
  | { readonly kind: "page"; readonly column: string; readonly number: number; readonly size: number };

/** Ids of the rows asked for, and how many match in all. */
export interface Answer {
  readonly ids: readonly string[];
  readonly matches: number;
}

export type Entries = readonly (readonly [id: string, row: Row])[];

export function describeQuestion(question: Question): string {
  switch (question.kind) {
    case "filter":
      return `filter ${question.clauses.map(({ column, operator, value }) => `${name(column)} ${operator} ${show(value)}`).join(" and ")}`;
    case "search":
      return `search ${show(question.text)}`;
    case "order":
      return `order by ${name(question.column)}, first ${question.size}`;
    case "page":
      return `page ${question.number} by ${name(question.column)}, ${question.size} a page`;
  }
}
