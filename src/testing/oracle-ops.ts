import type { WriteRequest } from "../dio/index.ts";
import { setOwn, type Row, type Value } from "../record/index.ts";

/** What is written, in the order of the calls. */
export type PendingOp = WriteRequest & {
  readonly sequence: number;
  /** Since it was queued or retried by hand. */
  tries: number;
  /** It was tried at least once. */
  wasSent: boolean;
  /** An attempt may have arrived: one that failed, or of an earlier session. */
  isUnknown: boolean;
  /** It did arrive, in an earlier session that never knew: sent again, it has no second effect. */
  readonly isThere: boolean;
  /** What was declared out of date since it was first sent; `true`: everything. */
  readonly outdated: Set<string | true>;
};

/** What a call of the destination meets: nothing, an outage, a refusal. */
export type Fate = "down" | "refused";

/** The rows that it names; of a `deleteAll` of everything, none. */
export function idsOf(op: WriteRequest): readonly string[] {
  return op.kind === "deleteAll" ? (op.ids ?? []) : [op.id];
}

/** The row with the write on top. */
export function applied(op: WriteRequest, id: string, row: Row | undefined): Row | undefined {
  if (op.kind === "deleteAll") return op.ids === undefined || op.ids.includes(id) ? undefined : row;
  if (op.id !== id) return row;
  if (op.kind === "delete") return undefined;
  if (op.kind === "patch") return row === undefined ? undefined : patched(row, op.partial);
  return op.row;
}

function patched(row: Row, partial: Partial<Row>): Row {
  const next: Record<string, Value> = { ...row };
  for (const [column, value] of Object.entries(partial)) {
    if (value !== undefined) setOwn(next, column, value);
  }
  return next;
}
