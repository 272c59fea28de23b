import { errorAt } from "../base/index.ts";
import type { Row } from "../record/index.ts";
import { badAnswer } from "./check-answer.ts";
import { toRows } from "./read-source.ts";
import type { Page, Source, TokenPage } from "./source.ts";

/** Part of an answer: rows by id in the answer's order. */
export interface RowPage<R extends object = Row> {
  readonly rows: Map<string, R>;
  /** How many rows the whole query has, where the source says. */
  readonly total?: number;
}

/** A step of a walk. */
export interface RowTokenPage<R extends object = Row> {
  readonly rows: Map<string, R>;
  /** Opaque; absent at the end. */
  readonly token?: string;
}

/** Ends with `invalid` unless `value` is a whole number from `least` on. */
export function checkWhole(source: Source<object>, what: string, value: number, least: number): void {
  if (Number.isSafeInteger(value) && value >= least) return;
  const given = typeof value === "number" ? String(value) : `a ${typeof value}`;
  throw errorAt(
    "invalid",
    { vista: source.name },
    `${what} is a whole number from ${least} on, not ${given}`,
  );
}

/** The page with its rows checked; `rejected` for more of them than were asked for and for a total that is none. */
export async function toRowPage<R extends object>(
  source: Source<R>,
  page: Page<R>,
  limit: number,
): Promise<RowPage<R>> {
  const rows = await toRows(source, page.rows);
  checkSize(source, rows, limit);
  if (page.total === undefined) return { rows };
  return { rows, total: checkCount(source, page.total, "total") };
}

/** As `toRowPage`, for a step of a walk. */
export async function toRowTokenPage<R extends object>(
  source: Source<R>,
  page: TokenPage<R>,
  limit: number,
): Promise<RowTokenPage<R>> {
  const rows = await toRows(source, page.rows);
  checkSize(source, rows, limit);
  if (page.token === undefined) return { rows };
  if (typeof page.token !== "string") throw badAnswer(source.name, "its token is no text");
  return { rows, token: page.token };
}

/** The number, where it can be one of rows; else `rejected`. */
export function checkCount(source: Source<object>, count: number, what: string): number {
  if (Number.isSafeInteger(count) && count >= 0) return count;
  throw badAnswer(
    source.name,
    `its ${what} is ${typeof count === "number" ? String(count) : `a ${typeof count}`}`,
  );
}

function checkSize(source: Source<object>, rows: ReadonlyMap<string, object>, limit: number): void {
  if (rows.size > limit) throw badAnswer(source.name, `${limit} rows were asked for, ${rows.size} came`);
}
