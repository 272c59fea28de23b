import { encodeRow, isPlainObject, type Row, type Value } from "../../record/index.ts";
import { decodeOrNothing } from "./decode-or-nothing.ts";
import { blankMeta, type TableMeta } from "../cache-backend.ts";

/** The metadata as bytes. */
export function encodeMeta(meta: TableMeta): Uint8Array<ArrayBuffer> {
  const known: Record<string, Value> = {};
  for (const [name, value] of Object.entries(meta)) if (value !== undefined) known[name] = value;
  return encodeRow(known);
}

/** The metadata; undefined where the bytes hold something else. */
export function decodeMeta(bytes: Uint8Array): TableMeta | undefined {
  const row = decodeOrNothing(bytes);
  if (row === undefined) return undefined;
  const { complete, clean, notes, fingerprint, version, total, seededAt } = row;
  if (typeof complete !== "boolean" || typeof clean !== "boolean" || !isNotes(notes)) return undefined;
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
