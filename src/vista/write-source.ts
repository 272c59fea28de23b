import { errorAt, uuidV7, type ErrorPlace } from "../base/index.ts";
import type { Query, RowTest } from "../query/index.ts";
import { checkId, idOf } from "../record/index.ts";
import { askSource } from "./ask-source.ts";
import { checkStoredRow } from "./check-answer.ts";
import { checkPartial, checkRow } from "./check-row.ts";
import { requireCapability, requireQuery, unimplemented } from "./gate.ts";
import { fetchRow, toStoredRow } from "./read-source.ts";
import { asRow, asTyped } from "./row-types.ts";
import type { Source, WriteOptions } from "./source.ts";
import { validateRow } from "./validate-row.ts";

/** The writable side of one vista: its source, and what its narrowing shows (`undefined`: every row). */
export interface WriteTarget<R extends object> {
  readonly source: Source<R>;
  readonly shows: RowTest | undefined;
}

export async function insertRow<R extends object>(
  { source }: WriteTarget<R>,
  id: string,
  row: R,
  call: WriteOptions,
): Promise<R> {
  requireCapability(source, "canInsert", "insert");
  const writable = toWritable(source, id, row);
  // Not a turn later than the call, where nothing has to be waited for: writes keep the order of their calls.
  const checked = writable instanceof Promise ? await writable : writable;
  const stored = await askSource(source, "insert", call, () => {
    return source.insert?.(id, checked, call) ?? unimplemented(source, "insert", "canInsert");
  });
  return toStoredRow(source, id, stored);
}

/** The id that the backend chose; else the row's own, in its id column; else a UUIDv7. */
export async function addRow<R extends object>(
  target: WriteTarget<R>,
  row: Partial<R>,
  call: WriteOptions,
): Promise<string> {
  const { source } = target;
  requireCapability(source, "canInsert", "insert");
  if (source.add === undefined) {
    const { idColumn } = source.schema;
    const own = idColumn !== undefined && Object.hasOwn(row, idColumn) ? asRow(row)[idColumn] : undefined;
    const id =
      own === undefined || own === null ? uuidV7() : idOf(own, { vista: source.name, column: idColumn });
    await insertRow(target, id, asTyped<R>(row), call);
    return id;
  }
  const checked = asTyped<R>(checkRow(source.schema, undefined, row, placeOf(source)));
  const entry = await askSource(source, "add", call, () => source.add?.(checked, call));
  checkStoredRow(source.name, entry?.[0], entry?.[1]);
  return entry?.[0] ?? "";
}

/** Whole; inserts where missing. An id that the narrowing hides is taken: `conflict`. */
export async function replaceRow<R extends object>(
  target: WriteTarget<R>,
  id: string,
  row: R,
  call: WriteOptions,
): Promise<R> {
  const { source, shows } = target;
  requireCapability(source, "canUpdate", "replace");
  const writable = toWritable(source, id, row);
  const checked = writable instanceof Promise ? await writable : writable;
  if (shows !== undefined) {
    const current = await fetchRow(source, id, call);
    if (current !== undefined && !shows(id, asRow(current))) {
      throw errorAt(
        "conflict",
        placeOf(source, id),
        "the id belongs to a row outside of what this vista shows",
      );
    }
  }
  const stored = await askSource(source, "replace", call, () => {
    return source.replace?.(id, checked, call) ?? unimplemented(source, "replace", "canUpdate");
  });
  return toStoredRow(source, id, stored);
}

export async function patchRow<R extends object>(
  target: WriteTarget<R>,
  id: string,
  partial: Partial<R>,
  call: WriteOptions,
): Promise<R> {
  const { source, shows } = target;
  requireCapability(source, "canUpdate", "patch");
  const place = placeOf(source, checkId(id, placeOf(source)));
  let checked = asTyped<Partial<R>>(checkPartial(source.schema, id, partial, place));
  if (shows !== undefined || source.validator !== undefined) {
    const current = await fetchRow(source, id, call);
    if (current === undefined || shows?.(id, asRow(current)) === false) throw missingRow(source, id);
    checked = await toValidPartial(source, id, current, checked);
  }
  const stored = await askSource(source, "patch", call, () => {
    return source.patch?.(id, checked, call) ?? unimplemented(source, "patch", "canUpdate");
  });
  return toStoredRow(source, id, stored);
}

export async function deleteRow<R extends object>(
  target: WriteTarget<R>,
  id: string,
  call: WriteOptions,
): Promise<void> {
  const { source, shows } = target;
  requireCapability(source, "canDelete", "delete");
  checkId(id, placeOf(source));
  if (shows !== undefined) {
    const current = await fetchRow(source, id, call);
    if (current === undefined || !shows(id, asRow(current))) throw missingRow(source, id);
  }
  await askSource(source, "delete", call, () => {
    return source.delete?.(id, call) ?? unimplemented(source, "delete", "canDelete");
  });
}

/** The rows of the query and no others; `query` has no order. */
export async function deleteRows<R extends object>(
  source: Source<R>,
  query: Query,
  call: WriteOptions,
): Promise<void> {
  requireCapability(source, "canDelete", "delete");
  requireQuery(source, query);
  await askSource(source, "deleteAll", call, () => {
    return source.deleteAll?.(query, call) ?? unimplemented(source, "deleteAll", "canDelete");
  });
}

/** Checked twice with a validator: it gets the row with its id, and may give back another. */
function toWritable<R extends object>(source: Source<R>, id: string, row: R): R | Promise<R> {
  const place = placeOf(source, checkId(id, placeOf(source)));
  const checked = checkRow(source.schema, id, row, place);
  if (source.validator === undefined) return asTyped<R>(checked);
  const valid = validateRow(source.validator, checked, { vista: source.name, id, code: "invalid" });
  const recheck = (row: R): R => asTyped<R>(checkRow(source.schema, id, row, place));
  return valid instanceof Promise ? valid.then(recheck) : recheck(valid);
}

/** A validator knows whole rows only: it sees what the row would become, and its view of the patched columns counts. */
async function toValidPartial<R extends object>(
  source: Source<R>,
  id: string,
  current: R,
  partial: Partial<R>,
): Promise<Partial<R>> {
  if (source.validator === undefined) return partial;
  const merged = { ...current, ...partial };
  const valid = asRow(
    await validateRow(source.validator, merged, { vista: source.name, id, code: "invalid" }),
  );
  const kept = Object.entries(valid).filter(([column]) => Object.hasOwn(partial, column));
  const place = placeOf(source, id);
  return asTyped<Partial<R>>(checkPartial(source.schema, id, Object.fromEntries(kept), place));
}

function missingRow(source: Source<object>, id: string): Error {
  return errorAt("notFound", placeOf(source, id), "there is no such row");
}

function placeOf(source: Source<object>, id?: string): ErrorPlace {
  return { vista: source.name, id };
}
