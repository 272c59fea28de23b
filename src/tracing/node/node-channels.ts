import { AsyncResource } from "node:async_hooks";
import { channel, tracingChannel } from "node:diagnostics_channel";
import type { Channel, SteppedWork, WorkChannel } from "../channel.ts";

/** A channel of `node:diagnostics_channel`. */
export function openChannel<M extends object>(name: string): Channel<M> {
  return channel(name);
}

/** A TracingChannel of `node:diagnostics_channel`: the channels `tracing:<name>:start`, `end`, `asyncStart` and so on. */
export function openWorkChannel<M extends object>(name: string): WorkChannel<M> {
  const traced = tracingChannel<unknown, M>(name);
  return {
    get hasSubscribers() {
      return traced.hasSubscribers;
    },
    trace: (message, work, note) =>
      traced.hasSubscribers ? tracePromise(traced, { message, work, note }) : work(),
    begin: (message) => beginSteps((work) => traced.tracePromise(work, message)),
  };
}

interface Traced<M, T> {
  readonly message: M;
  readonly work: () => Promise<T>;
  readonly note: ((message: M, result: T) => void) | undefined;
}

async function tracePromise<M extends object, T>(
  traced: ReturnType<typeof tracingChannel<unknown, M>>,
  { message, work, note }: Traced<M, T>,
): Promise<T> {
  const { promise, resolve } = Promise.withResolvers<T>();
  // Node puts into the message what the promise brings: rows, so here it brings nothing.
  await traced.tracePromise(async () => {
    const result = await work();
    note?.(message, result);
    resolve(result);
  }, message);
  return promise;
}

function beginSteps(trace: (work: () => Promise<void>) => Promise<void>): SteppedWork {
  const over = Promise.withResolvers<void>();
  // Replaced by the one of the context in which subscribers want the work to be done.
  let context = new AsyncResource("DioramaWork");
  const traced = trace(() => {
    context = new AsyncResource("DioramaWork");
    return over.promise;
  });
  // Whoever does the work knows of its failure.
  traced.catch(() => undefined);
  return {
    step: (work) => context.runInAsyncScope(work),
    ended: () => over.resolve(),
    failed: (error) => over.reject(error),
  };
}
