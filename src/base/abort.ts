/**
 * Aborts when any of the given ones does; `undefined` ones are left out. For work that lives as long as they
 * do; for single calls see `linkSignals`.
 */
export function anySignal(...signals: readonly (AbortSignal | undefined)[]): AbortSignal {
  const given = signals.filter((signal) => signal !== undefined);
  const [only] = given;
  return given.length === 1 && only !== undefined ? only : AbortSignal.any(given);
}

/** A signal that fires when one of several does, and how to let go of them. */
export interface LinkedSignal {
  readonly signal: AbortSignal;
  /** Fires it for a reason of one's own. */
  abort(reason?: unknown): void;
  /** Forgets the others: to be called when the work is done, for they may live much longer. Idempotent. */
  release(): void;
}

/**
 * A signal for one piece of work that ends when any of these fires; `undefined` ones are left out. Unlike
 * `AbortSignal.any` it leaves nothing behind on a signal that lives for hours and serves a million calls.
 */
export function linkSignals(...sources: readonly (AbortSignal | undefined)[]): LinkedSignal {
  const controller = new AbortController();
  const onAbort = (event: Event): void => {
    release();
    if (event.target instanceof AbortSignal) controller.abort(event.target.reason);
  };
  const release = (): void => {
    for (const source of sources) source?.removeEventListener("abort", onAbort);
  };
  const fired = sources.find((source) => source?.aborted === true);
  if (fired === undefined) for (const source of sources) source?.addEventListener("abort", onAbort);
  else controller.abort(fired.reason);
  return {
    signal: controller.signal,
    abort: (reason) => {
      release();
      controller.abort(reason);
    },
    release,
  };
}

/** The promise, or the signal's reason if that comes first: the caller goes on, the work is left to end. */
export function abortable<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  return new Promise<T>((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
    const done = (): void => signal.removeEventListener("abort", onAbort);
    work.then(
      (value) => {
        done();
        resolve(value);
      },
      (error: unknown) => {
        done();
        reject(error);
      },
    );
  });
}
