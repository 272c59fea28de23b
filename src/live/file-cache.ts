import {
  type Clock,
  DioramaError,
  type Logger,
  messageOf,
  nearestName,
  silentLogger,
  systemClock,
  toSafeLogger,
} from "../base/index.ts";
import type { CacheBackend } from "../cache/index.ts";
import type { Cache, CachedRows } from "./cache.ts";
import { splitKey } from "./cache-key.ts";
import type { FileTable } from "./file-table.ts";
import { KeyTables } from "./key-tables.ts";

/** The file in the folder: `vlive.db`. */
const FILE = "vlive";
const METHODS = {
  logger: ["error", "info", "debug"],
  clock: ["now", "monotonic", "setTimer"],
} as const;
const OPTIONS = ["clock", "logger", "onDamage"] as const;

/** Who hears of damage; a clock of one's own is for tests. */
export interface FileCacheOptions {
  readonly clock?: Clock | undefined;
  readonly logger?: Logger | undefined;
  /** Is told (`corrupt`) what was damaged; it is a miss, and the cache goes on. The logger is told as well. */
  readonly onDamage?: ((error: DioramaError) => void) | undefined;
}

/**
 * Keeps entries in a folder, in an SQLite file on a thread of its own: they are there after a restart. Needs Node.
 * One open FileCache a folder; it may be the folder of a Lens.
 */
export class FileCache implements Cache {
  readonly #backend: CacheBackend;
  readonly #tables: KeyTables;
  #closing: Promise<void> | undefined;

  private constructor(backend: CacheBackend, options: FileCacheOptions) {
    this.#backend = backend;
    const { clock = systemClock } = options;
    this.#tables = new KeyTables({ backend, clock, onDamage: createTeller(options) });
  }

  /**
   * `inUse` where another one holds the folder, `invalid` where it can't be made, `unsupported` on a network file
   * system and where nothing durable runs. A file that can't be read is set aside and told as damage.
   */
  static async open(folder: string, options: FileCacheOptions = {}): Promise<FileCache> {
    checkGiven(folder, options);
    const { openCacheFile } = await import("#durable");
    const { clock, logger } = options;
    const safe = logger === undefined ? undefined : toSafeLogger(logger);
    return new FileCache(await openCacheFile(folder, FILE, { clock, logger: safe }), options);
  }

  async get(key: string): Promise<CachedRows | undefined> {
    const { cacheKey, subKey } = splitKey(key);
    return this.#table(cacheKey).get(subKey);
  }

  async put(key: string, rows: CachedRows): Promise<void> {
    const { cacheKey, subKey } = splitKey(key);
    await this.#table(cacheKey).put(subKey, rows);
  }

  async invalidatePrefix(prefix: string): Promise<void> {
    const { cacheKey, subKey } = splitKey(prefix);
    await this.#table(cacheKey).drop(subKey);
  }

  async delete(key: string): Promise<void> {
    const { cacheKey, subKey } = splitKey(key);
    await this.#table(cacheKey).delete(subKey);
  }

  /** Waits for the calls under way, then lets the folder go. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(): Promise<void> {
    try {
      await this.#tables.close();
    } finally {
      await this.#backend.close();
    }
  }

  #table(cacheKey: string): FileTable {
    if (this.#closing !== undefined) {
      throw new DioramaError("closed", "the FileCache is closed; open another one");
    }
    return this.#tables.of(cacheKey);
  }
}

/** Tells the logger, then who asked to be told. */
function createTeller({ logger = silentLogger, onDamage }: FileCacheOptions): (error: DioramaError) => void {
  const log = toSafeLogger(logger);
  return (error) => {
    log.error(error.message);
    try {
      onDamage?.(error);
    } catch (thrown) {
      log.error(`onDamage threw: ${messageOf(thrown)}`);
    }
  };
}

function checkGiven(folder: unknown, options: FileCacheOptions): void {
  const problems: string[] = [];
  if (typeof folder !== "string" || folder === "") problems.push("the folder must be a path, not empty");
  for (const name of Object.keys(options)) {
    if (OPTIONS.some((known) => known === name)) continue;
    const near = nearestName(name, OPTIONS);
    problems.push(
      `there is no option ${JSON.stringify(name)}; ${near === undefined ? `there are ${OPTIONS.join(", ")}` : `did you mean ${near}?`}`,
    );
  }
  for (const [name, methods] of Object.entries(METHODS)) {
    const given: unknown = Object.entries(options).find(([option]) => option === name)?.[1];
    if (given !== undefined && !hasMethods(given, methods)) {
      problems.push(`${name} must have ${methods.join(", ")}`);
    }
  }
  if (options.onDamage !== undefined && typeof options.onDamage !== "function") {
    problems.push("onDamage must be a function");
  }
  if (problems.length > 0) throw new DioramaError("invalid", `FileCache.open: ${problems.join("; ")}`);
}

function hasMethods(given: unknown, methods: readonly string[]): boolean {
  return (
    typeof given === "object" &&
    given !== null &&
    methods.every((name) => typeof Reflect.get(given, name) === "function")
  );
}
