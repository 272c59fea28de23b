export {
  allCapabilityNames,
  createCapabilities,
  type Capabilities,
  type CapabilityName,
} from "./capabilities.ts";
export type { ChangeEvent } from "./change-event.ts";
export { checkPartial, checkRow, withTypedId } from "./check-row.ts";
export {
  createSchema,
  type ColumnInput,
  type ColumnsInput,
  type ReferenceInput,
  type SchemaInput,
} from "./create-schema.ts";
export { missingFor, requireCapability } from "./gate.ts";
export { memory, MemoryVista, type MemoryOptions } from "./memory.ts";
export { MemorySource } from "./memory-source.ts";
export { parseToken } from "./parse-token.ts";
export { toConditions, toOrderTerms } from "./query-input.ts";
export type { RowPage, RowTokenPage } from "./row-page.ts";
export { createRowTest } from "./row-test.ts";
export { columnNamesOf, searchColumnsOf } from "./schema-columns.ts";
export {
  allColumnTypes,
  type Column,
  type ColumnType,
  type Reference,
  type ReferenceTarget,
  type Schema,
} from "./schema.ts";
export type { CallOptions, Page, Source, TokenPage, WriteOptions } from "./source.ts";
export type { StandardSchemaV1 } from "./standard-schema.ts";
export { vista, Vista } from "./vista.ts";
export type { WriteKind, WriteOp } from "./write-op.ts";
export { validateRow } from "./validate-row.ts";
