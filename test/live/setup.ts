import {
  type Capabilities,
  memory,
  type MemorySource,
  type Row,
  type Source,
  vista,
  type Vista,
} from "vantage-diorama";
import {
  type Cache,
  type CachedRows,
  LiveTable,
  type LiveStep,
  type LiveTableOptions,
  MemCache,
} from "vantage-diorama/live";
import {
  createFaultySource,
  createManualClock,
  type FaultySource,
  type ManualClock,
} from "vantage-diorama/testing";

export const rowOf = (number: number): Row => ({ id: idOf(number), price: number });
export const idOf = (number: number): string => `row-${String(number).padStart(4, "0")}`;
/** Ids of the rows from one number up to, and without, another. */
export const idsOf = (from: number, to: number): string[] =>
  Array.from({ length: Math.max(0, to - from) }, (_, at) => idOf(from + at));

/** What a master may offer to read by, beside `read` and `get`. */
export const ways = {
  pages: {},
  windows: { canFetchPage: false },
  steps: { canFetchPage: false, canFetchWindow: false },
  whole: { canFetchPage: false, canFetchWindow: false, canFetchNext: false },
} satisfies Record<string, Partial<Capabilities>>;

export function createRows(count: number, capabilities: Partial<Capabilities> = {}): MemorySource<Row> {
  const rows = Array.from({ length: count }, (_, number) => rowOf(number));
  return memory<Row>("products", { id: "id", columns: { id: "text", price: "integer" }, rows, capabilities })
    .source;
}

/** What every source has, of that one: tests add the ways of reading that they want to be wrong. */
export function bareOf(rows: MemorySource<Row>): Source<Row> {
  const { name, schema, capabilities } = rows;
  return { name, schema, capabilities, fingerprint: () => rows.fingerprint(), read: rows.read.bind(rows) };
}

export interface Stage {
  readonly rows: MemorySource<Row>;
  readonly source: FaultySource<Row>;
  readonly cache: Cache;
  readonly clock: ManualClock;
  readonly live: LiveTable<Row>;
  readonly vista: Vista<Row>;
  /** From the start. */
  readonly steps: LiveStep[];
  /** Of those kinds, in one line each: `hit page_1`. */
  told(...kinds: LiveStep["kind"][]): string[];
}

export interface StageOptions extends LiveTableOptions<Row> {
  readonly count?: number;
  readonly capabilities?: Partial<Capabilities>;
  readonly cache?: Cache;
  /** In front of the master, as the LiveTable is given it. */
  readonly view?: (source: Source<Row>) => Vista<Row> | Source<Row>;
}

/** A LiveTable over 95 rows in pages of 10, without a stream unless one is given. */
export function createStage(given: StageOptions = {}): Stage {
  const {
    count = 95,
    capabilities = {},
    cache = new MemCache(),
    view = (source) => source,
    ...options
  } = given;
  const clock = createManualClock();
  const rows = createRows(count, capabilities);
  const source = createFaultySource(rows, { clock });
  const live = new LiveTable<Row>(view(source), "products", cache, {
    pageSize: 10,
    stream: false,
    clock,
    ...options,
  });
  const steps: LiveStep[] = [];
  live.onStep((step) => steps.push(step));
  const told = (...kinds: LiveStep["kind"][]): string[] =>
    steps.filter(({ kind }) => kinds.includes(kind)).map(inOneLine);
  return { rows, source, cache, clock, live, vista: vista(live), steps, told };
}

function inOneLine(step: LiveStep): string {
  if ("key" in step) return `${step.kind} ${step.key.slice(step.key.indexOf("/") + 1)}`;
  if (step.kind === "invalidated") return `${step.kind} ${step.prefixes.join(" ")}`;
  return "op" in step ? `${step.kind} ${step.op} ${step.id ?? ""}` : step.kind;
}

/** A cache of which each method can be made to fail, or to wait. */
export class FlakyCache implements Cache {
  readonly #kept = new MemCache();
  /** Methods that fail from now on. */
  readonly failing = new Set<"get" | "put" | "invalidatePrefix" | "delete">();
  readonly calls: string[] = [];

  async get(key: string): Promise<CachedRows | undefined> {
    this.#meet("get", key);
    return this.#kept.get(key);
  }

  async put(key: string, rows: CachedRows): Promise<void> {
    this.#meet("put", key);
    await this.#kept.put(key, rows);
  }

  async invalidatePrefix(prefix: string): Promise<void> {
    this.#meet("invalidatePrefix", prefix);
    await this.#kept.invalidatePrefix(prefix);
  }

  async delete(key: string): Promise<void> {
    this.#meet("delete", key);
    await this.#kept.delete(key);
  }

  #meet(method: "get" | "put" | "invalidatePrefix" | "delete", key: string): void {
    this.calls.push(`${method} ${key}`);
    if (this.failing.has(method)) throw new Error(`${method} fails (made up)`);
  }
}

/** Lets what was set off come to rest. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => void setImmediate(resolve));
}
