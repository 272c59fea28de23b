import { type DioramaError, toDioramaError } from "../base/index.ts";
import { checkId, equalValues, idOf, type Row, toRow, type Value, withIdColumn } from "../record/index.ts";
import type { WriteOp } from "../vista/index.ts";
import type { WriteResult } from "./write-contract.ts";

/** An op on one id. */
export type RowOp = Exclude<WriteOp, { readonly kind: "deleteAll" }>;

/** What the destination said of an accepted op, checked. */
export interface Answer {
  /** The op's own, or the one that the destination chose. */
  readonly id: string;
  /** As it is stored; `undefined`: not said. */
  readonly row: Row | undefined;
  /** Why what it said can't be used: then it counts as not said, for the write has happened. */
  readonly problem?: DioramaError;
}

/** Reads the destination's answer to an op on one id. A delete has no row whatever is answered. */
export function readAnswer(
  op: RowOp,
  result: WriteResult,
  schema: { readonly idColumn: string | undefined; readonly name: string },
): Answer {
  if (op.kind === "delete" || typeof result !== "object" || result === null)
    return { id: op.id, row: undefined };
  const place = { vista: schema.name, id: op.id };
  try {
    const row = result.row === undefined ? undefined : toRow(result.row, place);
    const own = row === undefined || schema.idColumn === undefined ? undefined : row[schema.idColumn];
    const told = own === undefined || own === null ? op.id : idOf(own, place);
    const id = result.id === undefined ? told : checkId(result.id, place);
    return { id, row: row === undefined ? undefined : withIdColumn(id, row, schema.idColumn, place) };
  } catch (error) {
    return {
      id: op.id,
      row: undefined,
      problem: toDioramaError(error, "invalid", `${schema.name}: the answer to a write`),
    };
  }
}

/** Whether the row holds everything that the op wrote; columns of the destination's own don't count. */
export function carriesOp(op: RowOp, row: Row | undefined): boolean {
  switch (op.kind) {
    case "insert":
    case "replace":
      return row !== undefined && holds(row, op.row);
    case "patch":
      return row !== undefined && holds(row, op.partial);
    case "delete":
      return row === undefined;
  }
}

function holds(row: Row, part: Partial<Row>): boolean {
  for (const [column, value] of Object.entries(part)) {
    if (value === undefined) continue;
    if (!Object.hasOwn(row, column) || !equalValues(row[column] ?? null, value)) return false;
  }
  return true;
}

/** A change of id: `cell` is what the id column of the new row holds. */
export interface Rekeying {
  readonly from: string;
  readonly to: string;
  readonly idColumn: string | undefined;
  readonly cell: Value;
}

/** The op under the row's new id. */
export function rekeyOp(op: WriteOp, rekeying: Rekeying): WriteOp {
  const { from, to, idColumn, cell } = rekeying;
  switch (op.kind) {
    case "deleteAll":
      return op.ids === undefined ? op : { ...op, ids: op.ids.map((id) => (id === from ? to : id)) };
    case "delete":
      return { ...op, id: to };
    case "patch":
      return { ...op, id: to, partial: withCell(op.partial, idColumn, cell) };
    case "insert":
    case "replace":
      return { ...op, id: to, row: withCell(op.row, idColumn, cell) };
  }
}

/** The part with another id in its id column, where it has one; spreading keeps the order of the keys. */
function withCell<T extends Partial<Row>>(part: T, idColumn: string | undefined, cell: Value): T {
  return idColumn === undefined || !Object.hasOwn(part, idColumn) ? part : { ...part, [idColumn]: cell };
}
