import { Worker } from "node:worker_threads";
import { type Clock, DioramaError, type Logger, messageOf, must } from "../../base/index.ts";
import type { CacheCalls, CallName, Reply, Request, WorkerSettings } from "./protocol.ts";

/** A worker that ended by itself is started again at the next call, but no more often than this. */
const MIN_RESTART_MS = 1_000;

interface Waiting {
  readonly resolve: (give: unknown) => void;
  readonly reject: (error: DioramaError) => void;
}

/**
 * The main thread's end of the worker: calls are answered in the order they were made, each exactly once,
 * also when the worker dies. Nothing waits: nothing holds the process.
 */
export class WorkerLink {
  readonly #settings: WorkerSettings;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #lastCall = 0;
  #startedAt = Number.NEGATIVE_INFINITY;
  #isEnded = false;

  constructor(settings: WorkerSettings, clock: Clock, logger: Logger) {
    this.#settings = settings;
    this.#clock = clock;
    this.#logger = logger;
  }

  call<K extends CallName>(
    kind: K,
    take: CacheCalls[K]["take"],
    transfer: readonly ArrayBuffer[] = [],
  ): Promise<CacheCalls[K]["give"]> {
    return new Promise((resolve, reject) => {
      const worker = this.#worker ?? this.#start();
      const call = ++this.#lastCall;
      this.#waiting.set(call, {
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the worker answers by the same protocol
        resolve: (give) => resolve(give as CacheCalls[K]["give"]),
        reject,
      });
      if (this.#waiting.size === 1) worker.ref();
      worker.postMessage({ call, kind, take } satisfies Request<K>, transfer);
    });
  }

  /** Whether there is a worker that holds something. */
  get isRunning(): boolean {
    return this.#worker !== undefined;
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

  #start(): Worker {
    const { folder } = this.#settings;
    if (this.#isEnded) throw new DioramaError("closed", `the cache in ${folder} is closed`);
    const now = this.#clock.monotonic();
    if (now - this.#startedAt < MIN_RESTART_MS) {
      throw new DioramaError(
        "unavailable",
        `the cache worker of ${folder} ended by itself and is started again in a moment; try again`,
      );
    }
    this.#startedAt = now;
    const file = import.meta.url.endsWith(".ts") ? "./cache-worker.ts" : "./cache-worker.js";
    const worker = new Worker(new URL(file, import.meta.url), {
      name: "diorama-cache",
      workerData: this.#settings,
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
    if ("notice" in reply) return this.#logger.info(reply.notice);
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
    const message = `the cache worker of ${this.#settings.folder} ended: ${reason}`;
    if (!this.#isEnded) this.#logger.error(message);
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of waiting) reject(new DioramaError(code, message));
  }
}
