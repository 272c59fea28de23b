import type { Row } from "../record/index.ts";
import type { CachedRows } from "./cache.ts";
import type { Age, CachedReads } from "./cached-reads.ts";
import type { LiveSteps } from "./live-steps.ts";
import { agree, isLastPage } from "./page-windows.ts";
import type { Seats } from "./seats.ts";
import type { Shelf } from "./shelf.ts";
import { pageKey } from "./sub-keys.ts";
import type { WholeReads } from "./whole-reads.ts";

/** Pages that are looked up together, at most. */
const MAX_GROUP = 64;

type Page = ReadonlyMap<string, Row>;

export interface ListReadsHost {
  readonly shelf: Shelf;
  readonly reads: CachedReads;
  readonly wholes: WholeReads;
  readonly seats: Seats;
  readonly steps: LiveSteps;
  readonly pageSize: number;
}

/** Every row: of the cache where all pages are there and agree, else by one read of the master that others join. */
export class ListReads {
  readonly #host: ListReadsHost;

  constructor(host: ListReadsHost) {
    this.#host = host;
  }

  /** Pages in their order, none of them empty. */
  async *pages(signal: AbortSignal | undefined): AsyncGenerator<Page, void, undefined> {
    const { reads, seats } = this.#host;
    seats.assertOpen();
    const held = await seats.waitAlone(this.#held(signal), signal);
    seats.assertOpen();
    const age = held === undefined ? "expired" : this.#ageOf(held);
    if (held === undefined) {
      yield* this.#stream(signal);
      return;
    }
    if (age === "stale") this.#refreshBehind();
    if (age === "expired") {
      try {
        yield* await this.#readFirst(signal);
        return;
      } catch (error) {
        signal?.throwIfAborted();
        seats.assertOpen();
        reads.logRefresh(error);
      }
    }
    for (const [at, page] of held.entries()) {
      reads.tellHit({ subKey: pageKey(at + 1), page: at + 1 }, page, age);
      if (page.rows.size > 0) yield page.rows;
    }
  }

  /** All pages, where they are cached and of one state. */
  async #held(signal: AbortSignal | undefined): Promise<readonly CachedRows[] | undefined> {
    const { shelf, steps } = this.#host;
    const { generation } = shelf;
    const held: CachedRows[] = [];
    for (let group = 1; ; group = Math.min(group * 2, MAX_GROUP)) {
      signal?.throwIfAborted();
      const numbers = Array.from({ length: group }, (_, at) => held.length + at + 1);
      const found = await Promise.all(numbers.map((number) => shelf.get(pageKey(number), steps)));
      for (const page of found) {
        if (page === undefined) return undefined;
        held.push(page);
        if (!isLastPage(page, held.length, this.#host)) continue;
        return shelf.generation === generation && agree(held, shelf) ? held : undefined;
      }
    }
  }

  /** The pages as they come. */
  async *#stream(signal: AbortSignal | undefined): AsyncGenerator<Page, void, undefined> {
    const { wholes, seats } = this.#host;
    const { seat, growing } = wholes.board();
    const ended = seats.wait(seat, signal);
    // It is looked at whenever there is nothing more to give.
    ended.catch(() => undefined);
    try {
      for (let at = 0, isOver = false; ;) {
        const page = growing.pages[at];
        if (page !== undefined) {
          at += 1;
          if (page.size > 0) yield page;
        } else if (isOver) return;
        else isOver = await Promise.race([growing.growth.then(() => false), ended.then(() => true)]);
      }
    } finally {
      // Its reader had enough: without effect where the read has ended.
      seat.leave(undefined);
    }
  }

  async #readFirst(signal: AbortSignal | undefined): Promise<readonly Page[]> {
    const { seat, growing } = this.#host.wholes.board();
    await this.#host.seats.wait(seat, signal);
    return growing.pages.filter((page) => page.size > 0);
  }

  #refreshBehind(): void {
    const { wholes, seats, reads, steps } = this.#host;
    if (wholes.isUnderWay) return;
    const { seat } = wholes.board();
    seats.keep(seat);
    seat.promise.then(
      () => steps.works("refresh"),
      (error: unknown) => reads.logRefresh(error),
    );
  }

  /** Of the oldest. */
  #ageOf(held: readonly CachedRows[]): Age {
    const ages = new Set(held.map((page) => this.#host.reads.ageOf(page)));
    if (ages.has("expired")) return "expired";
    return ages.has("stale") ? "stale" : "fresh";
  }
}
