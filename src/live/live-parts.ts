import type { Vista } from "../vista/index.ts";
import type { Cache } from "./cache.ts";
import { CachedReads } from "./cached-reads.ts";
import { ListReads } from "./list-reads.ts";
import { LiveChanges } from "./live-changes.ts";
import type { LiveSettings } from "./live-options.ts";
import { LiveSteps } from "./live-steps.ts";
import { LiveWrites } from "./live-writes.ts";
import { MasterPages } from "./master-pages.ts";
import { originOf } from "./origin.ts";
import { PageWindows } from "./page-windows.ts";
import { Seats } from "./seats.ts";
import { everyEntry, type Shelf, shelfOf } from "./shelf.ts";
import { WholeReads } from "./whole-reads.ts";

/** What a LiveTable is made of, put together. */
export class LiveParts {
  readonly steps: LiveSteps;
  readonly seats: Seats = new Seats();
  readonly reads: CachedReads;
  readonly pages: MasterPages;
  readonly windows: PageWindows;
  readonly lists: ListReads;
  readonly writes: LiveWrites;
  readonly changes: LiveChanges;
  /** Gives up the claim on the cache key. */
  readonly release: () => void;

  constructor(
    master: Vista,
    target: Vista,
    cacheKey: string,
    settings: LiveSettings & { readonly cache: Cache },
  ) {
    const { clock, pageSize, ttlMs, staleForMs, stream } = settings;
    const shelf: Shelf = shelfOf(settings.cache, cacheKey);
    this.release = shelf.claim(originOf(master, pageSize));
    const { seats } = this;
    const steps = new LiveSteps(master.name, settings.logger);
    const wholes = new WholeReads({ master, pageSize, shelf, steps, clock });
    const pages = new MasterPages({ master, pageSize, shelf, steps, wholes, now: () => clock.now() });
    const reads = new CachedReads({ shelf, steps, seats, clock, ttlMs, staleForMs, name: master.name });
    const changes = new LiveChanges({ master, stream, shelf, steps, clock });
    this.steps = steps;
    this.pages = pages;
    this.reads = reads;
    this.changes = changes;
    this.windows = new PageWindows({ shelf, reads, pages, seats, steps, pageSize, name: master.name });
    this.lists = new ListReads({ shelf, reads, wholes, seats, steps, pageSize });
    this.writes = new LiveWrites({
      target,
      steps,
      clock,
      begin: () => shelf.beginWrite(steps),
      invalidate: () => {
        const dropped = changes.drop(everyEntry, "write");
        shelf.endWrite(steps);
        return dropped;
      },
      spare: () => shelf.endWrite(steps),
      tell: (change) => changes.tellOwn(change),
    });
  }
}
