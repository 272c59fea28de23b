export { createActivity, DioramaError, isDioramaError, silentLogger, systemClock } from "./base/index.ts";
export type { Activity, ActivitySignal, ActivitySwitch, Clock, Duration, ErrorCode } from "./base/index.ts";
export type { ErrorPlace, Logger } from "./base/index.ts";
export type { Entry, Row, Value } from "./record/index.ts";
export { and, condition, hasId, isNotNull, isNull, not, or } from "./query/index.ts";
export type { Condition, ConditionInput, Operator, OrderInput, OrderTerm, Query } from "./query/index.ts";
export { createCapabilities, createSchema, memory, MemorySource, MemoryVista, vista } from "./vista/index.ts";
export { Vista } from "./vista/index.ts";
export type { CallOptions, Capabilities, ChangeEvent, Column, ColumnType } from "./vista/index.ts";
export type { MemoryOptions, Page, Reference } from "./vista/index.ts";
export type { RowPage, RowTokenPage, Schema, SchemaInput, Source, StandardSchemaV1 } from "./vista/index.ts";
export type { TokenPage } from "./vista/index.ts";
export type { WriteKind, WriteOp, WriteOptions } from "./vista/index.ts";
export { createMemoryCache, createNoCache } from "./cache/index.ts";
export type { CacheBackend, CacheBatch, CacheTable, StoredRow, TableMeta } from "./cache/index.ts";
export type { CallbackCall, ChangeStream, CloseOptions, Dio, DioCache, DioCallbacks } from "./dio/index.ts";
export type { DioDiagnostics, DioEvent } from "./dio/index.ts";
export type { DioEventOf, DioEventType, EventSubscription } from "./dio/index.ts";
export type { FillResult } from "./dio/index.ts";
export type { DeadLetters, FailedWrite, PendingWrite } from "./dio/index.ts";
export type { Following, RowsInput, WriteHandle, WriteRequest, WriteResult } from "./dio/index.ts";
export { Lens, reconcileWithMaster, seedFromMaster } from "./lens/index.ts";
export type { FillCall, FillProgress } from "./lens/index.ts";
export type { LensBuilder, LensSettings, MakeDioSettings, WriteQueueSettings } from "./lens/index.ts";
export type { ChunkSink, Groups, GroupedValues, RecordScenery, RowStatus } from "./scenery/index.ts";
export type { SceneryState, SumValue, TableChange, TableDescription } from "./scenery/index.ts";
export type {
  TableRow,
  TableScenery,
  TableSceneryOptions,
  Total,
  Values,
  ValueScenery,
} from "./scenery/index.ts";
