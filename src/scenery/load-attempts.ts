import { abortable, DioramaError, isDioramaError, toDioramaError } from "../base/index.ts";
import { RetryTimer } from "./retry-timer.ts";
import type { SceneryHost } from "./scenery-host.ts";

export interface LoadWork {
  /** For error messages, behind the name of the host: "preparing the rows of a Scenery". */
  readonly doing: string;
  load(signal: AbortSignal): Promise<void>;
  /** After each attempt but the last, which is `closed`; answers whether another one is to follow by itself. */
  onEnd(failure: DioramaError | undefined): boolean;
}

/** One piece of loading, one attempt at a time, made again with back-off while it is worth it. */
export class LoadAttempts {
  readonly #host: SceneryHost;
  readonly #work: LoadWork;
  readonly #ending = new AbortController();
  #isRunning = false;
  /** Of those who wait for the end of an attempt. */
  #ended: PromiseWithResolvers<void> | undefined;
  readonly #retry: RetryTimer;

  constructor(host: SceneryHost, work: LoadWork) {
    this.#host = host;
    this.#work = work;
    this.#retry = new RetryTimer(host.clock, () => this.start());
  }

  /** Resolves when the attempt under way, or a new one, has ended well or badly; rejects `closed`. */
  async run(): Promise<void> {
    const { signal } = this.#ending;
    signal.throwIfAborted();
    this.#retry.cancel();
    this.#ended ??= Promise.withResolvers();
    const ended = this.#ended.promise;
    if (!this.#isRunning) void this.#try();
    await ended;
    signal.throwIfAborted();
  }

  /** As `run`, for those who don't wait: what happens is told to `onEnd`. */
  start(): void {
    this.run().catch(() => undefined);
  }

  /** What was to be loaded is there, however it came: nobody has to wait, and the next failure is the first one again. */
  succeed(): void {
    this.#retry.succeeded();
    this.#retry.cancel();
    this.#end();
  }

  close(): void {
    this.#retry.cancel();
    this.#ending.abort(new DioramaError("closed", `${this.#host.name}: nobody waits for this any more`));
    this.#end();
  }

  #end(): void {
    this.#ended?.resolve();
    this.#ended = undefined;
  }

  #endFor(failure: DioramaError): void {
    const isClosed = isDioramaError(failure, "closed");
    const message = `${this.#host.name}: it is closed`;
    this.#ending.abort(isClosed ? failure : new DioramaError("closed", message, { cause: failure }));
    this.#end();
  }

  /** Never rejects. */
  async #try(): Promise<void> {
    const { signal } = this.#ending;
    this.#isRunning = true;
    // Behind what goes on, and once it is noted that it runs: a load may begin others.
    await Promise.resolve();
    let failure: DioramaError | undefined;
    try {
      await abortable(this.#work.load(signal), signal);
    } catch (error) {
      failure = toDioramaError(error, "unavailable", `${this.#host.name}: ${this.#work.doing}`);
    }
    this.#isRunning = false;
    if (signal.aborted) return;
    if (failure !== undefined && this.#host.isClosing) {
      // Whatever this is for is about to be ended, and that is what will be told.
      this.#endFor(failure);
      return;
    }
    const isToFollow = this.#work.onEnd(failure);
    this.#end();
    if (isToFollow) this.#retry.failed();
  }
}

/** Of other failures, the next attempt would be one too. */
export function isWorthRetrying(failure: DioramaError): boolean {
  return isDioramaError(failure, "unavailable", "timeout");
}
