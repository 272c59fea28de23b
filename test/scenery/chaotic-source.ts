import { sleep } from "../../src/base/index.ts";
import type { ChunkSink } from "../../src/scenery/index.ts";
import type { Random } from "../../src/testing/index.ts";
import type { Range } from "../../src/views/index.ts";
import type { MapHost } from "./map-host.ts";

/** One load that ended well: what it said stands where, and in which epoch it began. */
interface Told {
  readonly epoch: number;
  readonly ids: ReadonlyMap<number, string>;
}

/**
 * Behind a MapHost a source that is late, fails, lies about its total, stops short, names rows twice and changes
 * between two loads. It keeps what each load has said, so that a view can be held against it.
 */
export class ChaoticSource {
  readonly ids: string[];
  /** Everything is right and quick from now on. */
  isCalm = false;
  /** Counts what makes all that was told before it outdated. */
  epoch = 0;
  loads = 0;
  /** Loads whose signal has not fired. */
  readonly running = new Set<AbortSignal>();
  readonly #host: MapHost;
  readonly #random: Random;
  readonly #told: Told[] = [];
  #lastId: number;

  constructor(host: MapHost, random: Random, rows: number) {
    this.#host = host;
    this.#random = random;
    this.ids = Array.from({ length: rows }, (_, at) => `r${at}`);
    this.#lastId = rows;
    host.feeds.feedOf = () => "paged";
    host.feeds.total = (_query, signal) => this.#total(signal);
    host.feeds.loadChunk = (range, sink, _query, signal) => this.#load(range, sink, signal);
  }

  /** A row comes, leaves or moves; answers which one, and whether it is still there. */
  change(): { readonly id: string; readonly isThere: boolean } {
    const random = this.#random;
    const at = random.integer(0, this.ids.length);
    const [left] = random.chance(0.6) ? this.ids.splice(at, 1) : [];
    if (left === undefined) {
      this.#lastId += 1;
      const id = `r${this.#lastId}`;
      this.ids.splice(at, 0, id);
      return { id, isThere: true };
    }
    const moves = random.chance(0.4);
    if (moves) this.ids.splice(random.integer(0, this.ids.length), 0, left);
    return { id: left, isThere: moves };
  }

  /** Epochs in which loads have said all of this, each row at its place. */
  epochsOf(rows: readonly (readonly [index: number, id: string])[]): readonly number[] {
    const epochs = [...new Set(this.#told.map(({ epoch }) => epoch))];
    return epochs.filter((epoch) => {
      const told = this.#told.filter((one) => one.epoch === epoch);
      return rows.every(([index, id]) => told.some(({ ids }) => ids.get(index) === id));
    });
  }

  async #total(signal: AbortSignal): Promise<number | undefined> {
    const random = this.#random;
    await this.#arrive(signal);
    if (this.isCalm) return this.ids.length;
    if (random.chance(0.2)) return undefined;
    return random.chance(0.5) ? this.ids.length : Math.round(this.ids.length * random.next() * 2);
  }

  async #load({ start, end }: Range, sink: ChunkSink, signal: AbortSignal): Promise<void> {
    const { epoch } = this;
    this.loads += 1;
    this.running.add(signal);
    signal.addEventListener("abort", () => this.running.delete(signal));
    try {
      const ids = await this.#push({ start, end }, sink, signal);
      if (!signal.aborted) this.#told.push({ epoch, ids });
    } finally {
      this.running.delete(signal);
    }
  }

  /** What has stood there when it was asked, or stands there when it answers. */
  async #push({ start, end }: Range, sink: ChunkSink, signal: AbortSignal): Promise<Map<number, string>> {
    const early = this.ids.slice(start, end);
    await this.#arrive(signal);
    const told = new Map<number, string>();
    for (const [at, id] of this.#distort(
      this.#random.chance(0.5) ? early : this.ids.slice(start, end),
    ).entries()) {
      sink.push(start + at, id, { id });
      told.set(start + at, id);
      if (this.#host.row(id) === undefined) this.#host.set(id, { id });
    }
    this.#host.publish();
    return told;
  }

  async #arrive(signal: AbortSignal): Promise<void> {
    if (this.isCalm) return;
    const random = this.#random;
    if (random.chance(0.6)) {
      // Some don't care for their signal.
      const heard = random.chance(0.5) ? signal : undefined;
      await sleep(this.#host.clock, random.integer(0, 400), heard);
    }
    if (random.chance(0.25)) throw new Error("down");
  }

  #distort(ids: readonly string[]): readonly string[] {
    const random = this.#random;
    if (this.isCalm || ids.length === 0) return ids;
    if (random.chance(0.15)) return ids.slice(0, random.integer(0, ids.length - 1));
    if (random.chance(0.15)) return [...ids.slice(0, -1), random.pick(this.ids)];
    return ids;
  }
}
