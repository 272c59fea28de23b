import { sleep, type Clock } from "../../src/base/index.ts";

/** A request as the fake got it. */
export interface FakeRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: Headers;
  /** By the clock, when it was sent. */
  readonly atMs: number;
}

export interface FakeAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** As JSON. */
  readonly body?: unknown;
  /** By the clock. Infinity: never. */
  readonly takesMs?: number;
  /** Fails in place of an answer. */
  readonly error?: Error;
}

export interface FakeFetch {
  readonly fetch: (url: URL, init: RequestInit) => Promise<Response>;
  readonly log: readonly FakeRequest[];
  readonly underWay: { readonly now: number; readonly most: number };
}

/** A host's fetch without a network: its answers take their time by a clock that the test moves. */
export function createFakeFetch(
  clock: Clock,
  answer: (request: FakeRequest, count: number) => FakeAnswer = () => ({}),
): FakeFetch {
  const log: FakeRequest[] = [];
  const underWay = { now: 0, most: 0 };
  const play = async (request: FakeRequest, signal: AbortSignal | undefined): Promise<Response> => {
    const { status = 200, headers = {}, body = [], takesMs = 10, error } = answer(request, log.length);
    if (takesMs === Infinity) await new Promise((resolve) => signal?.addEventListener("abort", resolve));
    else await sleep(clock, takesMs, signal);
    signal?.throwIfAborted();
    if (error !== undefined) throw error;
    const text = status === 204 || status === 304 ? null : JSON.stringify(body);
    return new Response(text, { status, headers: { "Content-Type": "application/json", ...headers } });
  };
  return {
    log,
    underWay,
    fetch: async (url, { method = "GET", headers, signal }) => {
      signal?.throwIfAborted();
      const request = { method, url: new URL(url), headers: new Headers(headers), atMs: clock.monotonic() };
      log.push(request);
      underWay.now++;
      underWay.most = Math.max(underWay.most, underWay.now);
      try {
        return await play(request, signal ?? undefined);
      } finally {
        underWay.now--;
      }
    },
  };
}
