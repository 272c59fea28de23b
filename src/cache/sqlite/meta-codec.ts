import { DioramaError } from "../../base/index.ts";
import { decodeRow, encodeRow, isPlainObject, type Row, type Value } from "../../record/index.ts";
import { blankMeta, type TableMeta } from "../cache-backend.ts";

/** The metadata as bytes. */
export function encodeMeta(meta: TableMeta): Uint8Array<ArrayBuffer> {
  const known: Record<string, Value> = {};
  for (const [name, value] of Object.entries(meta)) if (value !== undefined) known[name] = value;
  return encodeRow(known);
}

/** The metadata; throws where the bytes hold something else. */
export function decodeMeta(bytes: Uint8Array): TableMeta {
  const { complete, clean, notes, fingerprint, version, total, seededAt } = decodeRow(bytes);
  if (typeof complete !== "boolean" || typeof clean !== "boolean" || !isNotes(notes)) {
    throw new DioramaError("corrupt", "the metadata lacks a member");
  }
  return Object.freeze({
    ...blankMeta,
    complete,
    clean,
    notes,
    fingerprint: typeof fingerprint === "string" ? fingerprint : undefined,
    version: typeof version === "string" ? version : undefined,
    total: typeof total === "number" ? total : undefined,
    seededAt: typeof seededAt === "number" ? seededAt : undefined,
  });
}

function isNotes(value: Value | undefined): value is Row {
  return value !== undefined && isPlainObject(value);
}
