import { type Logger, messageOf, Ring } from "../base/index.ts";
import { type EventHandler, EventHandlers } from "./event-handlers.ts";
import type { DioEvent, DioEventBody, DioEventOf, DioEventType } from "./events.ts";
import { traceEvent } from "./traced-event.ts";

/** Events kept for slow subscribers; what falls off is told as `lagged`. */
export const RING_EVENTS = 1_024;

/** An own place in the event stream. `return()` (or leaving the loop) ends it. */
export interface EventSubscription extends AsyncIterableIterator<DioEvent, undefined> {
  return(): Promise<IteratorResult<DioEvent, undefined>>;
  [Symbol.asyncIterator](): EventSubscription;
}

/** Numbers events, keeps the last ones, and hands them to handlers and iterators; nobody can hold it up. */
export class EventBus {
  readonly #ring = new Ring<DioEvent>(RING_EVENTS);
  readonly #handlers = new Map<DioEventType, EventHandlers>();
  readonly #logger: Logger;
  /** Iterators that wait for the next event; those that left since are skipped. */
  #parked: Subscription[] = [];
  /** How many of the parked ones have left. */
  #gone = 0;
  readonly #open = new Set<Subscription>();
  readonly #host: SubscriptionHost;
  /** The name under which events are told on the tracing channels. */
  #tracedAs: string | undefined;
  #closed = false;

  constructor(logger: Logger) {
    this.#logger = logger;
    this.#host = {
      park: (waiting) => this.#parked.push(waiting),
      leave: (left, wasParked) => this.#leave(left, wasParked),
    };
  }

  /** From now on events are told on the tracing channels too, as those of the Dio of that name. */
  traceAs(dio: string): void {
    this.#tracedAs = dio;
  }

  get lastSeq(): number {
    return this.#ring.last;
  }

  get subscriberCount(): number {
    let handlers = 0;
    for (const list of this.#handlers.values()) handlers += list.count;
    return handlers + this.#open.size;
  }

  append(body: DioEventBody): void {
    if (this.#closed) return;
    this.#push({ seq: this.#ring.last + 1, ...body });
  }

  /** The most frequent events by far, made without a detour. */
  appendRow(type: "recordInserted" | "recordChanged" | "recordRemoved", id: string): void {
    if (!this.#closed) this.#push({ seq: this.#ring.last + 1, type, id });
  }

  #push(event: DioEvent): void {
    this.#ring.push(event);
    if (this.#tracedAs !== undefined) traceEvent(this.#tracedAs, event);
    if (this.#parked.length > 0) {
      const waiting = this.#parked;
      this.#parked = [];
      this.#gone = 0;
      for (const subscription of waiting) subscription.deliver(event);
    }
    this.#handlers.get(event.type)?.tell(event, (error) => this.#report(event, error));
  }

  /** Calls `handler` with each event of that type from now on; the returned function ends it. */
  on<T extends DioEventType>(type: T, handler: (event: DioEventOf<T>) => unknown): () => void {
    if (this.#closed) return () => undefined;
    let handlers = this.#handlers.get(type);
    if (handlers === undefined) this.#handlers.set(type, (handlers = new EventHandlers()));
    // These are told of one type only.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
    return handlers.add(handler as EventHandler);
  }

  /** Every event from now on. */
  subscribe(): EventSubscription {
    const subscription = new Subscription(this.#ring, this.#host);
    if (this.#closed) subscription.end();
    else this.#open.add(subscription);
    return subscription;
  }

  /** Iterators still get what was kept for them, then end. */
  close(): void {
    this.#closed = true;
    this.#handlers.clear();
    for (const subscription of this.#open) subscription.end();
    this.#open.clear();
    this.#parked = [];
  }

  #leave(left: Subscription, wasParked: boolean): void {
    this.#open.delete(left);
    if (!wasParked) return;
    this.#gone += 1;
    // Searching for each one would cost n for each; so the list is gone over when half of it has left.
    if (this.#gone * 2 <= this.#parked.length) return;
    this.#parked = this.#parked.filter((waiting) => waiting.isWaiting);
    this.#gone = 0;
  }

  #report(event: DioEvent, error: unknown): void {
    this.#logger.error("event handler failed", {
      type: event.type,
      seq: event.seq,
      reason: messageOf(error),
    });
  }
}

interface SubscriptionHost {
  park(subscription: Subscription): void;
  leave(subscription: Subscription, wasParked: boolean): void;
}

type Waiter = (result: IteratorResult<DioEvent, undefined>) => void;

class Subscription implements EventSubscription {
  readonly #ring: Ring<DioEvent>;
  readonly #host: SubscriptionHost;
  /** The `next()` that waits, and those that were called on top of it. */
  #waiter: Waiter | undefined;
  #moreWaiters: Waiter[] | undefined;
  #nextSeq: number;
  #ended = false;

  constructor(ring: Ring<DioEvent>, host: SubscriptionHost) {
    this.#ring = ring;
    this.#host = host;
    this.#nextSeq = ring.last + 1;
  }

  get isWaiting(): boolean {
    return this.#waiter !== undefined;
  }

  [Symbol.asyncIterator](): EventSubscription {
    return this;
  }

  next(): Promise<IteratorResult<DioEvent, undefined>> {
    const kept = this.#waiter === undefined ? this.#take() : undefined;
    if (kept !== undefined) return Promise.resolve({ value: kept, done: false });
    if (this.#ended) return Promise.resolve(ENDED);
    return new Promise((resolve) => this.#wait(resolve));
  }

  return(): Promise<IteratorResult<DioEvent, undefined>> {
    const { isWaiting } = this;
    // What comes after it is not for this subscriber any more.
    this.#nextSeq = Infinity;
    this.end();
    this.#host.leave(this, isWaiting);
    return Promise.resolve(ENDED);
  }

  deliver(event: DioEvent): void {
    const resolve = this.#waiter;
    if (resolve === undefined) return;
    this.#nextSeq = event.seq + 1;
    this.#waiter = this.#moreWaiters?.shift();
    if (this.#waiter !== undefined) this.#host.park(this);
    resolve({ value: event, done: false });
  }

  end(): void {
    this.#ended = true;
    const waiters = [this.#waiter, ...(this.#moreWaiters ?? [])];
    this.#waiter = undefined;
    this.#moreWaiters = undefined;
    for (const resolve of waiters) resolve?.(ENDED);
  }

  #wait(resolve: Waiter): void {
    if (this.#waiter === undefined) {
      this.#waiter = resolve;
      this.#host.park(this);
    } else {
      this.#moreWaiters ??= [];
      this.#moreWaiters.push(resolve);
    }
  }

  #take(): DioEvent | undefined {
    const missed = this.#ring.oldest - this.#nextSeq;
    if (missed > 0) {
      this.#nextSeq = this.#ring.oldest;
      return { seq: this.#nextSeq - 1, type: "lagged", missed };
    }
    if (this.#nextSeq > this.#ring.last) return undefined;
    this.#nextSeq += 1;
    return this.#ring.at(this.#nextSeq - 1);
  }
}

const ENDED: IteratorReturnResult<undefined> = { value: undefined, done: true };
