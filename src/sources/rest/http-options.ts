import type { Clock, Duration, Logger } from "../../base/index.ts";
import type { HttpRequest } from "./http-client.ts";

/** Names and values of headers. */
export type HttpHeaders = Readonly<Record<string, string>>;

/** What a request is, for those who add headers to it. */
export interface HeadersOf {
  readonly method: HttpRequest["method"];
  readonly url: URL;
}

/** Asked for credentials. `isRetry`: the API refused the last ones with a 401. */
export interface AuthCall {
  readonly signal: AbortSignal;
  readonly isRetry: boolean;
}

/** How one API is spoken to. Durations are milliseconds or texts such as `"30s"`. */
export interface HttpClientOptions {
  /** Sent with every request; a function is asked for each. They win over the client's own Accept and Content-Type. */
  readonly headers?: HttpHeaders | ((request: HeadersOf) => HttpHeaders | Promise<HttpHeaders>) | undefined;
  /** Gives the headers that log in. Kept, and asked for once more after a 401. */
  readonly auth?: ((call: AuthCall) => HttpHeaders | Promise<HttpHeaders>) | undefined;
  /** For one attempt, its body included; default 30 s. */
  readonly timeout?: Duration | undefined;
  /** Requests under way at once; default 6. */
  readonly concurrency?: number | undefined;
  /** At most so many requests in any stretch of that length; default: no limit. */
  readonly rateLimit?: { readonly requests: number; readonly per: Duration } | undefined;
  /** How many requests may wait for their turn; one more is `full`. Default 10,000. */
  readonly maxWaiting?: number | undefined;
  /** The longest pause that the API may ask for with `Retry-After`; default 60 s. */
  readonly maxRetryAfter?: Duration | undefined;
  /** How often a read is tried again; default 2. Writes never are. */
  readonly retries?: number | undefined;
  /** The header that a write's opId goes in, or false; default `Idempotency-Key`. */
  readonly idempotencyHeader?: string | false | undefined;
  /** What is kept to ask with If-None-Match or If-Modified-Since, or false; default 256 answers, 8 MB. */
  readonly revalidate?: false | { readonly maxEntries?: number; readonly maxBytes?: number } | undefined;
  /** Takes bodies as JSON whatever the API says that they are. */
  readonly acceptAnyType?: boolean | undefined;
  /** The longest body; default 64 MB. */
  readonly maxBodyBytes?: number | undefined;
  /** Instead of the host's own. */
  readonly fetch?: ((url: URL, init: RequestInit) => Promise<Response>) | undefined;
  /** Hears of retries and pauses, without secrets. */
  readonly logger?: Logger | undefined;
  readonly clock?: Clock | undefined;
}

/** The options, checked and complete. Times in milliseconds. */
export interface HttpSettings {
  readonly headers: NonNullable<HttpClientOptions["headers"]>;
  readonly auth: HttpClientOptions["auth"];
  readonly timeoutMs: number;
  readonly concurrency: number;
  readonly rateLimit: { readonly requests: number; readonly perMs: number } | undefined;
  readonly maxWaiting: number;
  readonly maxRetryAfterMs: number;
  readonly retries: number;
  readonly idempotencyHeader: string | false;
  readonly revalidate: { readonly maxEntries: number; readonly maxBytes: number } | false;
  readonly acceptAnyType: boolean;
  readonly maxBodyBytes: number;
  readonly fetch: NonNullable<HttpClientOptions["fetch"]>;
  readonly logger: Logger;
  readonly clock: Clock;
}

/** The names of all options of the client. */
export const httpOptionNames: readonly (keyof HttpClientOptions)[] = [
  "headers",
  "auth",
  "timeout",
  "concurrency",
  "rateLimit",
  "maxWaiting",
  "maxRetryAfter",
  "retries",
  "idempotencyHeader",
  "revalidate",
  "acceptAnyType",
  "maxBodyBytes",
  "fetch",
  "logger",
  "clock",
];
