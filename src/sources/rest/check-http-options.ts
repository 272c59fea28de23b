import { messageOf, silentLogger, systemClock, toMilliseconds, toSafeLogger } from "../../base/index.ts";
import type { HttpClientOptions, HttpSettings } from "./http-options.ts";

const MEGABYTE = 1_000_000;
const DEFAULT_REVALIDATE = { maxEntries: 256, maxBytes: 8 * MEGABYTE };
/** A window that remembers more moments than this is a mistake. */
const MOST_REQUESTS = 100_000;

/** The settings that the options stand for; what is wrong with them is added to `problems`, each with its option. */
export function toHttpSettings(options: HttpClientOptions, problems: string[]): HttpSettings {
  const check = new OptionCheck(problems);
  const { headers = {}, auth, fetch, logger, clock, acceptAnyType = false } = options;
  if (typeof headers !== "function") checkHeaders("headers", headers, problems);
  check.isFunction("auth", auth);
  check.isFunction("fetch", fetch);
  if (fetch === undefined && typeof globalThis.fetch !== "function") {
    problems.push("fetch: this host has none of its own; give one");
  }
  check.hasFunctions("logger", logger, ["error", "info", "debug"]);
  check.hasFunctions("clock", clock, ["now", "monotonic", "setTimer"]);
  if (typeof acceptAnyType !== "boolean") problems.push("acceptAnyType: give true or false");
  return {
    headers,
    auth,
    timeoutMs: check.duration("timeout", options.timeout, 30_000),
    concurrency: check.count("concurrency", options.concurrency, { least: 1, default: 6 }),
    rateLimit: rateLimitOf(options.rateLimit, check),
    maxWaiting: check.count("maxWaiting", options.maxWaiting, { least: 1, default: 10_000 }),
    maxRetryAfterMs: check.duration("maxRetryAfter", options.maxRetryAfter, 60_000),
    retries: check.count("retries", options.retries, { least: 0, default: 2 }),
    idempotencyHeader: idempotencyHeaderOf(options.idempotencyHeader, problems),
    revalidate: revalidateOf(options.revalidate, check),
    acceptAnyType,
    maxBodyBytes: check.count("maxBodyBytes", options.maxBodyBytes, { least: 1, default: 64 * MEGABYTE }),
    // Looked up at each call, as a call of the host's own would be.
    fetch: fetch ?? ((url, init) => globalThis.fetch(url, init)),
    logger: toSafeLogger(logger ?? silentLogger),
    clock: clock ?? systemClock,
  };
}

function rateLimitOf(given: unknown, check: OptionCheck): HttpSettings["rateLimit"] {
  if (given === undefined) return undefined;
  const { requests, per }: { readonly requests?: unknown; readonly per?: unknown } = Object(given);
  if (requests === undefined || per === undefined) {
    check.problems.push('rateLimit: give { requests, per }, such as { requests: 10, per: "1s" }');
    return undefined;
  }
  const perMs = check.duration("rateLimit.per", per, 1_000);
  if (perMs === Infinity) check.problems.push("rateLimit.per: give a length that ends");
  const allowed = { least: 1, most: MOST_REQUESTS, default: 1 };
  return { requests: check.count("rateLimit.requests", requests, allowed), perMs };
}

function revalidateOf(given: unknown, check: OptionCheck): HttpSettings["revalidate"] {
  if (given === undefined) return DEFAULT_REVALIDATE;
  if (given === false) return false;
  if (typeof given !== "object" || given === null) {
    check.problems.push("revalidate: give false or { maxEntries, maxBytes }");
    return false;
  }
  const { maxEntries, maxBytes }: { readonly maxEntries?: unknown; readonly maxBytes?: unknown } = given;
  return {
    maxEntries: check.count("revalidate.maxEntries", maxEntries, {
      least: 1,
      default: DEFAULT_REVALIDATE.maxEntries,
    }),
    maxBytes: check.count("revalidate.maxBytes", maxBytes, {
      least: 1,
      default: DEFAULT_REVALIDATE.maxBytes,
    }),
  };
}

function idempotencyHeaderOf(given: unknown, problems: string[]): string | false {
  if (given === undefined) return "Idempotency-Key";
  if (given === false) return false;
  if (typeof given === "string" && isHeaderName(given)) return given;
  problems.push("idempotencyHeader: give the name of a header, or false");
  return false;
}

/** Names what can't be sent; never what it holds. */
export function checkHeaders(what: string, headers: unknown, problems: string[]): void {
  if (typeof headers !== "object" || headers === null || Array.isArray(headers)) {
    problems.push(`${what}: give an object of names and texts`);
    return;
  }
  for (const [name, value] of Object.entries(headers)) {
    if (!isHeaderName(name)) problems.push(`${what}: ${JSON.stringify(name)} is no name of a header`);
    else if (typeof value !== "string") problems.push(`${what}: ${name}: give a text`);
    else if (!isHeaderValue(value)) {
      problems.push(`${what}: ${name}: a header's text has no line ends and nothing beyond Latin-1`);
    }
  }
}

/** RFC 9110, 5.6.2: a token. */
const isHeaderName = (name: string): boolean => /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name);

const isHeaderValue = (value: string): boolean => /^[\t\x20-\x7E\x80-\xFF]*$/.test(value);

interface Allowed {
  readonly least: number;
  readonly most?: number;
  readonly default: number;
}

/** Collects what is wrong; answers with what to go on with. */
class OptionCheck {
  readonly problems: string[];

  constructor(problems: string[]) {
    this.problems = problems;
  }

  count(option: string, given: unknown, { least, most = Number.MAX_SAFE_INTEGER, ...rest }: Allowed): number {
    if (given === undefined) return rest.default;
    if (typeof given === "number" && Number.isSafeInteger(given) && given >= least && given <= most) {
      return given;
    }
    const range = most === Number.MAX_SAFE_INTEGER ? `from ${least} up` : `from ${least} to ${most}`;
    this.problems.push(`${option}: give a whole number ${range}`);
    return rest.default;
  }

  duration(option: string, given: unknown, defaultMs: number): number {
    if (given === undefined) return defaultMs;
    try {
      const known = typeof given === "string" || typeof given === "number" ? given : Number.NaN;
      const ms = toMilliseconds(known, option);
      if (ms > 0) return ms;
      this.problems.push(`${option}: give a duration over 0`);
    } catch (error) {
      this.problems.push(messageOf(error));
    }
    return defaultMs;
  }

  isFunction(option: string, given: unknown): void {
    if (given !== undefined && typeof given !== "function") this.problems.push(`${option}: give a function`);
  }

  hasFunctions(option: string, given: unknown, names: readonly string[]): void {
    if (given === undefined) return;
    const there = new Map<string, unknown>(names.map((name) => [name, Object(given)[name]]));
    const absent = names.filter((name) => typeof there.get(name) !== "function");
    if (absent.length > 0) this.problems.push(`${option}: it has no ${absent.join(", no ")}`);
  }
}
