import { needs } from "../query/index.ts";
import type { Row } from "../record/index.ts";
import type { Capabilities, Vista } from "../vista/index.ts";
import type { Frame } from "./frame.ts";
import { narrowByOptions } from "./narrow-by-options.ts";
import { openSource, type OpenedSource } from "./open-source.ts";
import { printFacts } from "./print-facts.ts";
import type { QueryOptions } from "./query-options.ts";
import type { SourceOptions } from "./source-options.ts";

/** `diorama explain`: what would go to the source and what is answered from the copy. Nothing is read for it. */
export async function runExplain(
  frame: Frame,
  source: string,
  options: SourceOptions & QueryOptions,
): Promise<void> {
  const opened = await openSource(frame, source, options, { copy: "as-it-is" });
  const narrowed = narrowByOptions(opened.dio.vista(), options);
  await printFacts(frame, {
    source: opened.identity.location,
    kind: opened.identity.kind,
    ...copyFacts(opened, frame.clock.now()),
    answer: narrowed.explain(),
    ...reasons(opened, narrowed),
  });
}

function copyFacts({ dio, folder }: OpenedSource, now: number): Row {
  const { cache, freshness } = dio.diagnostics();
  const { seededAt } = freshness;
  return {
    folder: folder ?? null,
    rows: cache.rows,
    complete: cache.complete,
    readAt: seededAt === undefined ? null : new Date(seededAt),
    ageSeconds: seededAt === undefined ? null : Math.round(Math.abs(now - seededAt) / 1000),
  };
}

/** Why it is answered in that way. */
function reasons({ dio, master }: OpenedSource, narrowed: Vista): Row {
  const { capabilities } = master;
  const wanted = needs(narrowed.query);
  const lacks = wanted.filter((need) => !capabilities[need]).map((need) => verbs[need]);
  const why = dio.diagnostics().cache.complete
    ? "the copy holds every row"
    : lacks.length > 0
      ? `the source can't ${lacks.join(", ")}`
      : "the copy doesn't hold every row";
  return { why, queryNeeds: wanted.map((need) => verbs[need]), sourceCan: canList(capabilities) };
}

const verbs = { canMatch: "match", canFilter: "filter", canOrder: "order", canSearch: "search" } as const;

function canList(capabilities: Capabilities): string[] {
  return Object.entries(capabilities).flatMap(([name, is]) =>
    is === true ? [name.replace(/^can/, "").replace(/^./, (first) => first.toLowerCase())] : [],
  );
}
