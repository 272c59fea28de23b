import {
  abortable,
  anySignal,
  type ActivitySignal,
  type Clock,
  DioramaError,
  throwIfAborted,
} from "../base/index.ts";
import type { Entry } from "../record/index.ts";
import type { CallOptions, ChangeEvent, Source } from "../vista/index.ts";

export interface MasterSourceOptions {
  /** For one call, or one batch without progress. */
  readonly deadlineMs: number;
  readonly clock: Clock;
  readonly activity: ActivitySignal;
  /** Fires when the Dio closes: nothing of the source's is waited for after that. */
  readonly closing: AbortSignal;
}

/**
 * The master as a Dio calls it: the same Source, but a call that hangs ends with `timeout`, one while offline
 * with `unavailable` at once, and one that outlives the Dio with `closed`, whatever the source does.
 */
export function createMasterSource(source: Source, options: MasterSourceOptions): Source {
  const guard = new MasterGuard(source.name, options);
  const guarded: Writable<Source> = {
    name: source.name,
    schema: source.schema,
    capabilities: source.capabilities,
    validator: source.validator,
    fingerprint: () => source.fingerprint(),
    read: (query, call) => guard.stream((inner) => source.read(query, inner), call),
  };
  const { version, get, count, page, window, next, insert, add, replace, patch, watch, explain } = source;
  if (version !== undefined)
    guarded.version = (call) => guard.call((inner) => version.call(source, inner), call);
  if (get !== undefined) guarded.get = (id, call) => guard.call((inner) => get.call(source, id, inner), call);
  if (count !== undefined)
    guarded.count = (query, call) => guard.call((inner) => count.call(source, query, inner), call);
  if (page !== undefined)
    guarded.page = (query, at, call) => guard.call((inner) => page.call(source, query, at, inner), call);
  if (window !== undefined)
    guarded.window = (query, at, call) => guard.call((inner) => window.call(source, query, at, inner), call);
  if (next !== undefined)
    guarded.next = (query, from, call) => guard.call((inner) => next.call(source, query, from, inner), call);
  if (insert !== undefined)
    guarded.insert = (id, row, call) => guard.call((inner) => insert.call(source, id, row, inner), call);
  if (add !== undefined)
    guarded.add = (row, call) => guard.call((inner) => add.call(source, row, inner), call);
  if (replace !== undefined)
    guarded.replace = (id, row, call) => guard.call((inner) => replace.call(source, id, row, inner), call);
  if (patch !== undefined)
    guarded.patch = (id, part, call) => guard.call((inner) => patch.call(source, id, part, inner), call);
  guardDeletes(source, guarded, guard);
  if (watch !== undefined) guarded.watch = (call) => guard.feed((inner) => watch.call(source, inner), call);
  if (explain !== undefined) guarded.explain = (query) => explain.call(source, query);
  return guarded;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

function guardDeletes(source: Source, guarded: Writable<Source>, guard: MasterGuard): void {
  const { delete: remove, deleteAll } = source;
  if (remove !== undefined)
    guarded.delete = (id, call) => guard.call((inner) => remove.call(source, id, inner), call);
  if (deleteAll !== undefined)
    guarded.deleteAll = (query, call) => guard.call((inner) => deleteAll.call(source, query, inner), call);
}

class MasterGuard {
  readonly #name: string;
  readonly #options: MasterSourceOptions;

  constructor(name: string, options: MasterSourceOptions) {
    this.#name = name;
    this.#options = options;
  }

  /** One call. The caller's own options, such as opId, go through; only the signal is ours. */
  async call<T, C extends CallOptions>(work: (call: C) => Promise<T>, call: C): Promise<T> {
    this.#assertReachable();
    const { signal, done } = this.#deadline(call.signal);
    try {
      return await abortable(work({ ...call, signal }), signal);
    } finally {
      done();
    }
  }

  /** A read: each batch has the deadline for itself, so a long read that moves on is no hang. */
  async *stream(
    work: (call: CallOptions) => AsyncIterable<readonly Entry[]>,
    call: CallOptions,
  ): AsyncGenerator<readonly Entry[]> {
    this.#assertReachable();
    const ending = new AbortController();
    const outer = anySignal(call.signal, ending.signal, this.#options.closing);
    const batches = work({ ...call, signal: outer })[Symbol.asyncIterator]();
    try {
      for (;;) {
        // The time that the reader takes between two batches is not the source's.
        const { signal, done } = this.#deadline(call.signal);
        const batch = await abortable(batches.next(), signal).finally(done);
        if (batch.done === true) return;
        throwIfAborted(call.signal);
        yield batch.value;
      }
    } finally {
      ending.abort();
      // A source that hangs would hang here too: it has been told, and is left to end by itself.
      Promise.resolve(batches.return?.()).catch(() => undefined);
    }
  }

  /** A change feed: silence is no hang. */
  async *feed(
    work: (call: CallOptions) => AsyncIterable<ChangeEvent>,
    call: CallOptions,
  ): AsyncGenerator<ChangeEvent> {
    this.#assertReachable();
    const signal = anySignal(call.signal, this.#options.closing);
    const changes = work({ ...call, signal })[Symbol.asyncIterator]();
    try {
      for (;;) {
        const change = await abortable(changes.next(), signal);
        if (change.done === true) return;
        yield change.value;
      }
    } finally {
      Promise.resolve(changes.return?.()).catch(() => undefined);
    }
  }

  #assertReachable(): void {
    if (this.#options.closing.aborted) throw this.#options.closing.reason;
    if (this.#options.activity.state !== "offline") return;
    throw new DioramaError(
      "unavailable",
      `${this.#name}: the application is offline, and this needs the source`,
      {
        place: { vista: this.#name },
      },
    );
  }

  #deadline(signal: AbortSignal | undefined): { signal: AbortSignal; done: () => void } {
    const { deadlineMs, clock, closing } = this.#options;
    const late = new AbortController();
    const timer = clock.setTimer(() => {
      const message = `${this.#name}: the source did not answer within ${deadlineMs} ms; see deadline()`;
      late.abort(new DioramaError("timeout", message, { place: { vista: this.#name } }));
    }, deadlineMs);
    return { signal: anySignal(signal, late.signal, closing), done: () => timer.cancel() };
  }
}
