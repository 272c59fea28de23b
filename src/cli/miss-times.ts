import type { Row } from "../record/index.ts";
import type { Cache } from "../live/index.ts";

/** How long a question to the master took, and what was cached of its answer. */
export interface MissTime {
  readonly tookMs: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Whole cache keys. */
  readonly keys: readonly string[];
}

/** Their place behind the table's cache key, where no page or record stands: they go when everything does. */
const SUB_KEY = "times";
/** Of one table; the oldest goes. */
const MOST_TIMES = 200;

/** What the misses of one table took, kept beside its pages, so that a later run can compare. */
export class MissTimes {
  readonly #cache: Cache;
  readonly #key: string;
  readonly #times: Map<string, MissTime>;

  private constructor(cache: Cache, key: string, times: Map<string, MissTime>) {
    this.#cache = cache;
    this.#key = key;
    this.#times = times;
  }

  /** `table`: the cache key of the table. */
  static async read(cache: Cache, table: string): Promise<MissTimes> {
    const key = `${table}/${SUB_KEY}`;
    const held = await cache.get(key);
    const times = [...(held?.rows ?? [])].flatMap(([question, row]): [string, MissTime][] => {
      const time = fromRow(row);
      return time === undefined ? [] : [[question, time]];
    });
    return new MissTimes(cache, key, new Map(times));
  }

  of(question: string): MissTime | undefined {
    return this.#times.get(question);
  }

  /** Every cache key that an answer was kept under, with what its miss took where it was the whole answer. */
  get keys(): ReadonlyMap<string, number | null> {
    const found = new Map<string, number | null>();
    for (const { keys, tookMs } of this.#times.values()) {
      for (const key of keys) {
        if (keys.length === 1) found.set(key, tookMs);
        else if (!found.has(key)) found.set(key, null);
      }
    }
    return found;
  }

  async keep(question: string, time: MissTime): Promise<void> {
    this.#times.delete(question);
    this.#times.set(question, time);
    for (const oldest of this.#times.keys()) {
      if (this.#times.size <= MOST_TIMES) break;
      this.#times.delete(oldest);
    }
    const rows = new Map(
      [...this.#times].map(([name, { tookMs, at, keys }]): [string, Row] => [name, { tookMs, at, keys }]),
    );
    await this.#cache.put(this.#key, { rows, fetchedAt: time.at });
  }
}

function fromRow({ tookMs, at, keys }: Row): MissTime | undefined {
  if (typeof tookMs !== "number" || typeof at !== "number" || !Array.isArray(keys)) return undefined;
  return { tookMs, at, keys: keys.filter((key): key is string => typeof key === "string") };
}
