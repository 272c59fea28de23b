import type { CallOptions, Source } from "../vista/index.ts";
import type { SourceCall } from "./faults.ts";

/** Does one call of a source, with something before and after it. */
export type Around = <T>(name: SourceCall, call: CallOptions, work: () => Promise<T>) => Promise<T>;

type ReadCall = "version" | "get" | "count" | "page" | "window" | "next";
type WriteCall = "insert" | "add" | "replace" | "patch" | "delete" | "deleteAll";

/** Of what the source offers, everything that a promise answers, each call through `around`. */
export function wrapCalls<R extends object>(
  source: Source<R>,
  around: Around,
): Pick<Source<R>, ReadCall | WriteCall> {
  return { ...wrapReads(source, around), ...wrapWrites(source, around) };
}

/** What a source is and tells without being called: the same behind any wrapping. */
export function unwrapped<R extends object>(
  source: Source<R>,
): Pick<Source<R>, "name" | "schema" | "capabilities" | "validator" | "fingerprint" | "explain" | "close"> {
  return {
    name: source.name,
    schema: source.schema,
    capabilities: source.capabilities,
    validator: source.validator,
    fingerprint: () => source.fingerprint(),
    ...(source.explain === undefined ? {} : { explain: source.explain.bind(source) }),
    ...(source.close === undefined ? {} : { close: source.close.bind(source) }),
  };
}

function wrapReads<R extends object>(source: Source<R>, around: Around): Pick<Source<R>, ReadCall> {
  const version = source.version?.bind(source);
  const get = source.get?.bind(source);
  const count = source.count?.bind(source);
  const page = source.page?.bind(source);
  const window = source.window?.bind(source);
  const next = source.next?.bind(source);
  return {
    ...(version && { version: (call) => around("version", call, () => version(call)) }),
    ...(get && { get: (id, call) => around("get", call, () => get(id, call)) }),
    ...(count && { count: (query, call) => around("count", call, () => count(query, call)) }),
    ...(page && { page: (query, which, call) => around("page", call, () => page(query, which, call)) }),
    ...(window && {
      window: (query, which, call) => around("window", call, () => window(query, which, call)),
    }),
    ...(next && { next: (query, from, call) => around("next", call, () => next(query, from, call)) }),
  };
}

function wrapWrites<R extends object>(source: Source<R>, around: Around): Pick<Source<R>, WriteCall> {
  const insert = source.insert?.bind(source);
  const add = source.add?.bind(source);
  const replace = source.replace?.bind(source);
  const patch = source.patch?.bind(source);
  const remove = source.delete?.bind(source);
  const deleteAll = source.deleteAll?.bind(source);
  return {
    ...(insert && { insert: (id, row, call) => around("insert", call, () => insert(id, row, call)) }),
    ...(add && { add: (row, call) => around("add", call, () => add(row, call)) }),
    ...(replace && { replace: (id, row, call) => around("replace", call, () => replace(id, row, call)) }),
    ...(patch && { patch: (id, partial, call) => around("patch", call, () => patch(id, partial, call)) }),
    ...(remove && { delete: (id, call) => around("delete", call, () => remove(id, call)) }),
    ...(deleteAll && {
      deleteAll: (query, call) => around("deleteAll", call, () => deleteAll(query, call)),
    }),
  };
}
