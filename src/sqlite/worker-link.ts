import { Worker } from "node:worker_threads";
import {
  type Clock,
  DioramaError,
  type ErrorCode,
  type ErrorPlace,
  type Logger,
  messageOf,
  must,
  systemClock,
} from "../base/index.ts";

/** A worker that ended by itself is started again at the next call, but no more often than this. */
const MIN_RESTART_MS = 1_000;
/** A worker that was told to close its file leaves by itself within this, or is ended. */
const MAX_LEAVE_MS = 2_000;

/** A worker's calls by name: what each takes and what it answers. */
export type CallsOf<Calls> = {
  readonly [K in keyof Calls]: { readonly take: unknown; readonly give: unknown };
};

export interface Request<Calls extends CallsOf<Calls>, K extends keyof Calls = keyof Calls> {
  readonly call: number;
  readonly kind: K;
  readonly take: Calls[K]["take"];
}

export interface Failure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly place: ErrorPlace;
}

export type Reply<Give = unknown> =
  | { readonly call: number; readonly give: Give }
  | { readonly call: number; readonly failure: Failure }
  /** Of several calls at once. */
  | { readonly all: readonly Reply[] }
  /** A rare change of state, for the log. */
  | { readonly notice: string };

export interface WorkerSettings {
  /** For people, as in "the cache worker of /tmp/cache". */
  readonly what: string;
  /** Of the thread. */
  readonly name: string;
  readonly file: URL;
  /** What the worker is told at its start. */
  readonly data: unknown;
  readonly clock: Clock;
  readonly logger: Logger;
}

interface Waiting {
  readonly resolve: (give: unknown) => void;
  readonly reject: (error: DioramaError) => void;
}

/**
 * The main thread's end of a worker that keeps a file: calls are answered in the order they were made, each
 * exactly once, also when the worker dies. Nothing waits: nothing holds the process.
 */
export class WorkerLink<Calls extends CallsOf<Calls>> {
  readonly #settings: WorkerSettings;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #lastCall = 0;
  #startedAt = Number.NEGATIVE_INFINITY;
  #isEnded = false;
  #onNotice: (() => void) | undefined;

  constructor(settings: WorkerSettings) {
    this.#settings = settings;
  }

  call<K extends keyof Calls>(
    kind: K,
    take: Calls[K]["take"],
    transfer: readonly ArrayBuffer[] = [],
  ): Promise<Calls[K]["give"]> {
    return new Promise((resolve, reject) => {
      const worker = this.#worker ?? this.#start();
      const call = ++this.#lastCall;
      // The worker answers by the same protocol.
      this.#waiting.set(call, { resolve, reject });
      if (this.#waiting.size === 1) worker.ref();
      worker.postMessage({ call, kind, take } satisfies Request<Calls, K>, transfer);
    });
  }

  /** Calls behind each notice: something rare has happened to the file. */
  onNotice(listener: () => void): void {
    this.#onNotice = listener;
  }

  /** Whether there is a worker that holds something. */
  get isRunning(): boolean {
    return this.#worker !== undefined;
  }

  /** Whether a worker was ever started: until then nobody has looked at the file. */
  get hasRun(): boolean {
    return this.#startedAt > Number.NEGATIVE_INFINITY;
  }

  /** Ends the worker, whatever it does: its calls fail. The next call starts another one. */
  async terminate(): Promise<void> {
    await this.#worker?.terminate();
  }

  /** Ends the worker for good; calls are `closed` from now on. Idempotent. */
  async end(): Promise<void> {
    this.#isEnded = true;
    await this.terminate();
  }

  /** As `end`, of a worker that was told to close its file: it leaves by itself, which is gentler on the process. */
  async leave(): Promise<void> {
    this.#isEnded = true;
    const worker = this.#worker;
    if (worker === undefined) return;
    // Nothing else may hold the process, and whoever waits here must be answered.
    worker.ref();
    const left = new Promise((resolve) => worker.once("exit", resolve));
    const timer = systemClock.setTimer(() => void worker.terminate(), MAX_LEAVE_MS);
    await left;
    timer.cancel();
  }

  #start(): Worker {
    const { what, name, file, data, clock } = this.#settings;
    if (this.#isEnded) throw new DioramaError("closed", `${what} is closed`);
    const now = clock.monotonic();
    if (now - this.#startedAt < MIN_RESTART_MS) {
      throw new DioramaError(
        "unavailable",
        `${what} ended by itself and is started again in a moment; try again`,
      );
    }
    this.#startedAt = now;
    const worker = new Worker(file, {
      name,
      workerData: data,
      // Flags such as `--input-type` are the program's own.
      execArgv: [],
    });
    this.#worker = worker;
    worker.unref();
    worker.on("message", (reply: Reply) => {
      if (this.#worker === worker) this.#onReply(reply);
    });
    worker.on("messageerror", () => void worker.terminate());
    worker.on("error", (error) => this.#onEnd(worker, messageOf(error)));
    worker.on("exit", (exitCode) => this.#onEnd(worker, `it exited with code ${exitCode}`));
    return worker;
  }

  #onReply(reply: Reply): void {
    if ("notice" in reply) {
      this.#settings.logger.info(reply.notice);
      this.#onNotice?.();
      return;
    }
    if ("all" in reply) {
      for (const each of reply.all) this.#onReply(each);
      return;
    }
    const waiting = must(this.#waiting.get(reply.call), "a reply belongs to a call");
    this.#waiting.delete(reply.call);
    if (this.#waiting.size === 0) this.#worker?.unref();
    if ("give" in reply) return waiting.resolve(reply.give);
    const { code, message, place } = reply.failure;
    waiting.reject(new DioramaError(code, message, { place }));
  }

  #onEnd(worker: Worker, reason: string): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    const code = this.#isEnded ? "closed" : "unavailable";
    const message = `${this.#settings.what} ended: ${reason}`;
    if (!this.#isEnded) this.#settings.logger.error(message);
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of waiting) reject(new DioramaError(code, message));
  }
}
