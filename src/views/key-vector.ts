import { compareStrings, type Row, type Value } from "../record/index.ts";
import { type KeyTerm, packedFormOf } from "./key-term.ts";
import type { KeyForm, KeyList } from "./order-block.ts";

/** The keys of one term for rows in any order, or the ids: what sorting works on. */
export interface KeyVector {
  readonly form: KeyForm;
  readonly keys: KeyList;
  /** -1 where larger cells come first, and what a missing one is when packed. */
  readonly sign: 1 | -1;
  readonly missing: number;
  /** Compares the keys at two places. */
  readonly compare: (a: number, b: number) => number;
}

/** The keys of rows, in the narrowest form that holds them all. */
export function extractKeys(term: KeyTerm, rows: readonly Row[]): KeyVector {
  const packed = new Float64Array(rows.length);
  let form: KeyForm = "empty";
  for (let at = 0; at < rows.length; at++) {
    const cell = term.cell(rows[at] ?? {});
    if (form === "empty") form = packedFormOf(cell) ?? "text";
    const key = form === "text" ? NaN : term.pack(cell, form);
    if (key !== key) return extractCells(term, rows);
    packed[at] = key;
  }
  return packedVector(term, form, packed);
}

function extractCells(term: KeyTerm, rows: readonly Row[]): KeyVector {
  let form: KeyForm = "text";
  const cells = rows.map((row) => {
    const cell = term.cell(row);
    if (typeof cell !== "string" && cell !== null) form = "value";
    return cell;
  });
  return cellVector(term, form, cells);
}

/** Of keys in a packed form. */
export function packedVector(term: KeyTerm, form: KeyForm, keys: Float64Array): KeyVector {
  const compare = (a: number, b: number): number => {
    const keyA = keys[a] ?? 0;
    const keyB = keys[b] ?? 0;
    return keyA < keyB ? -1 : Number(keyA > keyB);
  };
  return { form, keys, sign: term.sign, missing: term.missing, compare };
}

/** Of cells. */
export function cellVector(term: KeyTerm, form: KeyForm, cells: readonly Value[]): KeyVector {
  const compareCells = term.comparison(form);
  const compare = (a: number, b: number): number => compareCells(cells[a] ?? null, cells[b] ?? null);
  return { form, keys: cells, sign: term.sign, missing: term.missing, compare };
}

/** Of ids, by which entries with the same keys stand in order. */
export function idVector(ids: readonly string[]): KeyVector {
  const compare = (a: number, b: number): number => compareStrings(ids[a] ?? "", ids[b] ?? "");
  return { form: "text", keys: ids, sign: 1, missing: Infinity, compare };
}

/** Compares entries by one vector after the other. */
export function compareBy(vectors: readonly KeyVector[]): (a: number, b: number) => number {
  const [first, second] = vectors;
  if (first !== undefined && second !== undefined && vectors.length === 2) {
    return (a, b) => first.compare(a, b) || second.compare(a, b);
  }
  return (a, b) => {
    for (const { compare } of vectors) {
      const difference = compare(a, b);
      if (difference !== 0) return difference;
    }
    return 0;
  };
}
