/** The ops queued between two calls of `flush`. */
export interface FlushGroup {
  open: number;
  readonly waiting: PromiseWithResolvers<void>[];
}

/** Tells when everything that was queued at a call has settled, at the cost of a counter for each op. */
export class FlushGroups {
  /** Oldest first; the last one takes new ops. */
  #groups: FlushGroup[] = [createGroup()];
  #open = 0;

  /** Ops that have not settled. */
  get open(): number {
    return this.#open;
  }

  join(): FlushGroup {
    const group = this.#groups.at(-1) ?? createGroup();
    group.open += 1;
    this.#open += 1;
    return group;
  }

  leave(group: FlushGroup): void {
    group.open -= 1;
    this.#open -= 1;
    while (this.#groups.length > 1 && this.#groups[0]?.open === 0) {
      for (const { resolve } of this.#groups.shift()?.waiting ?? []) resolve();
    }
  }

  /** Resolves when every op that joined before the call has left. */
  wait(): Promise<void> {
    if (this.#open === 0) return Promise.resolve();
    const waiting = Promise.withResolvers<void>();
    this.#groups.at(-1)?.waiting.push(waiting);
    this.#groups.push(createGroup());
    return waiting.promise;
  }

  /** Nothing leaves any more: tells those who wait. */
  close(error: Error): void {
    for (const { waiting } of this.#groups) for (const { reject } of waiting.splice(0)) reject(error);
  }
}

function createGroup(): FlushGroup {
  return { open: 0, waiting: [] };
}
