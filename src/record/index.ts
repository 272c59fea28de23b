export { compareStrings } from "./compare-strings.ts";
export { compareValues } from "./compare-values.ts";
export { crc32 } from "./crc32.ts";
export { equalRows, equalValues, sameInCondition } from "./equal-values.ts";
export { checkId, composeId, idOf, withIdColumn } from "./id.ts";
export { setOwn } from "./plain-object.ts";
export { rowChecksum, type Crc32 } from "./row-checksum.ts";
export { decodeRow, decodeValue } from "./row-decoder.ts";
export {
  createRowEncoder,
  encodeRow,
  encodeValue,
  type EncodedRange,
  type RowEncoder,
} from "./row-encoder.ts";
export { toRow, toValue } from "./to-row.ts";
export { isList, isPlainObject, typeRank } from "./type-rank.ts";
export type { Entry, Row, Value } from "./value.ts";
