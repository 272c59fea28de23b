import { errorAt, type DioramaError } from "../base/index.ts";
import { needs, type Query } from "../query/index.ts";
import type { CapabilityName } from "./capabilities.ts";
import type { Source } from "./source.ts";

/** Ends with `unsupported` unless the source claims the capability that `doing` takes. */
export function requireCapability(source: Source<object>, capability: CapabilityName, doing: string): void {
  if (!source.capabilities[capability]) throw unsupported(source.name, doing, capability);
}

/** Ends with `unsupported` unless the source claims all that the query takes: it is never answered in part. */
export function requireQuery(source: Source<object>, query: Query): void {
  const missing = missingFor(source, query);
  if (missing !== undefined) throw unsupported(source.name, doingOf[missing], missing);
}

/** The first capability that the query takes and the source lacks. */
export function missingFor(source: Source<object>, query: Query): keyof typeof doingOf | undefined {
  for (const capability of needs(query)) {
    if (!source.capabilities[capability]) return capability;
  }
  return undefined;
}

const doingOf = {
  canMatch: "match by value or id",
  canFilter: "filter by other conditions than equality",
  canOrder: "order",
  canSearch: "search",
} as const;

/** `unsupported`: the source does not claim what was asked of it. */
function unsupported(vistaName: string, doing: string, capability: string): DioramaError {
  const remedy = isWriting(capability)
    ? "a Dio with onWrite takes writes"
    : "a Dio over it does (lens.makeDio)";
  const what = `can't ${doing}: its source has no ${capability}; ${remedy}`;
  return errorAt("unsupported", { vista: vistaName }, what);
}

function isWriting(capability: string): boolean {
  return capability === "canInsert" || capability === "canUpdate" || capability === "canDelete";
}

/** Ends with `unimplemented`: the source claims a capability whose method it lacks. */
export function unimplemented(source: Source<object>, method: string, capability: string): never {
  const what = `the source claims ${capability} but has no ${method}(); that is a fault of its driver`;
  throw errorAt("unimplemented", { vista: source.name }, what);
}
