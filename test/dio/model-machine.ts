import {
  type CacheBackend,
  type CacheBatch,
  type CacheTable,
  type Clock,
  createMemoryCache,
  type Lens,
  type LensBuilder,
  type QueueBackend,
  type QueueBatch,
  type QueuedOp,
  type Row,
  type StoredRow,
  type TableMeta,
  type WriteQueue,
} from "vantage-diorama";
import type { Files } from "./model-files.ts";

/** What a dead process waits for. */
const neverEnding: Promise<never> = new Promise<never>(() => undefined);

interface TableFile {
  readonly rows: Map<string, StoredRow>;
  meta: TableMeta | undefined;
}

/** Files of one machine: what was applied is there after a crash, and a dead process applies nothing more. */
export class Machine implements Files {
  readonly isReal = false;
  readonly #keepsRows: boolean;
  readonly #clock: Clock;
  readonly #tables = new Map<string, TableFile>();
  readonly #ops = new Map<string, Map<number, QueuedOp>>();
  readonly #timers = new Set<ReturnType<Clock["setTimer"]>>();
  #life = 0;

  /** Without `keepsRows` only writes outlive a process. */
  constructor(clock: Clock, keepsRows: boolean) {
    this.#clock = clock;
    this.#keepsRows = keepsRows;
  }

  configure(builder: LensBuilder<Lens>): LensBuilder<Lens> {
    const kept = builder.queueSource(this.#queues());
    return this.#keepsRows ? kept.cacheSource(this.#cache()) : kept;
  }

  /** Whatever runs is dead from here on, its timers too. */
  async crash(): Promise<void> {
    this.#life += 1;
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
  }

  /** Whether the process that asks now still runs whenever it asks again. */
  isAlive(): () => boolean {
    const life = this.#life;
    return () => life === this.#life;
  }

  /** The work, as long as this process runs. */
  async #inLife<T>(isAlive: () => boolean, work: () => Promise<T>): Promise<T> {
    if (!isAlive()) return neverEnding;
    const [outcome] = await Promise.allSettled([work()]);
    if (!isAlive()) return neverEnding;
    if (outcome.status === "rejected") throw outcome.reason;
    return outcome.value;
  }

  rows(table: string): ReadonlyMap<string, Row> {
    return new Map(Array.from(this.#table(table).rows.values(), ({ id, row }) => [id, row]));
  }

  isComplete(table: string): boolean {
    return this.#table(table).meta?.complete === true;
  }

  isClean(table: string): boolean {
    return this.#table(table).meta?.clean !== false;
  }

  ops(name: string): readonly QueuedOp[] {
    return [...this.#queue(name).values()].toSorted((a, b) => a.sequence - b.sequence);
  }

  clock(): Clock {
    const isAlive = this.isAlive();
    return {
      now: () => this.#clock.now(),
      monotonic: () => this.#clock.monotonic(),
      setTimer: (callback, delayMs) => {
        if (!isAlive()) return { cancel: () => undefined };
        const timer = this.#clock.setTimer(() => {
          this.#timers.delete(timer);
          callback();
        }, delayMs);
        this.#timers.add(timer);
        return timer;
      },
    };
  }

  #cache(): CacheBackend {
    return {
      kind: "files",
      durable: true,
      keeps: true,
      openTable: (name) => this.#openTable(name),
      dropTable: async (name) => void this.#tables.delete(name),
      tableNames: async () => [...this.#tables.keys()],
      close: async () => undefined,
    };
  }

  #queues(): QueueBackend {
    return { durable: true, openQueue: async (name) => this.#openQueue(name), close: async () => undefined };
  }

  async #openTable(name: string): Promise<CacheTable> {
    const file = this.#table(name);
    const isAlive = this.isAlive();
    const table = await createMemoryCache().openTable(name);
    const kept = file.meta === undefined ? {} : { meta: file.meta };
    await table.apply({ puts: [...file.rows.values()], ...kept });
    const apply = (batch: CacheBatch): Promise<void> =>
      this.#inLife(isAlive, async () => {
        await Promise.resolve();
        if (!isAlive()) return;
        store(file, batch);
        await table.apply(batch);
      });
    return {
      get meta() {
        return table.meta;
      },
      get rowCount() {
        return table.rowCount;
      },
      lost: undefined,
      get: (ids) => table.get(ids),
      scan: (batchRows) => table.scan(batchRows),
      apply,
      close: () => table.close(),
    };
  }

  #openQueue(name: string): WriteQueue {
    const ops = this.#queue(name);
    const isAlive = this.isAlive();
    return {
      kept: this.ops(name),
      lost: [],
      apply: ({ puts = [], removes = [] }: QueueBatch) =>
        this.#inLife(isAlive, async () => {
          await Promise.resolve();
          if (!isAlive()) return;
          for (const sequence of removes) ops.delete(sequence);
          for (const queued of puts) ops.set(queued.sequence, queued);
          await Promise.resolve();
        }),
      close: async () => undefined,
    };
  }

  #table(name: string): TableFile {
    const file = this.#tables.get(name) ?? { rows: new Map(), meta: undefined };
    this.#tables.set(name, file);
    return file;
  }

  #queue(name: string): Map<number, QueuedOp> {
    const ops = this.#ops.get(name) ?? new Map<number, QueuedOp>();
    this.#ops.set(name, ops);
    return ops;
  }
}

function store(file: TableFile, { clear = false, deletes = [], puts = [], meta }: CacheBatch): void {
  if (clear) file.rows.clear();
  for (const id of deletes) file.rows.delete(id);
  for (const stored of puts) file.rows.set(stored.id, stored);
  if (meta !== undefined) file.meta = meta;
}
