import { DioramaError, isDioramaError, SingleFlight, toDioramaError } from "../base/index.ts";
import type { Row } from "../record/index.ts";
import type { Cache, CachedRows } from "./cache.ts";
import { isEntry } from "./entry-check.ts";
import { Flights } from "./flights.ts";
import type { GrowingPages } from "./growing-pages.ts";
import type { LiveSteps } from "./live-steps.ts";
import { fromNote, isSameOrigin, ORIGIN, type Origin, toNote } from "./origin.ts";
import { PageIndex } from "./page-index.ts";
import { COUNT, FIRST, isList, PAGE, pageKey } from "./sub-keys.ts";
import { TokenWalk } from "./token-walk.ts";

/** What goes out of the cache: sub-keys, and beginnings of sub-keys; the empty one is that of them all. */
export interface Drop {
  readonly prefixes: readonly string[];
  readonly entries: readonly string[];
}

export const everyEntry: Drop = { prefixes: [""], entries: [] };

/** An entry, and whether the master was asked for it now. */
export interface Found {
  readonly entry: CachedRows;
  readonly isFetched: boolean;
}

const noRows: ReadonlyMap<string, Row> = new Map();

/**
 * Everything under one cache key, shared by all LiveTables of this process that use it: what is under way, what is
 * known of the entries, and the only door to the cache. What could not be dropped is never served.
 */
export class Shelf {
  readonly cacheKey: string;
  readonly lookups: Flights<Found> = new Flights();
  readonly refreshes: Flights<CachedRows> = new Flights();
  readonly wholes: Flights<void> = new Flights();
  /** Of the read of everything that is under way. */
  growing: GrowingPages | undefined;
  readonly index: PageIndex = new PageIndex();
  /** Of masters that are walked; begun anew with every drop. */
  walk: TokenWalk = new TokenWalk();
  /** Pages were asked for anew and disagreed all the same: that is how this master is, until others come. */
  disagrees: boolean = false;
  readonly #cache: Cache;
  readonly #repairs = new SingleFlight<"", boolean>();
  #origin: Origin | undefined;
  #claims = 0;
  /** Writes on their way, of all LiveTables. */
  #writes = 0;
  #generation = 0;
  #totalsFrom = 0;
  /** The entries that are there are of this origin. */
  #isOpened = false;
  /** The origin is noted in the cache. */
  #isNoted = false;
  /** The last note could not be stored: an older one may be there. */
  #isNoteOld = false;
  /** Drops of everything. */
  #clearings = 0;
  /** Drops that failed; as many of them as some clearing has made good. */
  #failures = 0;
  #mended = 0;

  constructor(cache: Cache, cacheKey: string) {
    this.#cache = cache;
    this.cacheKey = cacheKey;
  }

  /** Counts the drops: parts of an answer that were read under one number are of one state of the cache. */
  get generation(): number {
    return this.#generation;
  }

  /** For a LiveTable that opens; returns what gives the claim up, to be called once. Two origins at a time are `invalid`. */
  claim(origin: Origin): () => void {
    if (this.#origin === undefined || !isSameOrigin(this.#origin, origin)) {
      if (this.#claims > 0) throw this.#isTaken();
      this.#origin = origin;
      this.#isOpened = false;
      this.#isNoted = false;
      this.#totalsFrom = 0;
      this.#forgetLists();
    }
    this.#claims += 1;
    return () => {
      this.#claims -= 1;
      if (this.#claims === 0) this.#forgetLists();
    };
  }

  /** `undefined` for a miss, and where the cache can't tell or can't be trusted. Never rejects. */
  async get(subKey: string, steps: LiveSteps): Promise<CachedRows | undefined> {
    if (!this.#isUsable && !(await this.#repairs.run("", () => this.#repair(steps)))) return undefined;
    try {
      const found = await this.#getEntry(subKey);
      steps.works("get");
      return found;
    } catch (error) {
      this.#tell("get", subKey, error, steps);
      return undefined;
    }
  }

  /** Whether it is on its way into the cache: a later `get` finds it, unless the cache fails to keep it. */
  put(subKey: string, entry: CachedRows, steps: LiveSteps): boolean {
    if (!this.#isUsable) return false;
    if (!this.#isNoted) void this.#note(steps);
    if (isList(subKey)) {
      this.index.note(subKey, entry.rows.keys());
      this.disagrees = false;
    }
    this.#send(subKey, entry, steps).catch(() => undefined);
    return true;
  }

  /** All pages at once, in place of those that were there. */
  putPages(pages: readonly ReadonlyMap<string, Row>[], fetchedAt: number, steps: LiveSteps): boolean {
    if (!this.#isUsable) return false;
    this.#generation += 1;
    this.#remove({ prefixes: [PAGE], entries: [FIRST] }, steps).catch(() => undefined);
    this.index.begin();
    const total = pages.reduce((sum, page) => sum + page.size, 0);
    this.put(COUNT, { rows: noRows, fetchedAt, total }, steps);
    for (const [at, rows] of pages.entries()) this.put(pageKey(at + 1), { rows, fetchedAt, total }, steps);
    return true;
  }

  /**
   * At once: what is under way brings nothing into the cache that it is about, and nobody joins it. Resolves when
   * the entries are gone, or are not trusted any more. Lists that are under way may hold any row, and are all outdated.
   */
  async drop(drop: Drop, steps: LiveSteps): Promise<void> {
    this.#generation += 1;
    this.walk = new TokenWalk();
    this.#outdate(drop);
    for (const subKey of drop.entries) this.index.drop(subKey);
    if (drop.prefixes.includes("")) {
      this.#clearings += 1;
      this.#isNoted = false;
      this.#totalsFrom = 0;
    }
    const leavesNoList = drop.prefixes.includes(PAGE) && drop.entries.includes(FIRST);
    if (leavesNoList || drop.prefixes.includes("")) this.index.begin();
    await this.#remove(drop, steps).catch(() => undefined);
  }

  /** Totals of what is cached now are not told any more, in the next process neither. */
  outdateTotals(nowMs: number, steps: LiveSteps): void {
    this.#totalsFrom = Math.max(this.#totalsFrom, nowMs);
    if (this.#isUsable) void this.#note(steps);
  }

  /**
   * Before a write is sent: a process that ends before the drop leaves a note of it, and the next one drops everything.
   * Never rejects.
   */
  async beginWrite(steps: LiveSteps): Promise<void> {
    this.#writes += 1;
    const isUsable = this.#isUsable || (await this.#repairs.run("", () => this.#repair(steps)));
    // Without a note nothing is cached, and what is put from now on brings the note with it.
    if (isUsable && (this.#isNoted || this.#isNoteOld)) await this.#note(steps);
  }

  /** After a drop of everything has been called, or where nothing was sent. */
  endWrite(steps: LiveSteps): void {
    this.#writes -= 1;
    if (this.#writes === 0 && this.#isNoted && this.#isUsable) void this.#note(steps);
  }

  /** The total that the entry states, where it is still to be believed. */
  totalOf(entry: CachedRows): number | undefined {
    return entry.fetchedAt > this.#totalsFrom || this.#totalsFrom === 0 ? entry.total : undefined;
  }

  keyOf(subKey: string): string {
    return subKey === "" ? this.cacheKey : `${this.cacheKey}/${subKey}`;
  }

  /** What is known of the cached lists: it may be much, and the next LiveTable may come late, or never. */
  #forgetLists(): void {
    this.index.forget();
    this.walk = new TokenWalk();
    this.growing = undefined;
  }

  get #isUsable(): boolean {
    return this.#isOpened && this.#mended === this.#failures;
  }

  #outdate(drop: Drop): void {
    const isConcerned = (subKey: string): boolean =>
      isList(subKey) ||
      drop.entries.includes(subKey) ||
      drop.prefixes.some((prefix) => subKey.startsWith(prefix));
    this.lookups.outdate(isConcerned);
    this.refreshes.outdate(isConcerned);
    this.wholes.outdate(() => true);
  }

  async #remove(drop: Drop, steps: LiveSteps): Promise<void> {
    const failures = this.#failures;
    const cache = this.#cache;
    const gone = [
      ...drop.prefixes.map(async (prefix) => cache.invalidatePrefix(this.keyOf(prefix))),
      ...drop.entries.map(async (subKey) => {
        const key = this.keyOf(subKey);
        await (cache.delete === undefined ? cache.invalidatePrefix(key) : cache.delete(key));
      }),
    ];
    try {
      await Promise.all(gone);
      if (drop.prefixes.includes("")) this.#cleared(failures);
      steps.works("invalidation");
    } catch (error) {
      this.#failures += 1;
      this.#tellUndropped(error, steps);
      throw error;
    }
  }

  /** Everything is gone that was there when `failures` drops had failed. */
  #cleared(failures: number): void {
    this.#isOpened = true;
    this.#mended = Math.max(this.#mended, failures);
  }

  /** Whether the cache can be used after all: what could not be dropped is tried again, the origin is compared. */
  async #repair(steps: LiveSteps): Promise<boolean> {
    if (this.#mended === this.#failures) {
      const { clearings, noted } = { clearings: this.#clearings, noted: await this.#readOrigin(steps) };
      if (noted === "unknown") return false;
      if (this.#clearings !== clearings || this.#isOpened) return this.#isUsable;
      if (noted?.isWriting === false && this.#origin !== undefined && isSameOrigin(noted, this.#origin)) {
        this.#isOpened = true;
        this.#isNoted = true;
        this.#totalsFrom = Math.max(this.#totalsFrom, noted.totalsFrom);
        return this.#isUsable;
      }
    }
    this.#isNoted = false;
    this.index.begin();
    await this.#remove(everyEntry, steps).catch(() => undefined);
    return this.#isUsable;
  }

  async #readOrigin(steps: LiveSteps): Promise<ReturnType<typeof fromNote> | "unknown"> {
    try {
      const entry = await this.#getEntry(ORIGIN);
      return entry === undefined ? undefined : fromNote(entry);
    } catch (error) {
      this.#tell("get", ORIGIN, error, steps);
      return isDioramaError(error, "corrupt") ? undefined : "unknown";
    }
  }

  async #getEntry(subKey: string): Promise<CachedRows | undefined> {
    // Many stores say null for what they don't have.
    const found: unknown = (await this.#cache.get(this.keyOf(subKey))) ?? undefined;
    if (found === undefined || isEntry(found)) return found;
    const what = "the cache answered with what is no entry of rows, fetchedAt and total; it counts as a miss";
    throw new DioramaError("corrupt", `LiveTable ${this.cacheKey}: ${what}`);
  }

  /** Stores what the entries are of. Never rejects. */
  async #note(steps: LiveSteps): Promise<void> {
    if (this.#origin === undefined) return;
    this.#isNoted = true;
    const noted = { ...this.#origin, totalsFrom: this.#totalsFrom, isWriting: this.#writes > 0 };
    // Its age is nothing that anybody asks for.
    try {
      await this.#send(ORIGIN, toNote(noted, 0), steps);
      this.#isNoteOld = false;
    } catch {
      this.#isNoted = false;
      this.#isNoteOld = true;
    }
  }

  async #send(subKey: string, entry: CachedRows, steps: LiveSteps): Promise<void> {
    try {
      await this.#cache.put(this.keyOf(subKey), entry);
      steps.works("put");
    } catch (error) {
      this.#tell("put", subKey, error, steps);
      throw error;
    }
  }

  #tell(trouble: "get" | "put", subKey: string, thrown: unknown, steps: LiveSteps): void {
    const key = this.keyOf(subKey);
    const error = toDioramaError(thrown, "unavailable", `LiveTable ${this.cacheKey}: the cache failed`);
    steps.log(trouble, error);
    if (steps.isHeard) steps.tell({ kind: "cacheFailed", key, error });
  }

  #tellUndropped(thrown: unknown, steps: LiveSteps): void {
    const doing = `LiveTable ${this.cacheKey}: the cache could not drop entries, which are not served any more`;
    const error = toDioramaError(thrown, "unavailable", doing);
    steps.log("invalidation", error);
    if (steps.isHeard) steps.tell({ kind: "cacheFailed", key: this.cacheKey, error });
  }

  #isTaken(): DioramaError {
    return new DioramaError(
      "invalid",
      `LiveTable: the cache key ${JSON.stringify(this.cacheKey)} is in use with another pageSize or master; ` +
        `give each view a key of its own`,
    );
  }
}

const shelves = new WeakMap<Cache, Map<string, Shelf>>();

/** The one shelf of this process for that cache and key. */
export function shelfOf(cache: Cache, cacheKey: string): Shelf {
  let byKey = shelves.get(cache);
  if (byKey === undefined) shelves.set(cache, (byKey = new Map()));
  let shelf = byKey.get(cacheKey);
  if (shelf === undefined) byKey.set(cacheKey, (shelf = new Shelf(cache, cacheKey)));
  return shelf;
}
