import {
  type Clock,
  type Duration,
  DioramaError,
  type Logger,
  nearestName,
  silentLogger,
  systemClock,
  toMilliseconds,
} from "../base/index.ts";
import type { Row } from "../record/index.ts";
import { type Source, vista, type Vista } from "../vista/index.ts";
import type { Cache } from "./cache.ts";
import type { LiveStream } from "./live-stream.ts";

/** How a LiveTable keeps and renews what it read. Durations are milliseconds or texts such as `"30s"`. */
export interface LiveTableOptions<R extends object = Row> {
  /** Rows of a cached page, which is what the master is asked for at a time. Default 100. */
  readonly pageSize?: number | undefined;
  /** Where writes go. Default: the master. */
  readonly writeTarget?: Vista<R> | Source<R> | undefined;
  /** Where changes are told. Default: the master's own changes, where it tells them; `false`: nowhere. */
  readonly stream?: LiveStream | false | undefined;
  /** What is older is served at once and read again behind it. Default: never. */
  readonly ttl?: Duration | undefined;
  /** How much older than `ttl` rows may be to be served at once. Default: any. */
  readonly staleFor?: Duration | undefined;
  readonly clock?: Clock | undefined;
  readonly logger?: Logger | undefined;
}

/** The options, checked. */
export interface LiveSettings {
  readonly pageSize: number;
  readonly writeTarget: Vista | undefined;
  readonly stream: LiveStream | false | undefined;
  readonly ttlMs: number;
  readonly staleForMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

const OPTIONS = ["pageSize", "writeTarget", "stream", "ttl", "staleFor", "clock", "logger"];

/** Objects that are handed over, and what is called of them. */
const PARTS = {
  cache: ["get", "put", "invalidatePrefix"],
  stream: ["subscribe"],
  clock: ["now", "monotonic", "setTimer"],
  logger: ["error", "info", "debug"],
} as const;

/** Ends with `invalid` for the first wrong option. */
export function checkLiveOptions<R extends object>(options: LiveTableOptions<R>): LiveSettings {
  checkNames(options);
  const { pageSize = 100, stream, clock = systemClock, logger = silentLogger, writeTarget } = options;
  if (!Number.isSafeInteger(pageSize) || pageSize < 1) {
    throw invalid(`pageSize is a whole number from 1 on, not ${String(pageSize)}`);
  }
  if (stream !== undefined && stream !== false) checkPart("stream", stream);
  checkPart("clock", clock);
  checkPart("logger", logger);
  const target = writeTarget === undefined ? undefined : untypedVista(writeTarget);
  return { pageSize, writeTarget: target, stream, ...checkAges(options), clock, logger };
}

function checkNames(options: object): void {
  if (typeof options !== "object" || options === null) throw invalid("the options are an object");
  for (const name of Object.keys(options)) {
    if (OPTIONS.includes(name)) continue;
    const near = nearestName(name, OPTIONS);
    const meant = near === undefined ? `options are ${OPTIONS.join(", ")}` : `did you mean ${near}?`;
    throw invalid(`there is no option ${JSON.stringify(name)}; ${meant}`);
  }
}

function checkAges({ ttl, staleFor }: LiveTableOptions<object>): Pick<LiveSettings, "ttlMs" | "staleForMs"> {
  if (staleFor !== undefined && ttl === undefined) {
    throw invalid("staleFor says how long rows are served that are older than ttl: give ttl too");
  }
  return {
    ttlMs: ttl === undefined ? Infinity : toMilliseconds(ttl, "LiveTable, ttl"),
    staleForMs: staleFor === undefined ? Infinity : toMilliseconds(staleFor, "LiveTable, staleFor"),
  };
}

/** The key, where it can be one: the part of a cache's keys in front of the first `/`. */
export function checkCacheKey(key: unknown): string {
  if (typeof key !== "string" || key === "") throw invalid("a cache key is a non-empty text");
  if (key.includes("/")) {
    throw invalid(`the cache key ${JSON.stringify(key)} holds a "/", which ends the key of a table`);
  }
  if (!key.isWellFormed()) throw invalid("the cache key holds half of a surrogate pair");
  return key;
}

export function checkCache(cache: Cache): Cache {
  checkPart("cache", cache);
  return cache;
}

/** A LiveTable knows nothing of its rows' type: what comes from the master goes to whoever named the type. */
export function untypedVista<R extends object>(from: Vista<R> | Source<R>): Vista {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
  return vista(from) as unknown as Vista;
}

/** For callers without a compiler. */
function checkPart(name: keyof typeof PARTS, part: unknown): void {
  const methods = PARTS[name];
  const isPart =
    typeof part === "object" &&
    part !== null &&
    methods.every((method) => typeof Reflect.get(part, method) === "function");
  if (!isPart)
    throw invalid(`${name} is an object with ${methods.map((method) => `${method}()`).join(", ")}`);
}

function invalid(what: string): DioramaError {
  return new DioramaError("invalid", `LiveTable: ${what}`);
}
