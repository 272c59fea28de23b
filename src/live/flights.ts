/** Somebody who waits for a flight. */
interface Waiter<T> {
  resolve(value: T): void;
  reject(error: unknown): void;
}

/** A seat in a flight. */
export interface Seat<T> {
  readonly promise: Promise<T>;
  /** Gives the seat up: the promise rejects with the reason. Idempotent. */
  leave(reason: unknown): void;
}

/**
 * One piece of work that many wait for. Who leaves, leaves alone; when the last one has left, the work is aborted
 * and nobody boards any more.
 */
export class Flight<T> {
  readonly #waiters = new Set<Waiter<T>>();
  /** Made when asked for: most flights end in the cache and need none. */
  #controller: AbortController | undefined;
  #abandoned: { readonly reason: unknown } | undefined;
  readonly #onEmpty: () => void;
  /** What it brings may be kept: it is wanted, and nothing that it is about was dropped since it began. */
  isCurrent: boolean = true;

  constructor(onEmpty: () => void) {
    this.#onEmpty = onEmpty;
  }

  /** Fires when nobody waits any more. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#abandoned !== undefined) this.#controller.abort(this.#abandoned.reason);
    }
    return this.#controller.signal;
  }

  board(): Seat<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const waiter: Waiter<T> = { resolve, reject };
    this.#waiters.add(waiter);
    const leave = (reason: unknown): void => {
      if (!this.#waiters.delete(waiter)) return;
      reject(reason);
      if (this.#waiters.size > 0) return;
      this.#abandoned = { reason };
      // A drop does not know of it any more.
      this.isCurrent = false;
      this.#onEmpty();
      this.#controller?.abort(reason);
    };
    return { promise, leave };
  }

  land(value: T): void {
    for (const waiter of this.#waiters) waiter.resolve(value);
    this.#waiters.clear();
  }

  crash(error: unknown): void {
    for (const waiter of this.#waiters) waiter.reject(error);
    this.#waiters.clear();
  }
}

/** One flight for each key at a time. A failed one does not stick. */
export class Flights<T> {
  readonly #flights = new Map<string, Flight<T>>();

  /** The one under way, which began after the last drop of what it is about. */
  under(key: string): Flight<T> | undefined {
    return this.#flights.get(key);
  }

  /** A seat in the flight of that key; where there is none, the work begins one, at once. */
  board(key: string, work: (flight: Flight<T>) => Promise<T>): Seat<T> {
    const running = this.#flights.get(key);
    if (running !== undefined) return running.board();
    const flight = new Flight<T>(() => this.#leave(key, flight));
    this.#flights.set(key, flight);
    const seat = flight.board();
    work(flight).then(
      (value) => {
        this.#leave(key, flight);
        flight.land(value);
      },
      (error: unknown) => {
        this.#leave(key, flight);
        flight.crash(error);
      },
    );
    return seat;
  }

  /** What these bring is not kept, and nobody boards them any more; who waits gets it. */
  outdate(isConcerned: (key: string) => boolean): void {
    for (const [key, flight] of this.#flights) {
      if (!isConcerned(key)) continue;
      flight.isCurrent = false;
      this.#flights.delete(key);
    }
  }

  #leave(key: string, flight: Flight<T>): void {
    if (this.#flights.get(key) === flight) this.#flights.delete(key);
  }
}
