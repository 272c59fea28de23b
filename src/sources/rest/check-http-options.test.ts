import { describe, expect, test } from "vitest";
import { systemClock } from "../../base/index.ts";
import { toHttpSettings } from "./check-http-options.ts";
import { httpOptionNames, type HttpClientOptions } from "./http-options.ts";

function problemsOf(options: object): string[] {
  const problems: string[] = [];
  // As callers without a compiler might give them.
  toHttpSettings(options as HttpClientOptions, problems);
  return problems;
}

describe("options of the client", () => {
  test("REST40 without any, the defaults are those of the guide", () => {
    const problems: string[] = [];
    const settings = toHttpSettings({}, problems);
    expect(problems).toEqual([]);
    expect(settings).toMatchObject({
      headers: {},
      auth: undefined,
      timeoutMs: 30_000,
      concurrency: 6,
      rateLimit: undefined,
      maxWaiting: 10_000,
      maxRetryAfterMs: 60_000,
      retries: 2,
      idempotencyHeader: "Idempotency-Key",
      revalidate: { maxEntries: 256, maxBytes: 8_000_000 },
      acceptAnyType: false,
      maxBodyBytes: 64_000_000,
      clock: systemClock,
    });
    expect(Object.keys(settings).length).toBe(httpOptionNames.length);
  });

  test("REST40 what is given is taken", () => {
    const problems: string[] = [];
    const headers = { "X-Tenant": "7" };
    const options: HttpClientOptions = {
      headers,
      timeout: "5s",
      concurrency: 1,
      rateLimit: { requests: 10, per: "1m" },
      maxWaiting: 5,
      maxRetryAfter: "2m",
      retries: 0,
      idempotencyHeader: "X-Op",
      revalidate: { maxEntries: 3 },
      acceptAnyType: true,
      maxBodyBytes: 100,
    };
    expect(toHttpSettings(options, problems)).toMatchObject({
      headers,
      timeoutMs: 5_000,
      concurrency: 1,
      rateLimit: { requests: 10, perMs: 60_000 },
      maxWaiting: 5,
      maxRetryAfterMs: 120_000,
      retries: 0,
      idempotencyHeader: "X-Op",
      revalidate: { maxEntries: 3, maxBytes: 8_000_000 },
      acceptAnyType: true,
      maxBodyBytes: 100,
    });
    expect(problems).toEqual([]);
    expect(toHttpSettings({ timeout: Infinity }, problems).timeoutMs).toBe(Infinity);
    expect(problems).toEqual([]);
  });

  test.each<[options: object, problem: string]>([
    [{ headers: 5 }, "headers: give an object of names and texts"],
    [{ headers: { "a b": "sesame" } }, 'headers: "a b" is no name of a header'],
    [{ headers: { a: 5 } }, "headers: a: give a text"],
    [
      { headers: { a: "ses\name" } },
      "headers: a: a header's text has no line ends and nothing beyond Latin-1",
    ],
    [{ auth: "Bearer sesame" }, "auth: give a function"],
    [{ fetch: {} }, "fetch: give a function"],
    [
      { timeout: "soon" },
      'timeout: "soon" is no duration; give milliseconds or a text such as "250ms", "30s", "5m", "2h", "1d"',
    ],
    [{ timeout: 0 }, "timeout: give a duration over 0"],
    [
      { timeout: null },
      'timeout: NaN is no duration; give milliseconds or a text such as "250ms", "30s", "5m", "2h", "1d"',
    ],
    [{ concurrency: 0 }, "concurrency: give a whole number from 1 up"],
    [{ concurrency: "6" }, "concurrency: give a whole number from 1 up"],
    [{ maxWaiting: 1.5 }, "maxWaiting: give a whole number from 1 up"],
    [
      { maxRetryAfter: -1 },
      'maxRetryAfter: -1 is no duration; give milliseconds or a text such as "250ms", "30s", "5m", "2h", "1d"',
    ],
    [{ rateLimit: 5 }, 'rateLimit: give { requests, per }, such as { requests: 10, per: "1s" }'],
    [
      { rateLimit: { requests: 5 } },
      'rateLimit: give { requests, per }, such as { requests: 10, per: "1s" }',
    ],
    [{ rateLimit: { requests: 0, per: 5 } }, "rateLimit.requests: give a whole number from 1 to 100000"],
    [{ rateLimit: { requests: 5, per: Infinity } }, "rateLimit.per: give a length that ends"],
    [{ retries: -1 }, "retries: give a whole number from 0 up"],
    [{ idempotencyHeader: "" }, "idempotencyHeader: give the name of a header, or false"],
    [{ idempotencyHeader: true }, "idempotencyHeader: give the name of a header, or false"],
    [{ revalidate: true }, "revalidate: give false or { maxEntries, maxBytes }"],
    [{ revalidate: { maxEntries: 0 } }, "revalidate.maxEntries: give a whole number from 1 up"],
    [{ revalidate: { maxBytes: Infinity } }, "revalidate.maxBytes: give a whole number from 1 up"],
    [{ acceptAnyType: "yes" }, "acceptAnyType: give true or false"],
    [{ maxBodyBytes: 0 }, "maxBodyBytes: give a whole number from 1 up"],
    [{ logger: {} }, "logger: it has no error, no info, no debug"],
    [{ clock: { now: Date.now, monotonic: Date.now } }, "clock: it has no setTimer"],
  ])("REST40 %j is told by its name and with what is allowed", (options, problem) => {
    expect(problemsOf(options)).toEqual([problem]);
  });

  test("REST40 all of them are told at once", () => {
    const problems = problemsOf({ timeout: 0, concurrency: 0, retries: 0.5, headers: null });
    expect(problems.map((problem) => problem.split(":")[0])).toEqual([
      "headers",
      "timeout",
      "concurrency",
      "retries",
    ]);
  });

  test("REST40 a host without fetch of its own needs one", () => {
    const { fetch } = globalThis;
    Reflect.deleteProperty(globalThis, "fetch");
    try {
      expect(problemsOf({})).toEqual(["fetch: this host has none of its own; give one"]);
      expect(problemsOf({ fetch })).toEqual([]);
    } finally {
      globalThis.fetch = fetch;
    }
  });
});
