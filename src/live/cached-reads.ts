import { type Clock, toDioramaError } from "../base/index.ts";
import type { Row } from "../record/index.ts";
import type { CachedRows } from "./cache.ts";
import type { Flight, Seat } from "./flights.ts";
import type { LiveSteps } from "./live-steps.ts";
import type { LivePlace } from "./live-step.ts";
import type { Seats } from "./seats.ts";
import type { Found, Shelf } from "./shelf.ts";

/** What the master answered. */
export interface Answer {
  readonly rows: ReadonlyMap<string, Row>;
  readonly total?: number | undefined;
  /** It is in the cache already. */
  readonly isHeld?: boolean;
}

/** One entry: where it is cached, and how the master is asked for it. */
export interface Wanted {
  readonly subKey: string;
  readonly page?: number;
  readonly id?: string;
  ask(flight: { readonly signal: AbortSignal; readonly isCurrent: boolean }): Promise<Answer>;
}

/** Fresh: served. Stale: served, and read again behind. Expired: read again first. */
export type Age = "fresh" | "stale" | "expired";

export interface CachedReadsHost {
  readonly shelf: Shelf;
  readonly steps: LiveSteps;
  readonly seats: Seats;
  readonly clock: Clock;
  readonly ttlMs: number;
  readonly staleForMs: number;
  /** For errors. */
  readonly name: string;
}

/** Entries through the cache: a hit asks nobody, a miss asks the master once however many wait. */
export class CachedReads {
  readonly #host: CachedReadsHost;

  constructor(host: CachedReadsHost) {
    this.#host = host;
  }

  async read(wanted: Wanted, signal: AbortSignal | undefined): Promise<CachedRows> {
    const { seats } = this.#host;
    const { entry, isFetched } = await seats.wait(this.#lookUp(wanted), signal);
    if (isFetched) return entry;
    const age = this.ageOf(entry);
    if (age === "expired") {
      try {
        return await seats.wait(this.refresh(wanted), signal);
      } catch (error) {
        signal?.throwIfAborted();
        seats.assertOpen();
        this.logRefresh(error);
      }
    }
    if (age === "stale") this.refreshBehind(wanted);
    this.tellHit(wanted, entry, age);
    return entry;
  }

  /** As `read`, for a flight: it ends with its own signal, and outlives the LiveTable where others wait for it. */
  refresh(wanted: Wanted): Seat<CachedRows> {
    this.#host.seats.assertOpen();
    return this.#host.shelf.refreshes.board(wanted.subKey, (flight) => this.#fetch(wanted, flight));
  }

  refreshBehind(wanted: Wanted): void {
    const { shelf, seats } = this.#host;
    if (shelf.refreshes.under(wanted.subKey) !== undefined) return;
    const seat = this.refresh(wanted);
    seats.keep(seat);
    seat.promise.then(
      () => this.#host.steps.works("refresh"),
      (error: unknown) => this.logRefresh(error),
    );
  }

  ageOf(entry: CachedRows): Age {
    const { clock, ttlMs, staleForMs } = this.#host;
    if (ttlMs === Infinity) return "fresh";
    const ageMs = clock.now() - entry.fetchedAt;
    // From the future: the clock was set back, and nobody knows how old it is.
    if (ageMs < 0) return "stale";
    if (ageMs <= ttlMs) return "fresh";
    return ageMs <= ttlMs + staleForMs ? "stale" : "expired";
  }

  tellHit(place: { subKey: string; page?: number; id?: string }, entry: CachedRows, age: Age): void {
    const { steps, clock } = this.#host;
    if (!steps.isHeard) return;
    const ageMs = Math.max(0, clock.now() - entry.fetchedAt);
    steps.tell({ kind: "hit", ...this.#placeOf(place), ageMs, isStale: age !== "fresh" });
  }

  /** A read again behind, or instead of old rows, failed: nobody else hears of it. */
  logRefresh(thrown: unknown): void {
    const { steps, seats, name } = this.#host;
    if (seats.isEnded) return;
    steps.log("refresh", toDioramaError(thrown, "unavailable", `${name}: reading old rows again failed`));
  }

  #lookUp(wanted: Wanted): Seat<Found> {
    const { shelf, steps, seats } = this.#host;
    seats.assertOpen();
    return shelf.lookups.board(wanted.subKey, async (flight) => {
      const held = await shelf.get(wanted.subKey, steps);
      if (held !== undefined) return { entry: held, isFetched: false };
      return { entry: await this.#fetch(wanted, flight), isFetched: true };
    });
  }

  async #fetch(wanted: Wanted, flight: Flight<unknown>): Promise<CachedRows> {
    const { shelf, steps, clock, name } = this.#host;
    const place = this.#placeOf(wanted);
    const startMs = clock.monotonic();
    const fetchedAt = clock.now();
    steps.tell({ kind: "miss", ...place });
    try {
      flight.signal.throwIfAborted();
      const { rows, total, isHeld = false } = await wanted.ask(flight);
      const entry = { rows, fetchedAt, total };
      const isKept = flight.isCurrent && (isHeld || shelf.put(wanted.subKey, entry, steps));
      const tookMs = clock.monotonic() - startMs;
      steps.tell({ kind: "fetched", ...place, rowCount: rows.size, tookMs, isKept });
      return entry;
    } catch (thrown) {
      const error = toDioramaError(thrown, "unavailable", `${name}: the master failed`);
      steps.tell({ kind: "fetchFailed", ...place, error });
      throw thrown;
    }
  }

  #placeOf({ subKey, page, id }: { subKey: string; page?: number; id?: string }): LivePlace {
    return { key: this.#host.shelf.keyOf(subKey), page, id };
  }
}
