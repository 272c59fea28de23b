/**
 * What a cell holds: everything that CBOR carries, and survives every store exactly. Strings are
 * well-formed, dates valid and to the millisecond; `undefined` means that the column is absent.
 */
export type Value =
  | null
  | boolean
  | number
  | bigint
  | string
  | Date
  | Uint8Array
  | readonly Value[]
  | { readonly [key: string]: Value };

/** Column → value, key order kept, never mutated. */
export type Row = { readonly [column: string]: Value };

/** An id with its row. */
export type Entry<R extends object = Row> = readonly [id: string, row: R];
