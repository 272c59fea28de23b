import { needs, type Query } from "../query/index.ts";
import type { TableFeed } from "../scenery/index.ts";
import type { Capabilities } from "../vista/index.ts";

/** What decides where the rows of a table come from. */
export interface FeedSituation {
  /** The cache holds every row. */
  readonly complete: boolean;
  /** A read of everything is under way. */
  readonly seeding: boolean;
  readonly hasOnQuery: boolean;
  readonly hasOnLoadChunk: boolean;
  readonly hasTotalProvider: boolean;
  readonly master: Capabilities;
}

/** Of a complete cache eager; else by positions or by tokens where there is a way, and only where it is exact. */
export function planFeed(query: Query, situation: FeedSituation): TableFeed {
  const { master } = situation;
  if (situation.complete || situation.seeding) return "eager";
  if (situation.hasOnLoadChunk) return "paged";
  // Positions and tokens of a master that can't honour the whole query are of other rows.
  const isHonoured = needs(query).every((need) => master[need]);
  const hasPositions = master.canFetchWindow || master.canFetchPage;
  if (situation.hasTotalProvider && isHonoured && hasPositions) return "paged";
  if (situation.hasOnQuery) return "eager";
  return isHonoured && master.canFetchNext && !hasPositions ? "sequential" : "eager";
}
