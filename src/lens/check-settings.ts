import { type Duration, DioramaError, isDioramaError, nearestName, toMilliseconds } from "../base/index.ts";
import type { CacheBackend } from "../cache/index.ts";
import type { WritePolicy } from "../dio/index.ts";
import type { DioSettings, LensSettings, MakeDioSettings, WriteQueueSettings } from "./settings.ts";

/** Resolved policies of a Dio, times in milliseconds. */
export interface DioPolicy {
  readonly onStartBlocking: boolean;
  readonly refreshEveryMs: number;
  readonly freshForMs: number;
  readonly staleForMs: number;
  readonly deadlineMs: number;
  readonly viewportDebounceMs: number;
  readonly pageSize: number;
  readonly refreshOnOpen: boolean;
  readonly writes: WritePolicy;
}

const CALLBACKS = [
  "onStart",
  "onRefresh",
  "onWrite",
  "onWriteBatch",
  "onEvent",
  "onQuery",
  "totalProvider",
  "onLoadChunk",
] as const;

/** Callbacks that put rows into the cache when a reader needs them. */
const FILLS = ["onQuery", "onLoadChunk", "totalProvider"] as const;

const DIO_SETTINGS: readonly string[] = [
  ...CALLBACKS,
  "onStartBlocking",
  "refreshEvery",
  "freshFor",
  "staleFor",
  "deadline",
  "viewportDebounce",
  "pageSize",
  "refreshOnOpen",
  "writeQueue",
  "optimistic",
  "table",
];

const QUEUE_SETTINGS: readonly string[] = [
  "concurrency",
  "maxOps",
  "whenFull",
  "confirm",
  "echoTimeout",
  "coalesce",
  "durability",
];

/** Objects that are handed over, and what is called of them. */
const PARTS = {
  cacheSource: ["openTable", "close"],
  queueSource: ["openQueue", "close"],
  activity: ["subscribe"],
  logger: ["error", "info", "debug"],
  clock: ["now", "monotonic", "setTimer"],
} as const;

/** Collects problems, so that all of them are told at once. */
export class Problems {
  readonly #found: string[] = [];

  add(problem: string): void {
    this.#found.push(problem);
  }

  /** The duration in milliseconds; a bad one is a problem and counts as `otherwise`. */
  duration(duration: Duration | undefined, name: string, otherwise: number): number {
    if (duration === undefined) return otherwise;
    try {
      return toMilliseconds(duration, name);
    } catch (error) {
      if (!isDioramaError(error, "invalid")) throw error;
      this.add(error.message);
      return otherwise;
    }
  }

  names(given: object, known: readonly string[], what: string): void {
    for (const name of Object.keys(given)) {
      if (known.includes(name)) continue;
      const near = nearestName(name, known);
      this.add(
        `${what}: there is no setting ${JSON.stringify(name)}${near === undefined ? "" : `; did you mean ${near}?`}`,
      );
    }
  }

  /** Ends with `invalid`, naming every problem found. */
  throwIfAny(what: string): void {
    if (this.#found.length === 0) return;
    const list =
      this.#found.length === 1
        ? ` ${this.#found.join("")}`
        : this.#found.map((problem) => `\n  - ${problem}`).join("");
    throw new DioramaError("invalid", `${what}:${list}`);
  }
}

const DEFAULT_PAGE_ROWS = 100;

function isFlag(value: unknown): boolean {
  return value === undefined || typeof value === "boolean";
}

/** Callers without a compiler may hand over anything. */
function hasMethods(value: unknown, methods: readonly string[]): boolean {
  if (typeof value !== "object" || value === null) return false;
  return methods.every((method) => typeof Reflect.get(value, method) === "function");
}

/** The policies that the settings say, with defaults; every contradiction in them is a problem. */
export function resolvePolicy(settings: DioSettings, problems: Problems): DioPolicy {
  for (const name of CALLBACKS) {
    const callback: unknown = settings[name];
    if (callback !== undefined && typeof callback !== "function") problems.add(`${name}: give a function`);
  }
  for (const name of ["onStartBlocking", "optimistic", "refreshOnOpen"] as const) {
    if (!isFlag(settings[name])) problems.add(`${name}: give true or false`);
  }
  if (settings.onWrite !== undefined && settings.onWriteBatch !== undefined) {
    problems.add("onWrite and onWriteBatch contradict each other: give one");
  }
  if (settings.staleFor !== undefined && settings.freshFor === undefined) {
    problems.add("staleFor without freshFor says nothing: what never ages is never stale");
  }
  const refreshEveryMs = problems.duration(settings.refreshEvery, "refreshEvery", Infinity);
  if (refreshEveryMs === 0) problems.add("refreshEvery: 0 would refresh without end; give at least 1 ms");
  const deadlineMs = problems.duration(settings.deadline, "deadline", 30_000);
  if (deadlineMs === 0) problems.add("deadline: 0 leaves the source no time at all");
  return {
    onStartBlocking: settings.onStartBlocking ?? true,
    refreshEveryMs,
    freshForMs: problems.duration(settings.freshFor, "freshFor", Infinity),
    staleForMs: problems.duration(settings.staleFor, "staleFor", Infinity),
    deadlineMs,
    ...resolveSceneries(settings, problems),
    writes: resolveWrites(settings.writeQueue ?? {}, settings.optimistic ?? true, problems),
  };
}

function resolveSceneries(
  { viewportDebounce, pageSize = DEFAULT_PAGE_ROWS, refreshOnOpen = true }: DioSettings,
  problems: Problems,
): Pick<DioPolicy, "viewportDebounceMs" | "pageSize" | "refreshOnOpen"> {
  if (!Number.isSafeInteger(pageSize) || pageSize < 1)
    problems.add("pageSize: give a whole number of at least 1");
  const viewportDebounceMs = problems.duration(viewportDebounce, "viewportDebounce", 50);
  return { viewportDebounceMs, pageSize, refreshOnOpen };
}

/** What only a Lens has: where its cache is. */
export function checkLens(settings: LensSettings, problems: Problems): void {
  const { cacheAt, cacheSource, queueSource } = settings;
  if (cacheAt !== undefined && cacheSource !== undefined) {
    problems.add("cacheAt and cacheSource contradict each other: give one");
  }
  if (cacheAt !== undefined && queueSource !== undefined) {
    problems.add(
      "cacheAt and queueSource contradict each other: the folder has a queue of its own; give one",
    );
  }
  if (cacheAt !== undefined && (typeof cacheAt !== "string" || cacheAt === ""))
    problems.add("cacheAt: give the path of a folder");
  for (const [name, methods] of Object.entries(PARTS)) {
    const part: unknown = settings[name as keyof typeof PARTS];
    if (part === undefined || hasMethods(part, methods)) continue;
    problems.add(`${name}: give an object with the methods ${methods.join(", ")}`);
  }
  if (cacheSource !== undefined) checkFill(settings, cacheSource, problems);
  checkDurability(settings, cacheAt !== undefined || queueSource?.durable === true, problems);
}

/** A promise that the queue can't keep is no setting. `canKeep`: it outlives the process. */
export function checkDurability(
  { writeQueue }: Pick<DioSettings, "writeQueue">,
  canKeep: boolean,
  problems: Problems,
): void {
  const durability = writeQueue?.durability;
  if (canKeep || (durability !== "fsync" && durability !== "process")) return;
  problems.add(
    `writeQueue.durability: "${durability}" needs a queue that outlives the process: give cacheAt(folder) or a durable queueSource(backend), or say "memory"`,
  );
}

/** A cache that keeps nothing can't be filled. */
export function checkFill(
  settings: Pick<DioSettings, (typeof FILLS)[number]>,
  cache: CacheBackend,
  problems: Problems,
): void {
  if (cache.keeps) return;
  for (const fill of FILLS) {
    if (settings[fill] === undefined) continue;
    problems.add(
      `${fill} fills a cache, and this one keeps nothing: leave out ${fill} or give another cache`,
    );
  }
}

export function checkOverrides(overrides: MakeDioSettings<never>, problems: Problems): void {
  problems.names(overrides, DIO_SETTINGS, "makeDio");
  const table: unknown = overrides.table;
  if (table === undefined) return;
  if (typeof table !== "string" || table === "" || !table.isWellFormed())
    problems.add("table: give a text that is not empty and holds no half of a surrogate pair");
}

function resolveWrites(queue: WriteQueueSettings, optimistic: boolean, problems: Problems): WritePolicy {
  checkQueue(queue, problems);
  if (!optimistic && queue.confirm === "echo") {
    problems.add(
      'confirm: "echo" shows a write until it comes back, and optimistic(false) shows none: give one',
    );
  }
  if (!optimistic && queue.echoTimeout !== undefined) {
    problems.add("writeQueue.echoTimeout says nothing with optimistic(false)");
  }
  return {
    ...QUEUE_DEFAULTS,
    ...given(queue),
    echoTimeoutMs: problems.duration(queue.echoTimeout, "writeQueue.echoTimeout", 60_000),
    optimistic,
  };
}

const QUEUE_DEFAULTS = {
  concurrency: 1,
  maxOps: 100_000,
  whenFull: "wait",
  confirm: "response",
  coalesce: false,
  retry: { minMs: 250, maxMs: 60_000 },
  unknownErrorAttempts: 4,
} as const;

function given({
  concurrency,
  maxOps,
  whenFull,
  confirm,
  coalesce,
}: WriteQueueSettings): Partial<WritePolicy> {
  return {
    ...(concurrency !== undefined && { concurrency }),
    ...(maxOps !== undefined && { maxOps }),
    ...(whenFull !== undefined && { whenFull }),
    ...(confirm !== undefined && { confirm }),
    ...(coalesce !== undefined && { coalesce }),
  };
}

function checkQueue(queue: WriteQueueSettings, problems: Problems): void {
  if (!isFlag(queue.coalesce)) problems.add("writeQueue.coalesce: give true or false");
  problems.names(queue, QUEUE_SETTINGS, "writeQueue");
  for (const name of ["concurrency", "maxOps"] as const) {
    const number = queue[name];
    if (number !== undefined && (!Number.isInteger(number) || number < 1)) {
      problems.add(`writeQueue.${name}: give a whole number of at least 1`);
    }
  }
  if (queue.whenFull !== undefined && !["wait", "reject"].includes(queue.whenFull)) {
    problems.add('writeQueue.whenFull: give "wait" or "reject"');
  }
  if (queue.confirm !== undefined && !["response", "echo"].includes(queue.confirm)) {
    problems.add('writeQueue.confirm: give "response" or "echo"');
  }
  if (queue.durability !== undefined && !["fsync", "process", "memory"].includes(queue.durability)) {
    problems.add('writeQueue.durability: give "fsync", "process" or "memory"');
  }
}
