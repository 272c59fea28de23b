/** One request to the API, as the source makes it. */
export interface HttpRequest {
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly url: URL;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly signal?: AbortSignal | undefined;
  /** The idempotency key of a write. */
  readonly opId?: string | undefined;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** The parsed JSON; `undefined` where there was no body. */
  readonly body: unknown;
}

/**
 * Speaks to one API: authorization, limits, time-outs, retries of reads, revalidation. What it resolves with is a
 * success (2xx; a 304 comes as the answer that it stands for); everything else is a DioramaError:
 *
 * - `notFound` 404, 410; `conflict` 409, 412; `invalid` 400, 422; `unsupported` 405, 501; `timeout` 408 and our own;
 *   `unavailable` 429, 5xx and whatever went wrong on the way; `rejected` every other 4xx, redirects to elsewhere.
 * - A body that is no JSON, or says that it is something else, is `rejected` where the status is a success.
 * - The message names method, status and the URL without credentials and query values, and says what to do.
 */
export interface HttpClient {
  send(request: HttpRequest): Promise<HttpAnswer>;
}
