import type { Query } from "../query/index.ts";
import type { Entry, Row } from "../record/index.ts";
import type { TokenPlace } from "./facade-token.ts";
import type { CallOptions } from "../vista/index.ts";

export interface WindowAnswer {
  readonly rows: readonly Entry[];
  readonly total: number | undefined;
}

/** One step of a walk. */
export interface StepAnswer {
  readonly rows: readonly Entry[];
  /** The position behind it. */
  readonly end: number;
  readonly isLast: boolean;
}

/** Where a facade's answers come from: every query is honoured in full. */
export interface FacadeReads {
  rows(query: Query, call: CallOptions): Promise<readonly Entry[]>;
  /** The same, now; undefined where something has to be waited for first. */
  rowsAtOnce(query: Query): readonly Entry[] | undefined;
  window(query: Query, offset: number, limit: number, call: CallOptions): Promise<WindowAnswer>;
  /** The rows behind a place of an earlier step, or the first ones. */
  step(query: Query, after: TokenPlace | undefined, size: number, call: CallOptions): Promise<StepAnswer>;
  count(query: Query, call: CallOptions): Promise<number>;
  get(id: string, call: CallOptions): Promise<Row | undefined>;
  /** The row that this reader sees now. */
  visible(id: string): Row | undefined;
  /** Whether it is certain, without asking the master, that there is no row of this id where none is visible. */
  decidesAbsence(id: string): boolean;
  explain(query: Query): string;
}

/** The step within all of the rows. */
export function stepWithin(rows: readonly Entry[], after: TokenPlace | undefined, size: number): StepAnswer {
  const at = after === undefined ? -1 : rows.findIndex(([id]) => id === after.afterId);
  const start = at === -1 ? Math.min(after?.offset ?? 0, rows.length) : at + 1;
  const found = rows.slice(start, start + size);
  const end = start + found.length;
  return { rows: found, end, isLast: end >= rows.length };
}
