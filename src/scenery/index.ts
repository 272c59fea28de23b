export type {
  ChunkSink,
  HostNotice,
  NextRows,
  RowStatus,
  SceneryEvent,
  SceneryHost,
  TableFeed,
} from "./scenery-host.ts";
export type { SceneryState, Total } from "./table-model.ts";
