import { letGo } from "../base/index.ts";
import type { Entry } from "../record/index.ts";
import type { CallOptions, ChangeEvent, Source, WriteOptions } from "../vista/index.ts";
import { type GuardedCall, MasterGuard, type MasterGuardOptions } from "./master-guard.ts";
import { traceCall, TracedWalk, within } from "./traced-calls.ts";

export interface MasterSourceOptions extends MasterGuardOptions {
  /** Whose master it is, for tracing. */
  readonly dio: string;
}

/**
 * The master as a Dio calls it: the same Source, but a call that hangs ends with `timeout`, one while offline
 * with `unavailable` at once, and one that outlives the Dio with `closed`, whatever the source does.
 */
export function createMasterSource(source: Source, options: MasterSourceOptions): Source {
  const calls = new MasterCalls(new MasterGuard(source.name, options), {
    dio: options.dio,
    vista: source.name,
  });
  const guarded: Writable<Source> = {
    name: source.name,
    // A source may learn of them later.
    get schema() {
      return source.schema;
    },
    get capabilities() {
      return source.capabilities;
    },
    validator: source.validator,
    fingerprint: () => source.fingerprint(),
    read: (query, call) => calls.stream((inner) => source.read(query, inner), call),
  };
  guardReads(source, guarded, calls);
  guardWrites(source, guarded, calls);
  const watch = source.watch?.bind(source);
  if (watch !== undefined) guarded.watch = (call) => calls.feed(watch, call);
  const explain = source.explain?.bind(source);
  if (explain !== undefined) guarded.explain = explain;
  return guarded;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

function guardReads(source: Source, guarded: Writable<Source>, calls: MasterCalls): void {
  const version = source.version?.bind(source);
  const get = source.get?.bind(source);
  const count = source.count?.bind(source);
  const page = source.page?.bind(source);
  const window = source.window?.bind(source);
  const next = source.next?.bind(source);
  if (version !== undefined) guarded.version = (call) => calls.call("version", version, call);
  if (get !== undefined) guarded.get = (id, call) => calls.call("get", (inner) => get(id, inner), call);
  if (count !== undefined)
    guarded.count = (query, call) => calls.call("count", (inner) => count(query, inner), call);
  if (page !== undefined) {
    guarded.page = (query, at, call) => calls.call("page", (inner) => page(query, at, inner), call);
  }
  if (window !== undefined) {
    guarded.window = (query, at, call) => calls.call("window", (inner) => window(query, at, inner), call);
  }
  if (next !== undefined) {
    guarded.next = (query, from, call) => calls.call("next", (inner) => next(query, from, inner), call);
  }
}

function guardWrites(source: Source, guarded: Writable<Source>, calls: MasterCalls): void {
  const insert = source.insert?.bind(source);
  const add = source.add?.bind(source);
  const replace = source.replace?.bind(source);
  const patch = source.patch?.bind(source);
  const remove = source.delete?.bind(source);
  const deleteAll = source.deleteAll?.bind(source);
  if (insert !== undefined) {
    guarded.insert = (id, row, call) => calls.call("insert", (inner) => insert(id, row, inner), call);
  }
  if (add !== undefined) guarded.add = (row, call) => calls.call("add", (inner) => add(row, inner), call);
  if (replace !== undefined) {
    guarded.replace = (id, row, call) => calls.call("replace", (inner) => replace(id, row, inner), call);
  }
  if (patch !== undefined) {
    guarded.patch = (id, part, call) => calls.call("patch", (inner) => patch(id, part, inner), call);
  }
  if (remove !== undefined)
    guarded.delete = (id, call) => calls.call("delete", (inner) => remove(id, inner), call);
  if (deleteAll !== undefined) {
    guarded.deleteAll = (query, call) => calls.call("deleteAll", (inner) => deleteAll(query, inner), call);
  }
}

interface MasterLabel {
  readonly dio: string;
  readonly vista: string;
}

/** The three ways in which a master is called. */
class MasterCalls {
  readonly #guard: MasterGuard;
  readonly #label: MasterLabel;

  constructor(guard: MasterGuard, label: MasterLabel) {
    this.#guard = guard;
    this.#label = label;
  }

  /** One call. The caller's own options, such as opId, go through; only the signal is ours. */
  async call<T, C extends WriteOptions>(
    operation: string,
    ask: (call: C) => Promise<T>,
    call: C,
  ): Promise<T> {
    const guarded = this.#guard.begin(call.signal);
    const label = { ...this.#label, operation, opId: call.opId };
    try {
      return await traceCall(label, () => guarded.within(() => ask({ ...call, signal: guarded.signal })));
    } finally {
      guarded.end();
    }
  }

  /** A read: each batch has the deadline for itself, so a long read that moves on is no hang. */
  async *stream(
    open: (call: CallOptions) => AsyncIterable<readonly Entry[]>,
    call: CallOptions,
  ): AsyncGenerator<readonly Entry[], void, undefined> {
    const guarded = this.#guard.begin(call.signal);
    const traced = TracedWalk.begin({ ...this.#label, operation: "read" });
    let batches: AsyncIterator<readonly Entry[]> | undefined;
    try {
      const opened = within(traced, () => open({ ...call, signal: guarded.signal })[Symbol.asyncIterator]());
      const next = () => within(traced, () => opened.next());
      batches = opened;
      // The time that the reader takes between two batches is not the source's.
      for (let step = await guarded.within(next); step.done !== true; step = await guarded.within(next)) {
        traced?.came(step.value.length);
        yield step.value;
      }
      batches = undefined;
    } catch (error) {
      traced?.failed(error);
      guarded.abort(error);
      throw error;
    } finally {
      await leave(guarded, batches);
      traced?.ended();
    }
  }

  /** A change feed: silence is no hang. */
  async *feed(
    open: (call: CallOptions) => AsyncIterable<ChangeEvent>,
    call: CallOptions,
  ): AsyncGenerator<ChangeEvent, void, undefined> {
    const guarded = this.#guard.begin(call.signal);
    const traced = TracedWalk.begin({ ...this.#label, operation: "watch" });
    let changes: AsyncIterator<ChangeEvent> | undefined;
    try {
      const opened = within(traced, () => open({ ...call, signal: guarded.signal })[Symbol.asyncIterator]());
      const next = () => within(traced, () => opened.next());
      changes = opened;
      for (let step = await guarded.silent(next); step.done !== true; step = await guarded.silent(next)) {
        yield step.value;
      }
      changes = undefined;
    } catch (error) {
      // Who follows it ends it so.
      if (call.signal?.aborted !== true) traced?.failed(error);
      guarded.abort(error);
      throw error;
    } finally {
      await leave(guarded, changes);
      traced?.ended();
    }
  }
}

/**
 * Ends a walk. One that its reader left early is closed before the reader goes on, within the deadline; one
 * that failed or was aborted may hang in what it does, and is told and left to end by itself.
 */
async function leave(guarded: GuardedCall, unfinished: AsyncIterator<unknown> | undefined): Promise<void> {
  try {
    if (unfinished !== undefined) await guarded.within(() => unfinished.return?.());
  } catch {
    // The reader has what it wanted, or an error that came first.
  } finally {
    if (unfinished !== undefined) {
      if (guarded.signal.aborted) letGo(unfinished);
      guarded.abort();
    }
    guarded.end();
  }
}
