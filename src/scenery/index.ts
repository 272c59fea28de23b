export type { Groups } from "./aggregate-value.ts";
export type { GroupedValues } from "./grouped-values.ts";
export type { RecordScenery } from "./record-scenery.ts";
export { Sceneries, type GroupedFilter, type TableDescription } from "./sceneries.ts";
export type {
  ChunkSink,
  HostNotice,
  NextRows,
  RowStatus,
  SceneryEvent,
  SceneryHost,
  TableFeed,
} from "./scenery-host.ts";
export type { TableChange, TableProperty } from "./table-change.ts";
export type { SceneryState, Total } from "./table-model.ts";
export type { OrderByInput, SceneryFilter, TableSceneryOptions, WhereInput } from "./table-query.ts";
export type { TableRow } from "./table-row.ts";
export type { TableScenery } from "./table-scenery.ts";
export type { ValueScenery } from "./value-scenery.ts";
export type { RowReducer, SumValue, Values } from "./values.ts";
