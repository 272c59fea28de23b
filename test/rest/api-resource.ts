import { createHash } from "node:crypto";

export type JsonObject = Readonly<Record<string, unknown>>;

/** How an API cuts its lists into pages. The parameters' names are the API's. */
export type ApiPaging =
  | { readonly kind: "none" }
  /** `first`: the number of the first page, 1 where absent. */
  | { readonly kind: "page"; readonly page: string; readonly size: string; readonly first?: number }
  | { readonly kind: "offset"; readonly offset: string; readonly limit: string; readonly end?: string }
  /** The token of the next page stands in a field of the answer. */
  | { readonly kind: "cursor"; readonly cursor: string; readonly limit: string; readonly next: string }
  /** The next page's address stands in the Link header. */
  | { readonly kind: "link"; readonly page: string; readonly size: string };

/** What an API can do and how it says it. */
export interface ApiStyle {
  readonly paging?: ApiPaging;
  /** The path of the field that holds the rows, dotted; absent: the answer is the bare array. */
  readonly rows?: string;
  readonly total?: { readonly header: string } | { readonly field: string };
  /** Rows of a page where nothing is asked for, and the most that are given. */
  readonly defaultSize?: number;
  readonly maxSize?: number;
  /** `equal`: `price=5`; `suffix`: `price_gte=5` too; `bracket`: `price[gte]=5` too. Absent: no filter. */
  readonly filter?: "equal" | "suffix" | "bracket";
  /** `signed`: `sort=-price,name`; `pair`: `sort=price,name&order=desc,asc`. */
  readonly order?:
    | { readonly kind: "signed"; readonly sort: string }
    | { readonly kind: "pair"; readonly sort: string; readonly direction: string };
  /** The parameter of the search over all texts. */
  readonly search?: string;
  /** The column of ids; default `id`. */
  readonly id?: string;
  /** Whether writes answer with the row; default true. */
  readonly returnsRow?: boolean;
  /** Default both. */
  readonly validators?: readonly ("etag" | "lastModified")[];
}

export interface Listing {
  readonly body: unknown;
  readonly headers: Readonly<Record<string, string>>;
}

const OPERATORS: Readonly<Record<string, (found: unknown, asked: string) => boolean>> = {
  gte: (found, asked) => compareTo(found, asked, (sign) => sign >= 0),
  gt: (found, asked) => compareTo(found, asked, (sign) => sign > 0),
  lte: (found, asked) => compareTo(found, asked, (sign) => sign <= 0),
  lt: (found, asked) => compareTo(found, asked, (sign) => sign < 0),
  ne: (found, asked) => textOf(found) !== asked,
  contains: (found, asked) => typeof found === "string" && found.includes(asked),
  startsWith: (found, asked) => typeof found === "string" && found.startsWith(asked),
  in: (found, asked) => asked.split(",").includes(textOf(found)),
};

/** One collection of the API: its rows in the order in which they came. */
export class ApiResource {
  readonly rows: Map<string, JsonObject>;
  readonly #style: ApiStyle;
  #modifiedMs: number;
  #lastNumber = 0;

  constructor(rows: readonly JsonObject[], style: ApiStyle) {
    this.#style = style;
    this.rows = new Map(rows.map((row) => [this.idOf(row), row]));
    for (const id of this.rows.keys()) this.#noteNumber(id);
    // Long before any answer, so that the time of change tells one state from the next.
    this.#modifiedMs = Date.now() - 60_000;
  }

  get modifiedMs(): number {
    return this.#modifiedMs;
  }

  idOf(row: JsonObject): string {
    return String(row[this.#style.id ?? "id"]);
  }

  /** The row under an id of its own: the next number, as the rows' ids are. */
  withId(row: JsonObject): JsonObject {
    const column = this.#style.id ?? "id";
    return row[column] === undefined ? { ...row, [column]: this.#lastNumber + 1 } : row;
  }

  put(row: JsonObject): void {
    const id = this.idOf(row);
    this.rows.set(id, row);
    this.#noteNumber(id);
    this.#touch();
  }

  delete(id: string): boolean {
    this.#touch();
    return this.rows.delete(id);
  }

  /** A page of the rows that the query asks for. */
  list(url: URL): Listing {
    const { paging = { kind: "none" } } = this.#style;
    const rows = this.#ordered(this.#matching(url), url);
    const { from, size, extra } = this.#slice(paging, url);
    const to = Math.min(rows.length, from + size);
    const headers: Record<string, string> = {};
    const body: Record<string, unknown> = {};
    if (extra === "next" && paging.kind === "cursor" && to < rows.length) {
      put(body, paging.next, Buffer.from(String(to)).toString("base64url"));
    }
    if (paging.kind === "link") headers["Link"] = linksOf(url, paging, { from, size, total: rows.length });
    return this.#present(rows.slice(from, to), rows.length, { body, headers });
  }

  #present(
    page: readonly JsonObject[],
    total: number,
    { body, headers }: { readonly body: Record<string, unknown>; readonly headers: Record<string, string> },
  ): Listing {
    const { rows: field, total: said } = this.#style;
    if (said !== undefined && "header" in said) headers[said.header] = String(total);
    if (field === undefined) return { body: page, headers };
    put(body, field, page);
    if (said !== undefined && "field" in said) put(body, said.field, total);
    return { body, headers };
  }

  #slice(paging: ApiPaging, url: URL): { from: number; size: number; extra?: "next" } {
    const { defaultSize = 10, maxSize = 1_000 } = this.#style;
    const number = (name: string, other: number): number => {
      const text = url.searchParams.get(name);
      return text === null || !/^\d+$/.test(text) ? other : Number(text);
    };
    const sizeOf = (name: string): number => Math.min(maxSize, number(name, defaultSize));
    switch (paging.kind) {
      case "none":
        return { from: 0, size: Infinity };
      case "page": {
        const first = paging.first ?? 1;
        const size = sizeOf(paging.size);
        return { from: Math.max(0, number(paging.page, first) - first) * size, size };
      }
      case "link": {
        const size = sizeOf(paging.size);
        return { from: Math.max(0, number(paging.page, 1) - 1) * size, size };
      }
      case "offset": {
        const from = number(paging.offset, 0);
        const end = paging.end === undefined ? Infinity : number(paging.end, Infinity);
        return { from, size: Math.max(0, Math.min(sizeOf(paging.limit), end - from)) };
      }
      case "cursor": {
        const token = url.searchParams.get(paging.cursor) ?? "";
        const from = Number(Buffer.from(token, "base64url").toString());
        return { from, size: sizeOf(paging.limit), extra: "next" };
      }
    }
  }

  #matching(url: URL): JsonObject[] {
    const { filter, search } = this.#style;
    let rows = [...this.rows.values()];
    const words = search === undefined ? null : url.searchParams.get(search);
    if (words !== null) rows = rows.filter((row) => holds(row, words.toLowerCase()));
    if (filter === undefined) return rows;
    const columns = new Set(rows.flatMap((row) => Object.keys(row)));
    for (const name of new Set(url.searchParams.keys())) {
      const asked = url.searchParams.getAll(name);
      const [column, operator] = splitName(name, filter);
      if (!columns.has(column)) continue;
      const test = operator === undefined ? undefined : OPERATORS[operator];
      rows = rows.filter((row) =>
        test === undefined
          ? asked.includes(textOf(row[column]))
          : asked.every((value) => test(row[column], value)),
      );
    }
    return rows;
  }

  #ordered(rows: readonly JsonObject[], url: URL): readonly JsonObject[] {
    const { order } = this.#style;
    if (order === undefined) return rows;
    const names = url.searchParams.get(order.sort)?.split(",") ?? [];
    const directions = order.kind === "pair" ? url.searchParams.get(order.direction)?.split(",") : undefined;
    const terms = names.map((name, at) => ({
      column: order.kind === "signed" ? name.replace(/^-/, "") : name,
      sign: (order.kind === "signed" ? name.startsWith("-") : directions?.[at] === "desc") ? -1 : 1,
    }));
    return rows.toSorted((a, b) => {
      for (const { column, sign } of terms) {
        const found = compare(a[column], b[column], sign);
        if (found !== 0) return found;
      }
      return 0;
    });
  }

  #touch(): void {
    this.#modifiedMs = Math.max(Date.now(), this.#modifiedMs + 1_000);
  }

  #noteNumber(id: string): void {
    if (/^\d+$/.test(id)) this.#lastNumber = Math.max(this.#lastNumber, Number(id));
  }
}

/** A strong ETag of these bytes. */
export const etagOf = (bytes: string): string =>
  `"${createHash("sha256").update(bytes).digest("base64url").slice(0, 20)}"`;

function put(target: Record<string, unknown>, path: string, value: unknown): void {
  const [name = "", ...rest] = path.split(".");
  if (rest.length === 0) target[name] = value;
  else {
    const inner: Record<string, unknown> = { ...Object(target[name]) };
    put(inner, rest.join("."), value);
    target[name] = inner;
  }
}

function linksOf(
  url: URL,
  paging: Extract<ApiPaging, { kind: "link" }>,
  { from, size, total }: { readonly from: number; readonly size: number; readonly total: number },
): string {
  const page = Math.floor(from / size) + 1;
  const last = Math.max(1, Math.ceil(total / size));
  const to = (number: number, relation: string): string => {
    const target = new URL(url);
    target.searchParams.set(paging.page, String(number));
    target.searchParams.set(paging.size, String(size));
    return `<${target.href}>; rel="${relation}"`;
  };
  const links = [to(1, "first"), to(last, "last")];
  if (page < last) links.unshift(to(page + 1, "next"));
  if (page > 1) links.unshift(to(page - 1, "prev"));
  return links.join(", ");
}

function splitName(name: string, filter: NonNullable<ApiStyle["filter"]>): [string, string | undefined] {
  const found =
    filter === "suffix"
      ? /^(?<column>.+)_(?<operator>[a-zA-Z]+)$/.exec(name)
      : filter === "bracket"
        ? /^(?<column>.+)\[(?<operator>[a-zA-Z]+)\]$/.exec(name)
        : null;
  const { column = name, operator } = found?.groups ?? {};
  return operator !== undefined && operator in OPERATORS ? [column, operator] : [name, undefined];
}

const textOf = (value: unknown): string =>
  typeof value === "string" ? value : JSON.stringify(value ?? null);

const holds = (row: JsonObject, words: string): boolean =>
  Object.values(row).some((value) => typeof value === "string" && value.toLowerCase().includes(words));

const isWhole = (text: string): boolean => /^-?\d+$/.test(text);

function compareTo(found: unknown, asked: string, fits: (sign: number) => boolean): boolean {
  if (typeof found === "number") return fits(found - Number(asked));
  // Integers beyond 2^53 are held as texts, and are numbers all the same.
  if (typeof found === "string" && isWhole(found) && isWhole(asked)) {
    return fits(BigInt(found) < BigInt(asked) ? -1 : Number(BigInt(found) > BigInt(asked)));
  }
  return typeof found === "string" && fits(found < asked ? -1 : found > asked ? 1 : 0);
}

/** Numbers before texts, each by its size or code points; what is neither comes last, whichever way. */
function compare(a: unknown, b: unknown, sign: number): number {
  const rank = (value: unknown): number =>
    typeof value === "boolean" ? 0 : typeof value === "number" ? 1 : typeof value === "string" ? 2 : 3;
  if (rank(a) !== rank(b))
    return rank(a) === 3 || rank(b) === 3 ? rank(a) - rank(b) : sign * (rank(a) - rank(b));
  if (typeof a === "string" && typeof b === "string")
    return sign * Buffer.compare(Buffer.from(a), Buffer.from(b));
  return rank(a) === 3 ? 0 : sign * (Number(a) - Number(b));
}
