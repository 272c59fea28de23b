import { abortable, messageOf } from "../base/index.ts";
import type { CallOptions, Source } from "./source.ts";

/**
 * One call of a source. It ends with the signal's reason as soon as that fires, whatever the source does, and
 * always fails with an Error: DioramaErrors and other Errors as they are (an unknown error is a class of its own
 * for retries), anything else that was thrown as the cause of one.
 */
export async function askSource<T>(
  source: Source<object>,
  doing: string,
  call: CallOptions,
  work: () => T | Promise<T>,
): Promise<T> {
  const { signal } = call;
  signal?.throwIfAborted();
  try {
    return signal === undefined ? await work() : await abortable(Promise.resolve(work()), signal);
  } catch (error) {
    // The reason goes first: what a source says when it is stopped does not matter.
    signal?.throwIfAborted();
    throw toError(error, `${source.name}, ${doing}`);
  }
}

/** Anything thrown, as an Error. */
export function toError(error: unknown, place: string): Error {
  if (error instanceof Error) return error;
  return new Error(`${place}: ${messageOf(error)}`, { cause: error });
}
