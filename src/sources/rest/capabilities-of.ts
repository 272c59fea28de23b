import { createCapabilities, type Capabilities } from "../../vista/index.ts";
import type { RestSettings } from "./rest-settings.ts";

/** What the options say that the API can do. */
export function capabilitiesOf(settings: RestSettings): Capabilities {
  const { paging, filter, order, search, total, count, writes, pollEveryMs, schema } = settings;
  const isPlaced = paging.kind === "page" || paging.kind === "offset";
  return createCapabilities({
    canCount: total !== undefined || count !== undefined,
    canInsert: writes.insert !== undefined || writes.add === true,
    canUpdate: writes.replace === true || writes.patch === true,
    canDelete: writes.delete === true,
    canSubscribe: pollEveryMs !== undefined,
    canOrder: order !== undefined,
    canSearch: search !== undefined,
    canMatch: filter !== undefined,
    canFilter: filter?.isWide === true,
    canFetchPage: isPlaced,
    canFetchWindow: isPlaced,
    canFetchNext: paging.kind === "cursor" || paging.kind === "link",
    canTraverse: schema.references.length > 0,
  });
}
