import { unreachable } from "../base/index.ts";
import type { Query } from "../query/index.ts";
import { EagerTable } from "./eager-table.ts";
import type { SceneryHost, TableFeed } from "./scenery-host.ts";
import type { TableModel } from "./table-model.ts";

/** The model of a table that is fed this way. */
export function createModel(host: SceneryHost, query: Query, feed: TableFeed, _pageSize: number): TableModel {
  switch (feed) {
    case "eager":
    case "paged":
    case "sequential":
      return new EagerTable(host, query);
    default:
      return unreachable(feed);
  }
}
