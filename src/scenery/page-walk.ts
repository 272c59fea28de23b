import { abortable, DioramaError, toDioramaError } from "../base/index.ts";
import type { Query } from "../query/index.ts";
import type { NextRows, SceneryHost } from "./scenery-host.ts";
import { Sequence } from "./sequence.ts";

/** So many pages in a row may bring nothing new until a walk is taken for done. */
const MAX_IDLE_PAGES = 10;

export interface PageWalkOptions {
  readonly host: SceneryHost;
  readonly query: Query;
  readonly pageSize: number;
  /** Goes on from its end; without it, from the start. */
  readonly from?: Sequence;
  /** It is done when there are so many rows, or no more. */
  readonly goal: number;
}

/** How a walk went; one that was aborted says nothing. */
export interface PageWalkEvents {
  /** Before the page is appended; answers what to do with it. */
  onPage(walk: PageWalk, page: NextRows): void;
  onDone(walk: PageWalk): void;
  onFailure(walk: PageWalk, error: DioramaError): void;
}

/** Pages one after the other, by their tokens. */
export class PageWalk {
  /** What it appends to. */
  readonly rows: Sequence;
  /** Whether it walks on what was there before. */
  readonly isOnward: boolean;
  /** May be put further while it goes on. */
  goal: number;
  readonly #options: PageWalkOptions;
  readonly #events: PageWalkEvents;
  readonly #ending = new AbortController();

  constructor(options: PageWalkOptions, events: PageWalkEvents) {
    this.rows = options.from ?? new Sequence();
    this.isOnward = options.from !== undefined;
    this.goal = options.goal;
    this.#options = options;
    this.#events = events;
    void this.#run();
  }

  abort(): void {
    const { name } = this.#options.host;
    this.#ending.abort(new DioramaError("closed", `${name}: nobody wants these rows any more`));
  }

  /** Never rejects. */
  async #run(): Promise<void> {
    const { signal } = this.#ending;
    const { host } = this.#options;
    // Never in the middle of a publication.
    await Promise.resolve();
    let failure: DioramaError | undefined;
    try {
      for (let idle = 0; idle < MAX_IDLE_PAGES;) {
        signal.throwIfAborted();
        const { size } = this.rows;
        this.#events.onPage(this, await this.#nextPage());
        if (this.rows.hasEnded || this.rows.size >= this.goal) break;
        idle = this.rows.size === size ? idle + 1 : 0;
      }
    } catch (error) {
      failure = toDioramaError(error, "unavailable", `${host.name}: loading rows from ${this.rows.size} on`);
    }
    if (signal.aborted) return;
    if (failure === undefined) this.#events.onDone(this);
    else this.#events.onFailure(this, failure);
  }

  #nextPage(): Promise<NextRows> {
    const { host, query, pageSize } = this.#options;
    const { signal } = this.#ending;
    return abortable(host.loadNext(this.rows.token, pageSize, query, signal), signal);
  }
}
