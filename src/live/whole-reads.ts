import { type Clock, errorAt, must, toDioramaError } from "../base/index.ts";
import type { Vista } from "../vista/index.ts";
import type { Flight, Seat } from "./flights.ts";
import { GrowingPages } from "./growing-pages.ts";
import type { LiveSteps } from "./live-steps.ts";
import type { Shelf } from "./shelf.ts";

/** The one flight's name. */
const ALL = "all";

export interface WholeReadsHost {
  readonly master: Vista;
  readonly pageSize: number;
  readonly shelf: Shelf;
  readonly steps: LiveSteps;
  readonly clock: Clock;
}

/** A seat in a read of everything, and what has come of it so far. */
export interface WholeSeat {
  readonly seat: Seat<void>;
  readonly growing: GrowingPages;
}

/** Reads of everything the master has: one at a time however many wait, and its end puts all pages into the cache. */
export class WholeReads {
  readonly #host: WholeReadsHost;

  constructor(host: WholeReadsHost) {
    this.#host = host;
  }

  get isUnderWay(): boolean {
    return this.#host.shelf.wholes.under(ALL) !== undefined;
  }

  board(): WholeSeat {
    const { shelf, pageSize } = this.#host;
    const seat = shelf.wholes.board(ALL, (flight) => {
      const growing = new GrowingPages(pageSize);
      shelf.growing = growing;
      return this.#read(flight, growing);
    });
    return { seat, growing: must(shelf.growing, "a read of everything is under way") };
  }

  async #read(flight: Flight<void>, growing: GrowingPages): Promise<void> {
    const { master, shelf, steps, clock } = this.#host;
    const place = { key: shelf.cacheKey };
    const startMs = clock.monotonic();
    const fetchedAt = clock.now();
    steps.tell({ kind: "miss", ...place });
    try {
      const seen = new Set<string>();
      for await (const batch of master.batches({ signal: flight.signal })) {
        for (const [id, row] of batch) {
          const before = seen.size;
          if (seen.add(id).size === before) throw this.#cameTwice(id);
          growing.add(id, row);
        }
      }
      growing.end();
      const isKept = flight.isCurrent && shelf.putPages(growing.pages, fetchedAt, steps);
      const tookMs = clock.monotonic() - startMs;
      steps.tell({ kind: "fetched", ...place, rowCount: seen.size, tookMs, isKept });
    } catch (thrown) {
      const error = toDioramaError(thrown, "unavailable", `${master.name}: the master failed`);
      steps.tell({ kind: "fetchFailed", ...place, error });
      throw thrown;
    }
  }

  #cameTwice(id: string): Error {
    const place = { vista: this.#host.master.name, id };
    return errorAt("rejected", place, "the source answered wrongly: the id came twice in one answer");
  }
}
