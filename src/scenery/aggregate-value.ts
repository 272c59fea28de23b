import { DioramaError, isDioramaError } from "../base/index.ts";
import type { Query } from "../query/index.ts";
import { equalValues, type Value } from "../record/index.ts";
import {
  type AggregateResult,
  type AggregateSpec,
  type AggregateView,
  checkAggregate,
} from "../views/index.ts";
import type { OpenHandles } from "./open-handles.ts";
import type { SceneryHost } from "./scenery-host.ts";
import { checkColumn } from "./table-query.ts";
import { ValueScenery, type ValueView } from "./value-scenery.ts";

/** Of which rows, and over what host. */
export interface ValueSurroundings {
  readonly host: SceneryHost;
  readonly handles: OpenHandles;
  readonly query: Query;
}

/** By the value of the column that groups; null and absent are one group, `null`. */
export type Groups<T> = ReadonlyMap<Value, T>;

/** A value of all rows; `T` is what an aggregate of that kind gives. */
export function openValue<T extends AggregateResult>(
  surroundings: ValueSurroundings,
  spec: AggregateSpec,
): ValueScenery<T> {
  return open<T>(surroundings, spec, (view) => ({
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the kind of the aggregate decides
    read: (): T => view.value as T,
    isSame: isSameResult,
    subscribe: (listener) => view.subscribe(listener),
    release: () => view.release(),
  }));
}

/** A value of each group of rows. */
export function openGroups<T extends AggregateResult>(
  surroundings: ValueSurroundings,
  spec: AggregateSpec & { readonly groupBy: string },
): ValueScenery<Groups<T>> {
  return open<Groups<T>>(surroundings, spec, (view) => ({
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the kind of the aggregate decides
    read: (): Groups<T> => view.groups as Groups<T>,
    isSame: areSameGroups,
    subscribe: (listener) => view.subscribe(listener),
    release: () => view.release(),
  }));
}

function open<T>(
  surroundings: ValueSurroundings,
  spec: AggregateSpec,
  toView: (view: AggregateView) => ValueView<T>,
): ValueScenery<T> {
  const { host, query } = surroundings;
  for (const column of [spec.column, spec.groupBy]) if (column !== undefined) checkColumn(column, host);
  const columnType = host.schema.columns.find(({ name }) => name === spec.column)?.type;
  const typed = { ...spec, columnType };
  checkSpec(typed, host.name);
  return new ValueScenery(surroundings, query, () => toView(host.views.openAggregate(query, typed)));
}

/** At once, not when the first row has come. */
function checkSpec(spec: AggregateSpec, vista: string): void {
  try {
    checkAggregate(spec);
  } catch (error) {
    if (!isDioramaError(error)) throw error;
    const place = { ...error.place, vista };
    throw new DioramaError(error.code, `${vista}, ${error.message}`, { place, cause: error });
  }
}

function isSameResult(a: AggregateResult, b: AggregateResult): boolean {
  if (Object.is(a, b)) return true;
  return a !== undefined && b !== undefined && equalValues(a, b);
}

function areSameGroups(a: Groups<AggregateResult>, b: Groups<AggregateResult>): boolean {
  if (a === b) return true;
  if (a.size !== b.size) return false;
  const others = b.entries();
  for (const [group, result] of a) {
    const other = others.next().value;
    if (other === undefined) return false;
    // Groups mostly stand as before; where they don't, they are looked up.
    const isThere = isSameResult(group, other[0]);
    if (!isThere && !b.has(group)) return false;
    if (!isSameResult(result, isThere ? other[1] : b.get(group))) return false;
  }
  return true;
}
