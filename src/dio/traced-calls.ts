import { callChannel, type SteppedWork, type TracedCall } from "../tracing/index.ts";

/** What is told of a call of the master before it is made. */
export interface CallLabel {
  readonly dio: string;
  readonly vista: string;
  readonly operation: string;
  readonly opId?: string | undefined;
}

/** Makes the call, and tells of it where somebody listens. */
export function traceCall<T>(label: CallLabel, work: () => Promise<T>): Promise<T> {
  return callChannel.hasSubscribers ? callChannel.trace({ ...label }, work, noteRows) : work();
}

/** A read goes on for as many batches as there are: this is told what came, and when it has ended. */
export class TracedWalk {
  readonly #message: TracedCall;
  readonly #work: SteppedWork;

  /** Of a read that begins now; nothing where nobody listens. */
  static begin(label: CallLabel): TracedWalk | undefined {
    return callChannel.hasSubscribers ? new TracedWalk(label) : undefined;
  }

  private constructor(label: CallLabel) {
    this.#message = { ...label, rows: 0 };
    this.#work = callChannel.begin(this.#message);
  }

  step<T>(ask: () => T): T {
    return this.#work.step(ask);
  }

  came(rows: number): void {
    this.#message.rows = (this.#message.rows ?? 0) + rows;
  }

  failed(error: unknown): void {
    this.#work.failed(error);
  }

  /** After a failure it changes nothing. */
  ended(): void {
    this.#work.ended();
  }
}

/** Asks the source for the next part, in the asynchronous context of the walk where somebody listens. */
export function within<T>(walk: TracedWalk | undefined, ask: () => T): T {
  return walk === undefined ? ask() : walk.step(ask);
}

/** Operations that answer with a page. */
const PAGED: ReadonlySet<string> = new Set(["page", "window", "next"]);

/** A number or a version brings no rows, and a write none that were asked for. */
function noteRows(message: TracedCall, result: unknown): void {
  if (message.operation === "get") message.rows = result === undefined ? 0 : 1;
  if (!PAGED.has(message.operation)) return;
  if (typeof result === "object" && result !== null && "rows" in result && Array.isArray(result.rows))
    message.rows = result.rows.length;
}
