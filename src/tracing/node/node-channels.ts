import { channel, tracingChannel } from "node:diagnostics_channel";
import type { Channel, WorkChannel } from "../channel.ts";

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
