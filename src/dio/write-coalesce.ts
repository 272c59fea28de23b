import type { Row } from "../record/index.ts";
import { mergeRow } from "./overlay.ts";
import type { RowOp } from "./write-effect.ts";

/** One op for two; `nothing`: they cancel out; `undefined`: they have to be sent one after the other. */
export type Merged = RowOp | "nothing" | undefined;

/**
 * Two adjacent unsent ops of one id as one, under the identity of the first. Only where the destination ends up
 * with the same: a delete takes a replace in only if the row is known to exist, since deleting what was never
 * there is an error.
 */
export function mergeOps(first: RowOp, second: RowOp, exists: boolean): Merged {
  switch (first.kind) {
    case "insert":
      return mergeIntoInsert(first, second);
    case "replace":
      if (second.kind === "replace") return { ...first, row: second.row };
      if (second.kind === "patch") return { ...first, row: mergeRow(first.row, second.partial) };
      return second.kind === "delete" && exists ? toDelete(first) : undefined;
    case "patch":
      if (second.kind === "patch")
        return { ...first, partial: mergeRow(first.partial as Row, second.partial) };
      if (second.kind === "replace") return { ...identity(first), kind: "replace", row: second.row };
      return second.kind === "delete" ? toDelete(first) : undefined;
    case "delete":
      return undefined;
  }
}

function mergeIntoInsert(first: RowOp & { readonly kind: "insert" | "replace" }, second: RowOp): Merged {
  switch (second.kind) {
    case "replace":
      return { ...first, row: second.row };
    case "patch":
      return { ...first, row: mergeRow(first.row, second.partial) };
    case "delete":
      return "nothing";
    case "insert":
      return undefined;
  }
}

function identity({ opId, enqueuedAt, attempt, id }: RowOp): {
  opId: string;
  enqueuedAt: number;
  attempt: number;
  id: string;
} {
  return { opId, enqueuedAt, attempt, id };
}

function toDelete(op: RowOp): RowOp {
  return { ...identity(op), kind: "delete" };
}
