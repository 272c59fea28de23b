import type { MockRow } from "./mock-data.ts";

/** A page of a collection, as JSON Server cuts it. */
export interface MockPage {
  readonly rows: readonly MockRow[];
  readonly total: number;
}

const USUAL_PAGE_ROWS = 10;
const CONTROL = new Set(["q", "_sort", "_order", "_page", "_limit", "_start", "_end"]);
const OPERATOR = /^(?<column>.+)_(?<operator>gte|lte|ne)$/;

/** The rows of one resource, asked in the way of JSON Server: `title=…`, `id_gte=…`, `q`, `_sort`, `_page`, `_limit`. */
export class MockCollection {
  /** By their ids' text, as a path names them. */
  readonly #rows: Map<string, MockRow>;
  #lastId = 0;

  constructor(rows: readonly MockRow[]) {
    this.#rows = new Map();
    for (const row of rows) this.#put(row.id, row);
  }

  get(id: string): MockRow | undefined {
    return this.#rows.get(id);
  }

  list(asked: URLSearchParams): MockPage {
    const rows = this.#ordered(this.#matching(asked), asked);
    const { start, end } = slice(asked);
    return { rows: rows.slice(start, end), total: rows.length };
  }

  /** Under its own id, a number or a text, else under the next number; `undefined`: it is taken. */
  add(given: Readonly<Record<string, unknown>>): MockRow | undefined {
    const asked = given["id"];
    const id = isId(asked) ? asked : this.#lastId + 1;
    return this.#rows.has(String(id)) ? undefined : this.#put(id, given);
  }

  /** Whole, or merged; `undefined`: there is no such row. */
  change(id: string, given: Readonly<Record<string, unknown>>, isMerged: boolean): MockRow | undefined {
    const row = this.get(id);
    return row === undefined ? undefined : this.#put(row.id, isMerged ? { ...row, ...given } : given);
  }

  delete(id: string): boolean {
    return this.#rows.delete(id);
  }

  #put(id: MockRow["id"], given: Readonly<Record<string, unknown>>): MockRow {
    const row = { ...given, id };
    this.#rows.set(String(id), row);
    // Texts that look like numbers count, so that the next id is free.
    if (Number.isSafeInteger(Number(id))) this.#lastId = Math.max(this.#lastId, Number(id));
    return row;
  }

  #matching(asked: URLSearchParams): MockRow[] {
    const words = asked.get("q")?.toLowerCase() ?? "";
    const tests = [...new Set(asked.keys())].filter((name) => !CONTROL.has(name));
    return [...this.#rows.values()].filter(
      (row) =>
        (words === "" || Object.values(row).some((value) => textOf(value).toLowerCase().includes(words))) &&
        tests.every((name) => fits(row, name, asked.getAll(name))),
    );
  }

  #ordered(rows: readonly MockRow[], asked: URLSearchParams): readonly MockRow[] {
    const columns = list(asked.get("_sort"));
    const directions = list(asked.get("_order"));
    if (columns.length === 0) return rows;
    return rows.toSorted((a, b) => {
      for (const [at, column] of columns.entries()) {
        const found = compare(a[column], b[column]) * (directions[at] === "desc" ? -1 : 1);
        if (found !== 0) return found;
      }
      return 0;
    });
  }
}

const isId = (asked: unknown): asked is MockRow["id"] =>
  typeof asked === "string" ? asked !== "" : Number.isSafeInteger(asked);

function fits(row: MockRow, name: string, values: readonly string[]): boolean {
  const { column = name, operator } = OPERATOR.exec(name)?.groups ?? {};
  const found = Object.hasOwn(row, column) ? row[column] : undefined;
  switch (operator) {
    case "gte":
      return values.every((value) => compare(found, asLike(found, value)) >= 0);
    case "lte":
      return values.every((value) => compare(found, asLike(found, value)) <= 0);
    case "ne":
      return !values.includes(textOf(found));
    default:
      return values.includes(textOf(found));
  }
}

function slice(asked: URLSearchParams): { readonly start: number; readonly end: number } {
  const number = (name: string): number | undefined => {
    const text = asked.get(name);
    return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
  };
  const limit = number("_limit");
  const page = number("_page");
  const size = limit ?? USUAL_PAGE_ROWS;
  if (page !== undefined) return { start: Math.max(0, page - 1) * size, end: Math.max(1, page) * size };
  const start = number("_start") ?? 0;
  return { start, end: number("_end") ?? (limit === undefined ? Infinity : start + limit) };
}

const list = (text: string | null): readonly string[] =>
  text === null || text === "" ? [] : text.split(",");

const textOf = (value: unknown): string =>
  typeof value === "string" ? value : JSON.stringify(value ?? null);

const asLike = (found: unknown, text: string): unknown => (typeof found === "number" ? Number(text) : text);

/** Numbers by size, texts by their units; what is neither, or of another kind, comes last. */
function compare(a: unknown, b: unknown): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  if (typeof a === "string" && typeof b === "string") return a < b ? -1 : a > b ? 1 : 0;
  return rank(a) - rank(b);
}

const rank = (value: unknown): number =>
  value === false
    ? 0
    : value === true
      ? 1
      : typeof value === "number"
        ? 2
        : typeof value === "string"
          ? 3
          : 4;
