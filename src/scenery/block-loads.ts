import { abortable, DioramaError, toDioramaError } from "../base/index.ts";
import type { Query } from "../query/index.ts";
import type { Range } from "../views/index.ts";
import { ChunkIntake } from "./chunk-intake.ts";
import type { SceneryHost } from "./scenery-host.ts";
import type { Block, TableLayout } from "./table-layout.ts";

/** Why a block is loaded: somebody looks at it, has asked for more, or it must be found out where the table ends. */
export type LoadPurpose = "view" | "more" | "question";

/** What a load is asked for, and where its block belongs. */
export interface LoadOrder {
  readonly range: Range;
  /** Rows up to here are taken. */
  readonly limit: number;
  readonly layout: TableLayout;
  readonly purpose: LoadPurpose;
}

/** A load under way. */
export interface BlockLoad extends LoadOrder {
  /** Counts up. */
  readonly number: number;
  /** One that began later has landed: what this one brings may be older. */
  isOutdated: boolean;
}

/** How loads end; those that were aborted end silently. */
export interface BlockLoadEvents {
  onBlock(load: BlockLoad, block: Block): void;
  onFailure(load: BlockLoad, error: DioramaError): void;
}

/** The loads of one table that are under way. */
export class BlockLoads {
  readonly #host: SceneryHost;
  readonly #query: Query;
  readonly #events: BlockLoadEvents;
  readonly #running = new Map<BlockLoad, AbortController>();
  #lastNumber = 0;

  constructor(host: SceneryHost, query: Query, events: BlockLoadEvents) {
    this.#host = host;
    this.#query = query;
    this.#events = events;
  }

  get isIdle(): boolean {
    return this.#running.size === 0;
  }

  get running(): readonly BlockLoad[] {
    return [...this.#running.keys()];
  }

  some(test: (load: BlockLoad) => boolean): boolean {
    for (const load of this.#running.keys()) if (test(load)) return true;
    return false;
  }

  start(order: LoadOrder): void {
    this.#lastNumber += 1;
    const load: BlockLoad = { ...order, number: this.#lastNumber, isOutdated: false };
    const controller = new AbortController();
    this.#running.set(load, controller);
    void this.#run(load, controller.signal);
  }

  abort(test: (load: BlockLoad) => boolean = () => true): void {
    for (const [load, controller] of this.#running) {
      if (!test(load)) continue;
      this.#running.delete(load);
      controller.abort(new DioramaError("closed", `${this.#host.name}: nobody wants these rows any more`));
    }
  }

  /** Never rejects. */
  async #run(load: BlockLoad, signal: AbortSignal): Promise<void> {
    const { range, limit } = load;
    const { name } = this.#host;
    const intake = new ChunkIntake({ vista: name, range, limit, signal });
    let failure: DioramaError | undefined;
    // Never in the middle of a publication; and who changes their mind at once has asked for nothing.
    await Promise.resolve();
    if (signal.aborted) return;
    try {
      await abortable(this.#host.loadChunk(range, intake, this.#query, signal), signal);
      intake.assertSound();
    } catch (error) {
      failure = toDioramaError(error, "unavailable", `${name}: loading rows ${range.start} to ${range.end}`);
    }
    intake.close();
    if (!this.#running.delete(load)) return;
    if (failure === undefined) this.#land(load, intake);
    else this.#events.onFailure(load, failure);
  }

  /** What began earlier and overlaps would bring back older rows: it is dropped, and asked for again where it is missed. */
  #land(load: BlockLoad, { ids, last }: ChunkIntake): void {
    const { number, range } = load;
    const isOlder = (other: BlockLoad): boolean => other.number < number;
    this.abort((o) => isOlder(o) && o.range.start < range.end && range.start < o.range.end);
    for (const other of this.#running.keys()) other.isOutdated ||= isOlder(other);
    this.#events.onBlock(load, { range, ids, last });
  }
}
