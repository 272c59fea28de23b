import { decodeRow, type Row } from "../../record/index.ts";

/** The row; undefined where the bytes hold none, which the caller reports as damage. */
export function decodeOrNothing(bytes: Uint8Array): Row | undefined {
  try {
    return decodeRow(bytes);
  } catch {
    return undefined;
  }
}
