import { errorAt, type DioramaError } from "../base/index.ts";
import type { Entry } from "../record/index.ts";

/** Adds the entries to `rows` in their order; `rejected` for what is no entry and for an id that is there already. */
export function toRowMap<R extends object>(
  vistaName: string,
  entries: readonly Entry<R>[],
  rows: Map<string, R> = new Map(),
): Map<string, R> {
  if (!Array.isArray(entries))
    throw badAnswer(vistaName, `a list of entries was due, ${nameOf(entries)} came`);
  for (const entry of entries) {
    if (!Array.isArray(entry))
      throw badAnswer(vistaName, `an entry [id, row] was due, ${nameOf(entry)} came`);
    // Not `[id, row]`: it would walk through the entry as through any list.
    const id = entry[0];
    const row = entry[1];
    checkStoredRow(vistaName, id, row);
    const before = rows.size;
    rows.set(id, row);
    if (rows.size === before) throw badAnswer(vistaName, "the id came twice in one answer", id);
  }
  return rows;
}

/** Ends with `rejected` unless the source's id is a text and its row an object. */
export function checkStoredRow(vistaName: string, id: unknown, row: unknown): void {
  if (typeof id !== "string" || id === "") {
    throw badAnswer(vistaName, `an id is a non-empty text, ${nameOf(id)} came`);
  }
  if (typeof row !== "object" || row === null || Array.isArray(row)) {
    throw badAnswer(vistaName, `its row is ${nameOf(row)}, no object`, id);
  }
}

/** `rejected`: what the source answered can't be right, and asking again would not mend it. */
export function badAnswer(vistaName: string, what: string, id?: string): DioramaError {
  return errorAt("rejected", { vista: vistaName, id }, `the source answered wrongly: ${what}`);
}

function nameOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  if (value === "") return "an empty text";
  return `a ${typeof value}`;
}
