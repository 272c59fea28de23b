import type { DioramaError } from "../base/index.ts";
import type { Seat } from "./flights.ts";

/** What the readers of one LiveTable wait for: each leaves alone when its signal fires, all of them at the end. */
export class Seats {
  readonly #taken = new Set<Seat<unknown>>();
  #closing: DioramaError | undefined;

  get isEnded(): boolean {
    return this.#closing !== undefined;
  }

  /** Throws once it has ended. */
  assertOpen(): void {
    if (this.#closing !== undefined) throw this.#closing;
  }

  async wait<T>(seat: Seat<T>, signal: AbortSignal | undefined): Promise<T> {
    if (this.#closing !== undefined) seat.leave(this.#closing);
    this.#taken.add(seat);
    try {
      return await waitFor(seat, signal);
    } finally {
      this.#taken.delete(seat);
    }
  }

  /** For work that nobody shares: it is left to end. */
  waitAlone<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    work.then(resolve, reject);
    return this.wait({ promise, leave: reject }, signal);
  }

  /** For work behind, whose failure is told elsewhere. */
  keep(seat: Seat<unknown>): void {
    this.wait(seat, undefined).catch(() => undefined);
  }

  end(reason: DioramaError): void {
    this.#closing = reason;
    for (const seat of Array.from(this.#taken)) seat.leave(reason);
  }
}

/** What the flight brings, or the signal's reason where that fires first. */
export async function waitFor<T>(seat: Seat<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return seat.promise;
  const leave = (): void => seat.leave(signal.reason);
  if (signal.aborted) leave();
  else signal.addEventListener("abort", leave, { once: true });
  try {
    return await seat.promise;
  } finally {
    signal.removeEventListener("abort", leave);
  }
}
