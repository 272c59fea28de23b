import { abortable, type ActivitySignal, type Clock, DioramaError, type Timer } from "../base/index.ts";

export interface MasterGuardOptions {
  /** For one call, or one batch without progress. */
  readonly deadlineMs: number;
  readonly clock: Clock;
  readonly activity: ActivitySignal;
  /** Fires when the Dio closes: nothing of the source's is waited for after that. */
  readonly closing: AbortSignal;
}

/** Opens the calls of one master, each with an end: the deadline, the caller's signal, the end of the Dio. */
export class MasterGuard {
  readonly #name: string;
  readonly #options: MasterGuardOptions;
  /** One listener on the long-lived signal serves all calls, and only while there are some. */
  readonly #open = new Set<GuardedCall>();
  readonly #onClosing: () => void;

  constructor(name: string, options: MasterGuardOptions) {
    this.#name = name;
    this.#options = options;
    this.#onClosing = () => {
      for (const call of this.#open) call.abort(options.closing.reason);
    };
  }

  /** A call that is to be ended when its work is done; throws where none may be made now. */
  begin(callerSignal: AbortSignal | undefined): GuardedCall {
    const { closing, activity, clock, deadlineMs } = this.#options;
    closing.throwIfAborted();
    callerSignal?.throwIfAborted();
    if (activity.state === "offline") {
      throw offlineError(this.#name);
    }
    if (this.#open.size === 0) closing.addEventListener("abort", this.#onClosing);
    const call = new GuardedCall(callerSignal, {
      startTimer: (onLate) =>
        deadlineMs === Infinity ? undefined : clock.setTimer(onLate, deadlineMs, ALIVE),
      lateError: () =>
        this.#error("timeout", `the source did not answer within ${deadlineMs} ms; see deadline()`),
      onEnd: () => {
        this.#open.delete(call);
        if (this.#open.size === 0) closing.removeEventListener("abort", this.#onClosing);
      },
    });
    this.#open.add(call);
    return call;
  }

  #error(code: "unavailable" | "timeout", message: string): DioramaError {
    return new DioramaError(code, `${this.#name}: ${message}`, { place: { vista: this.#name } });
  }
}

/** The source is out of reach, and nobody tries. */
export function offlineError(vista: string): DioramaError {
  const message = `${vista}: the application is offline, and this needs the source`;
  return new DioramaError("unavailable", message, { place: { vista } });
}

/** Somebody waits for the source: the process stays for its answer, or for its lack of one. */
const ALIVE = { keepAlive: true } as const;

interface GuardedCallHost {
  startTimer(onLate: () => void): Timer | undefined;
  lateError(): DioramaError;
  onEnd(): void;
}

/** One call of the master, from its begin to its end. */
export class GuardedCall {
  readonly #controller = new AbortController();
  readonly #callerSignal: AbortSignal | undefined;
  readonly #host: GuardedCallHost;
  readonly #onCallerAbort: () => void;

  constructor(callerSignal: AbortSignal | undefined, host: GuardedCallHost) {
    this.#callerSignal = callerSignal;
    this.#host = host;
    this.#onCallerAbort = () => this.abort(callerSignal?.reason);
    callerSignal?.addEventListener("abort", this.#onCallerAbort);
  }

  /** For the source. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  abort(reason?: unknown): void {
    this.#controller.abort(reason);
  }

  /** Waits for the source, at most as long as the deadline says; what it says later does not matter. */
  async within<T>(ask: () => T | Promise<T>): Promise<T> {
    this.signal.throwIfAborted();
    const timer = this.#host.startTimer(() => this.abort(this.#host.lateError()));
    try {
      return await this.silent(ask);
    } finally {
      timer?.cancel();
    }
  }

  /** As `within`, for as long as it takes. */
  silent<T>(ask: () => T | Promise<T>): Promise<T> {
    return abortable(Promise.resolve(ask()), this.signal);
  }

  /** Lets go of everything. */
  end(): void {
    this.#callerSignal?.removeEventListener("abort", this.#onCallerAbort);
    this.#host.onEnd();
  }
}
