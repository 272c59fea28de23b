import { type Clock, type DioramaError, unreachable } from "../base/index.ts";
import type { ChangeEvent, Vista } from "../vista/index.ts";
import { atMost } from "./at-most.ts";
import { FanOut } from "./fan-out.ts";
import type { LiveEvent, LiveStream } from "./live-stream.ts";
import type { LiveSteps } from "./live-steps.ts";
import { type Drop, everyEntry, type Shelf } from "./shelf.ts";
import { followStream } from "./stream-follower.ts";
import { COUNT, FIRST, PAGE, recordKey } from "./sub-keys.ts";

/** How long `close` waits for the event that is being handled. */
const LAST_EVENT_MS = 5_000;
/** So many pages are dropped one by one; with more of them, all go. */
const MAX_SINGLE_DROPS = 1_000;

export interface LiveChangesHost {
  readonly master: Vista;
  /** `undefined`: what the master tells of itself, where it does. */
  readonly stream: LiveStream | false | undefined;
  readonly shelf: Shelf;
  readonly steps: LiveSteps;
  readonly clock: Clock;
}

/** A change as those who watch are told it, whoever told it to us. */
type Change = ChangeEvent<object>;

/** What has changed elsewhere: dropped from the cache first, then told to those who watch. */
export class LiveChanges {
  readonly #host: LiveChangesHost;
  readonly #watchers = new FanOut<Change>({ type: "invalidated" });
  readonly #ending = new AbortController();
  /** Whoever tells us tells our own writes too. */
  readonly #hearsOwnWrites: boolean;
  readonly canWatch: boolean;
  readonly #done: Promise<void>;

  constructor(host: LiveChangesHost) {
    this.#host = host;
    const { master, stream, clock } = host;
    this.#hearsOwnWrites = stream === undefined;
    this.canWatch = stream === undefined ? master.capabilities.canSubscribe : stream !== false;
    if (this.canWatch) host.shelf.index.want();
    this.#done = this.canWatch
      ? followStream<Change>({
          clock,
          name: master.name,
          signal: this.#ending.signal,
          open: (signal) =>
            stream === undefined || stream === false
              ? master.watch({ signal })
              : changesOf(stream.subscribe({ signal })),
          handle: (change) => this.#handle(change),
          onLost: (error) => this.#onLost(error),
          onBack: () => this.drop(everyEntry, "streamLost"),
        })
      : Promise.resolve();
  }

  watch(signal: AbortSignal | undefined): AsyncIterable<Change> {
    return this.#watchers.listen(signal);
  }

  /** A write of our own, for those who watch: of the master they would hear it without us. */
  tellOwn(change: Change): void {
    if (!this.#hearsOwnWrites) this.#watchers.tell(change);
  }

  /** Drops, then tells it. What names no row is told to those who watch, too. */
  async drop(drop: Drop, cause: "write" | "event" | "streamLost" | "call"): Promise<void> {
    const { shelf, steps } = this.#host;
    await shelf.drop(drop, steps);
    if (steps.isHeard) {
      const prefixes = [...drop.prefixes, ...drop.entries].map((subKey) => shelf.keyOf(subKey));
      steps.tell({ kind: "invalidated", prefixes, cause });
    }
    if (cause === "call" || cause === "streamLost") this.#watchers.tell({ type: "invalidated" });
  }

  async close(): Promise<void> {
    this.#ending.abort();
    this.#watchers.end();
    await atMost(this.#done, this.#host.clock, LAST_EVENT_MS);
  }

  async #handle(change: Change): Promise<void> {
    const { shelf, steps, clock } = this.#host;
    const known = toKnown(change);
    this.#host.steps.works("stream");
    if (steps.isHeard) steps.tell({ kind: "eventReceived", event: toLiveEvent(known) });
    const drop = this.#dropFor(known);
    const dropped = this.drop(drop, "event");
    // Pages in front of a deleted row stay, and state a total that has changed.
    if (known.type === "deleted" && !drop.prefixes.includes(PAGE)) shelf.outdateTotals(clock.now(), steps);
    await dropped;
    this.#watchers.tell(known);
  }

  #dropFor(change: Change): Drop {
    switch (change.type) {
      case "invalidated":
        return everyEntry;
      case "inserted":
        return { prefixes: [PAGE], entries: [FIRST, COUNT, recordKey(change.id)] };
      case "updated":
        return this.#dropForUpdate(change.id);
      case "deleted":
        return this.#dropForDelete(change.id);
      default:
        return unreachable(change);
    }
  }

  /** In a narrowed or ordered view the row may come, go or move. */
  #dropForUpdate(id: string): Drop {
    const { master, shelf } = this.#host;
    const { conditions, order, search } = master.query;
    const isNarrowed = conditions.length > 0 || search !== undefined;
    if (isNarrowed || order.length > 0 || !shelf.index.isComplete) {
      const counted = isNarrowed ? [COUNT] : [];
      return { prefixes: [PAGE], entries: [FIRST, ...counted, recordKey(id)] };
    }
    return { prefixes: [], entries: [...shelf.index.listsOf(id), recordKey(id)] };
  }

  /** The rows behind it move up by one; where it stood nobody knows whose page is not cached. */
  #dropForDelete(id: string): Drop {
    const { index } = this.#host.shelf;
    const whole = { prefixes: [PAGE], entries: [FIRST, COUNT, recordKey(id)] };
    const held = index.listsOf(id);
    const pages = held.filter((list) => list !== FIRST).map(numberOf);
    if (!index.isComplete || pages.length === 0) return whole;
    const from = Math.min(...pages);
    const behind = [...index.names].filter((list) => list !== FIRST && numberOf(list) >= from);
    if (from === 1 || behind.length > MAX_SINGLE_DROPS) return whole;
    const firstGoes = held.includes(FIRST) ? [FIRST] : [];
    return { prefixes: [], entries: [...behind, ...firstGoes, COUNT, recordKey(id)] };
  }

  async #onLost(error: DioramaError): Promise<void> {
    const { steps } = this.#host;
    steps.log("stream", error);
    if (steps.isHeard) steps.tell({ kind: "streamLost", error });
    await this.drop(everyEntry, "streamLost");
  }
}

function numberOf(page: string): number {
  return Number(page.slice(PAGE.length));
}

async function* changesOf(events: AsyncIterable<LiveEvent>): AsyncGenerator<Change, void, undefined> {
  for await (const event of events) {
    yield event.type === "changed" ? { type: "invalidated" } : event;
  }
}

/** What is no change that we know may be any: then everything has changed. */
function toKnown(change: Change): Change {
  const { type } = change;
  const isOfRow = type === "inserted" || type === "updated" || type === "deleted";
  return isOfRow && typeof change.id === "string" && change.id !== "" ? change : { type: "invalidated" };
}

function toLiveEvent(change: Change): LiveEvent {
  return change.type === "invalidated" ? { type: "changed" } : { type: change.type, id: change.id };
}
