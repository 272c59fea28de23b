import type { Query } from "../query/index.ts";
import type { Entry, Row } from "../record/index.ts";
import type { CallOptions } from "../vista/index.ts";

export interface WindowAnswer {
  readonly rows: readonly Entry[];
  readonly total: number | undefined;
}

/** Where a facade's answers come from: every query is honoured in full. */
export interface FacadeReads {
  rows(query: Query, call: CallOptions): Promise<readonly Entry[]>;
  window(query: Query, offset: number, limit: number, call: CallOptions): Promise<WindowAnswer>;
  count(query: Query, call: CallOptions): Promise<number>;
  get(id: string, call: CallOptions): Promise<Row | undefined>;
  /** The row that this reader sees now. */
  visible(id: string): Row | undefined;
  /** Whether it is certain, without asking the master, that there is no row of this id where none is visible. */
  decidesAbsence(id: string): boolean;
  explain(query: Query): string;
}
