import { type Clock, DioramaError, type ErrorCode, type Logger, messageOf } from "../base/index.ts";

/**
 * What can fail while nobody waits for it. start, refresh, cache, queue: see their events. read: a row, a
 * query or a version that was to be renewed. feed: a subscription to changes; upstream: taking one in. send: the destination of writes. write: an op for good. load: rows of a
 * Scenery. listener: a handler or listener of the application. order: the kept order of a view. view: its upkeep.
 */
export type FailureKind =
  | "start"
  | "refresh"
  | "read"
  | "feed"
  | "upstream"
  | "cache"
  | "queue"
  | "send"
  | "write"
  | "load"
  | "listener"
  | "order"
  | "view";

/** The last failure of one kind. */
export interface LastFailure {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly code: ErrorCode;
  readonly message: string;
  /** How many there were since the Dio was opened, the attempts of one outage included. */
  readonly times: number;
  /** It has not ended yet, as far as is known. */
  readonly isLasting: boolean;
}

export interface FailuresHost {
  /** Of the Dio. */
  readonly name: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Told of what has no event of its own. */
  onNews(kind: FailureKind, error: DioramaError): void;
}

/** So many different failures of listeners are told apart; more are told again. */
const MAX_TOLD = 100;

/**
 * Every failure that nobody waits for: counted each time, logged once for each outage. Where it answers whether a
 * failure is news, the caller has an event of its own for that.
 */
export class Failures {
  readonly #host: FailuresHost;
  readonly #last = new Map<FailureKind, Omit<LastFailure, "isLasting">>();
  /** Outages under way: of a kind, or of one of several of its kind. */
  readonly #lasting = new Map<string, FailureKind>();
  readonly #told = new Set<string>();

  constructor(host: FailuresHost) {
    this.#host = host;
  }

  /** A failure that stands by itself. */
  note(kind: FailureKind, error: DioramaError): void {
    this.#count(kind, error);
    this.#log(kind, error);
  }

  /** A failure that goes on until `ended`: true where it begins, and what follows is the same outage. */
  began(kind: FailureKind, error: DioramaError, of = ""): boolean {
    this.#count(kind, error);
    const outage = `${kind} ${of}`;
    if (this.#lasting.has(outage)) return false;
    this.#lasting.set(outage, kind);
    this.#log(kind, error);
    return true;
  }

  /** It works again. */
  ended(kind: FailureKind, of = ""): void {
    if (this.#lasting.size > 0) this.#lasting.delete(`${kind} ${of}`);
  }

  /** As `began`, of a kind that has no event of its own. */
  tell(kind: FailureKind, error: DioramaError): void {
    if (this.began(kind, error)) this.#host.onNews(kind, error);
  }

  /** A failure that is the same one as long as it has the same words: true the first time. */
  once(kind: FailureKind, error: DioramaError): boolean {
    this.#count(kind, error);
    const words = `${kind}: ${error.message}`;
    if (this.#told.has(words)) return false;
    if (this.#told.size >= MAX_TOLD) this.#told.clear();
    this.#told.add(words);
    this.#log(kind, error);
    return true;
  }

  /** As `once`, of a kind that has no event of its own. */
  tellOnce(kind: FailureKind, error: DioramaError): void {
    if (this.once(kind, error)) this.#host.onNews(kind, error);
  }

  /** For parts that only know a logger: their errors are failures of this kind, and told once. */
  logger(kind: FailureKind): Logger {
    const { logger, name } = this.#host;
    const tell: Logger["error"] = (message, { reason, type } = {}) => {
      const what = typeof type === "string" ? `${message} (${type})` : message;
      const why = typeof reason === "string" ? `: ${reason}` : "";
      this.tellOnce(kind, new DioramaError("invalid", `${name}: ${what}${why}`, { place: { vista: name } }));
    };
    return { ...logger, error: tell };
  }

  /** The last one of each kind. */
  get last(): Partial<Record<FailureKind, LastFailure>> {
    const lasting = new Set(this.#lasting.values());
    const kinds = [...this.#last].map(
      ([kind, last]) => [kind, { ...last, isLasting: lasting.has(kind) }] as const,
    );
    return Object.fromEntries(kinds);
  }

  #count(kind: FailureKind, { code, message }: DioramaError): void {
    const times = (this.#last.get(kind)?.times ?? 0) + 1;
    this.#last.set(kind, { at: this.#host.clock.now(), code, message, times });
  }

  #log(kind: FailureKind, error: DioramaError): void {
    const { logger, name } = this.#host;
    logger.error(LINES[kind], { vista: name, code: error.code, reason: messageOf(error) });
  }
}

const LINES: Readonly<Record<FailureKind, string>> = {
  start: "onStart failed",
  refresh: "a refresh failed",
  read: "reading behind failed",
  feed: "a change feed broke",
  upstream: "taking in changes failed",
  cache: "the cache failed",
  queue: "the queue failed",
  send: "sending writes failed",
  write: "a write failed for good",
  load: "loading rows failed",
  listener: "a listener failed",
  order: "keeping an order failed",
  view: "work on views failed",
};
