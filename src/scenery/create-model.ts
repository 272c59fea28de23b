import { unreachable } from "../base/index.ts";
import type { Query } from "../query/index.ts";
import { EagerTable } from "./eager-table.ts";
import { PagedTable } from "./paged-table.ts";
import type { SceneryHost, TableFeed } from "./scenery-host.ts";
import { SequentialTable } from "./sequential-table.ts";
import type { TableModel } from "./table-model.ts";

/** The model of a table that is fed this way. */
export function createModel(host: SceneryHost, query: Query, feed: TableFeed, pageSize: number): TableModel {
  switch (feed) {
    case "eager":
      return new EagerTable(host, query);
    case "paged":
      return new PagedTable(host, query, pageSize);
    case "sequential":
      return new SequentialTable(host, query, pageSize);
    default:
      return unreachable(feed);
  }
}
