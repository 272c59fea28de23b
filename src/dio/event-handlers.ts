import type { DioEvent } from "./events.ts";

export type EventHandler = (event: DioEvent) => unknown;

/** The handlers of one type of event, told in the order in which they came. */
export class EventHandlers {
  /** Never changed while it is walked: who comes or leaves meanwhile counts from the next event on. */
  #handlers: EventHandler[] = [];
  /** One for each handler, since the same function twice is two subscriptions. */
  #subscriptions: object[] = [];
  #walks = 0;

  get count(): number {
    return this.#handlers.length;
  }

  /** The returned function takes this one subscription back. */
  add(handler: EventHandler): () => void {
    const subscription = {};
    this.#ownLists();
    this.#handlers.push(handler);
    this.#subscriptions.push(subscription);
    return () => this.#remove(subscription);
  }

  /** Calls all of them, whatever each does; `onFailure` hears of those that throw or reject. */
  tell(event: DioEvent, onFailure: (error: unknown) => void): void {
    const handlers = this.#handlers;
    let next = 0;
    this.#walks += 1;
    while (next < handlers.length) {
      // Around the loop and not in it: ten thousand calls are then hardly more than a bare loop of calls.
      try {
        while (next < handlers.length) {
          const result = handlers[next++]?.(event);
          if (typeof result === "object" && result instanceof Promise) result.catch(onFailure);
        }
      } catch (error) {
        onFailure(error);
      }
    }
    this.#walks -= 1;
  }

  #remove(subscription: object): void {
    const index = this.#subscriptions.indexOf(subscription);
    if (index === -1) return;
    this.#ownLists();
    this.#handlers.splice(index, 1);
    this.#subscriptions.splice(index, 1);
  }

  #ownLists(): void {
    if (this.#walks > 0) this.#handlers = [...this.#handlers];
  }
}
