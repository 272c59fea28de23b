/** A named place where something is told to whoever listens there; nobody does: only `hasSubscribers` is looked at. */
export interface Channel<M extends object> {
  readonly hasSubscribers: boolean;
  /** Calls every subscriber at once. Never throws, whatever they do. */
  publish(message: M): void;
}

/** As Channel, for work that takes time: its subscribers hear of its start and its end, with one message object. */
export interface WorkChannel<M extends object> {
  readonly hasSubscribers: boolean;
  /**
   * Does the work and answers as it does. `note` writes into the message what is known at its end; what the work
   * answers is not told, since it may hold rows.
   */
  trace<T>(message: M, work: () => Promise<T>, note?: (message: M, result: T) => void): Promise<T>;
  /** Begins work that goes on step by step; only where there are subscribers. */
  begin(message: M): SteppedWork;
}

/** Work that begins now and ends once, as one of the two says first. */
export interface SteppedWork {
  /** Does a part of it, in the asynchronous context of the whole. */
  step<T>(work: () => T): T;
  ended(): void;
  failed(error: unknown): void;
}
