import { execFile } from "node:child_process";
import { getEventListeners } from "node:events";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import {
  createFakeFetch,
  type FakeAnswer,
  type FakeFetch,
  type FakeRequest,
} from "../../../test/rest/fake-fetch.ts";
import { errorOf, openClient, startServer } from "../../../test/rest/open-client.ts";
import { createManualClock, createRandom, type ManualClock } from "../../testing/index.ts";
import type { HttpClient, HttpRequest } from "./http-client.ts";
import type { HttpClientOptions } from "./http-options.ts";

const base = new URL("https://api.test/");
const get = (path: string, signal?: AbortSignal): HttpRequest => ({
  method: "GET",
  url: new URL(path, base),
  signal,
});

interface Played extends FakeFetch {
  readonly clock: ManualClock;
  readonly client: HttpClient;
}

function play(
  options: HttpClientOptions = {},
  answer?: (request: FakeRequest, count: number) => FakeAnswer,
): Played {
  const clock = createManualClock(Date.UTC(2026, 5, 1, 12));
  const fake = createFakeFetch(clock, answer);
  return { ...fake, clock, client: openClient(base, { fetch: fake.fetch, clock, ...options }) };
}

/** How many requests were sent in the busiest stretch of that length. */
function busiest(log: readonly FakeRequest[], perMs: number): number {
  const times = log.map(({ atMs }) => atMs);
  return Math.max(...times.map((from) => times.filter((at) => at >= from && at < from + perMs).length));
}

describe("a thousand requests", () => {
  test("REST48 are sent in the order of their calls, so many at once", async () => {
    const { client, clock, log, underWay } = play({ concurrency: 7, timeout: "1d" });
    const random = createRandom(5);
    const calls = Array.from({ length: 1_000 }, (_, at) =>
      client.send(get(`rows/${at}?t=${random.integer(1, 9)}`)),
    );
    const answers = await clock.until(Promise.all(calls));
    expect(answers.every(({ status }) => status === 200)).toBe(true);
    expect(log.map(({ url }) => url.pathname)).toEqual(calls.map((_, at) => `/rows/${at}`));
    expect(underWay).toEqual({ now: 0, most: 7 });
  });

  test("REST49 no stretch of time sees more than the rate limit allows, and no time is lost", async () => {
    const { client, clock, log } = play({
      concurrency: 100,
      rateLimit: { requests: 20, per: "1s" },
      timeout: "1d",
    });
    const calls = Array.from({ length: 1_000 }, (_, at) => client.send(get(`rows/${at}`)));
    await clock.until(Promise.all(calls));
    expect(log.map(({ url }) => url.pathname)).toEqual(calls.map((_, at) => `/rows/${at}`));
    expect(busiest(log, 1_000)).toBe(20);
    expect(log.at(-1)?.atMs).toBe(49_000);
  });

  test("REST49 the stretch is counted from when a request is sent, however long its headers took", async () => {
    const random = createRandom(11);
    let clock: ManualClock | undefined;
    const headers = (): Promise<Record<string, string>> =>
      new Promise((resolve) => void clock?.setTimer(() => resolve({}), random.integer(0, 900)));
    const played = play({ concurrency: 50, rateLimit: { requests: 10, per: "1s" }, timeout: "1d", headers });
    ({ clock } = played);
    const calls = Array.from({ length: 200 }, (_, at) => played.client.send(get(`rows/${at}`)));
    await clock.until(Promise.all(calls));
    expect(played.log.length).toBe(200);
    expect(busiest(played.log, 1_000)).toBe(10);
  });

  test("REST49 a request that was never sent takes nothing of the stretch", async () => {
    let isDown = true;
    const { client, clock, log } = play({
      rateLimit: { requests: 1, per: "1h" },
      headers: () => {
        if (isDown) throw new Error("no headers today");
        return {};
      },
      retries: 0,
    });
    await errorOf(client.send(get("a")));
    isDown = false;
    await clock.until(client.send(get("b")));
    expect(log.map(({ url, atMs }) => [url.pathname, atMs])).toEqual([["/b", 0]]);
  });

  test("REST47 REST49 REST50 whoever gives up takes nothing from the others", async () => {
    const random = createRandom(23);
    const { client, clock, log, underWay } = play({
      concurrency: 5,
      rateLimit: { requests: 30, per: "1s" },
      timeout: "1d",
    });
    const outcomes: string[] = [];
    const calls = Array.from({ length: 1_000 }, async (_, at) => {
      const controller = new AbortController();
      if (random.chance(0.4)) {
        clock.setTimer(() => controller.abort(new Error(`given up: ${at}`)), random.integer(0, 20_000));
      }
      outcomes[at] = await client.send(get(`rows/${at}`, controller.signal)).then(
        ({ status }) => String(status),
        (error: unknown) => (error instanceof Error ? error.message : "?"),
      );
    });
    await clock.until(Promise.all(calls));
    const given = outcomes.filter((outcome, at) => outcome === `given up: ${at}`).length;
    const done = outcomes.filter((outcome) => outcome === "200").length;
    expect([given + done, given > 200, done > 500]).toEqual([1_000, true, true]);
    const sent = log.map(({ url }) => Number(url.pathname.slice("/rows/".length)));
    expect(sent).toEqual(sent.toSorted((a, b) => a - b));
    expect(sent.length).toBeGreaterThanOrEqual(done);
    expect(busiest(log, 1_000)).toBeLessThanOrEqual(30);
    expect(underWay.now).toBe(0);
    // Nothing is held back by those that left: the next one is sent at once.
    await clock.advance(1_000);
    const before = clock.monotonic();
    await clock.until(client.send(get("rows/last")));
    expect(log.at(-1)?.atMs).toBe(before);
    expect(clock.timerCount).toBe(0);
  });

  test("REST47 REST50 when the last one that waited has given up, no timer is left", async () => {
    const { client, clock } = play({ rateLimit: { requests: 1, per: "1h" } });
    await clock.until(client.send(get("a")));
    const controllers = [new AbortController(), new AbortController()];
    const calls = controllers.map(({ signal }) => client.send(get("b", signal)).catch(() => "left"));
    const timers = [clock.timerCount];
    for (const controller of controllers) {
      controller.abort();
      timers.push(clock.timerCount);
    }
    expect([timers, await Promise.all(calls)]).toEqual([
      [1, 1, 0],
      ["left", "left"],
    ]);
  });

  test("REST50 one more than may wait is full, and the others are served", async () => {
    const { client, clock, log } = play({ concurrency: 2, maxWaiting: 3, timeout: "1d" });
    const calls = Array.from({ length: 8 }, (_, at) => client.send(get(`rows/${at}`)));
    const ends = await clock.until(Promise.allSettled(calls));
    expect(ends.map(({ status }) => status)).toEqual([
      ...Array.from({ length: 5 }, () => "fulfilled"),
      ...Array.from({ length: 3 }, () => "rejected"),
    ]);
    const error = await errorOf(calls[7] ?? Promise.resolve());
    expect([error.code, error.message]).toEqual([
      "full",
      "GET https://api.test/rows/7: not sent, for 3 requests wait already; ask for less at once, or raise maxWaiting",
    ]);
    expect(log.length).toBe(5);
    await clock.until(client.send(get("rows/9")));
  });
});

describe("pauses", () => {
  const asked = (value: string, date?: string): FakeAnswer => ({
    status: 429,
    headers: { "Retry-After": value, ...(date !== undefined && { Date: date }) },
  });

  test.each([
    ["seconds", "7", undefined, 7_000],
    ["a date", "Mon, 01 Jun 2026 12:00:09 GMT", undefined, 8_990],
    ["a date of the API's own time", "Mon, 01 Jun 2020 12:00:09 GMT", "Mon, 01 Jun 2020 12:00:04 GMT", 5_000],
    ["a date in RFC 850's form", "Monday, 01-Jun-26 12:00:09 GMT", undefined, 8_990],
    ["a date in C's form", "Mon Jun  1 12:00:09 2026", undefined, 8_990],
    ["a date that is past", "Mon, 01 Jun 2026 11:00:00 GMT", undefined, 0],
  ])("REST51 %s: nothing is sent until then", async (_what, value, date, pauseMs) => {
    const { client, clock, log } = play({ concurrency: 1 }, (_request, count) =>
      count === 1 ? asked(value, date) : {},
    );
    const calls = ["a", "b", "c"].map((path) => client.send(get(path)));
    const answers = await clock.until(Promise.all(calls));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    // The first one waits behind the others, for it has had its turn.
    expect(log.map(({ url }) => url.pathname)).toEqual(["/a", "/b", "/c", "/a"]);
    expect((log[1]?.atMs ?? 0) - 10).toBe(pauseMs);
  });

  test.each(["soon", "-5", "1.5", "2026-06-01T12:00:09Z", "9".repeat(100), "Mon, 99 Jun 2026 12:00:09 GMT"])(
    "REST51 %s asks for nothing: the read is tried again after back-off",
    async (value) => {
      const { client, clock, log } = play({ concurrency: 1 }, (_request, count) =>
        count === 1 ? asked(value) : {},
      );
      const first = client.send(get("a"));
      const second = client.send(get("b"));
      await clock.until(Promise.all([first, second]));
      expect(log.map(({ url }) => url.pathname)).toEqual(["/a", "/b", "/a"]);
      expect(log[1]?.atMs).toBe(10);
    },
  );

  test("REST51 REST53 a write that is asked to wait is not repeated, and the next one waits", async () => {
    const { client, clock, log } = play({}, (_request, count) => (count === 1 ? asked("20") : {}));
    const write = client.send({ method: "PUT", url: new URL("a", base), body: {} });
    const error = await clock.until(errorOf(write));
    expect([error.code, error.message]).toEqual([
      "unavailable",
      "PUT https://api.test/a: answered 429; asks to be left alone for 20 s, until 2026-06-01T12:00:20.010Z",
    ]);
    await clock.until(client.send({ method: "PUT", url: new URL("b", base), body: {} }));
    expect(log.map(({ url, atMs }) => [url.pathname, atMs])).toEqual([
      ["/a", 0],
      ["/b", 20_010],
    ]);
  });

  test("REST51 REST53 a pause and a back-off keep the process of whoever waits alive", async () => {
    const module = (name: string): string => JSON.stringify(new URL(name, import.meta.url).href);
    const program = `
      const { createHttpClient } = await import(${module("./fetch-client.ts")});
      const { toHttpSettings } = await import(${module("./check-http-options.ts")});
      const says = [{ status: 429, headers: { "Retry-After": "1" } }, { status: 500 }, { status: 204 }];
      const fetch = async () => new Response(null, says.shift());
      const url = new URL("https://api.test/");
      const { status } = await createHttpClient(url, toHttpSettings({ fetch }, [])).send({ method: "GET", url });
      console.log(status);`;
    const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", program]);
    expect(stdout).toBe("204\n");
  });

  test("REST52 too long a pause ends what waits and what comes, and is over after maxRetryAfter", async () => {
    const { client, clock, log } = play({ concurrency: 1, maxRetryAfter: "1m" }, (_request, count) =>
      count === 1 ? { status: 503, headers: { "Retry-After": "3600" } } : {},
    );
    const [first, waiting] = ["a", "b"].map((path) => errorOf(client.send(get(path))));
    await clock.advance(10);
    expect((await first)?.message).toBe(
      "GET https://api.test/a: answered 503; asks to be left alone for 3600 s, until 2026-06-01T13:00:00.010Z",
    );
    const refused = "not sent, for the API asks to be left alone for 3600 s, until 2026-06-01T13:00:00.010Z";
    expect([(await waiting)?.code, (await waiting)?.message]).toEqual([
      "unavailable",
      `GET https://api.test/b: ${refused}`,
    ]);
    await clock.advance(59_000);
    expect((await errorOf(client.send(get("c")))).message).toBe(`GET https://api.test/c: ${refused}`);
    await clock.advance(1_000);
    await clock.until(client.send(get("d")));
    expect(log.map(({ url }) => url.pathname)).toEqual(["/a", "/d"]);
  });
});

describe("trying again", () => {
  test.each([
    ["503", { status: 503 }, "unavailable"],
    ["500", { status: 500 }, "unavailable"],
    ["408", { status: 408 }, "timeout"],
    ["a lost connection", { error: new TypeError("fetch failed") }, "unavailable"],
    ["no answer in time", { takesMs: Infinity }, "timeout"],
  ] as const)(
    "REST46 REST53 %s: a read is sent three times in all, a write once",
    async (_what, answer, code) => {
      const { client, clock, log } = play({}, () => answer);
      const read = await clock.until(errorOf(client.send(get("a"))));
      expect([read.code, read.message.endsWith("(3 attempts)")]).toEqual([code, true]);
      expect(log.length).toBe(3);
      const write = await clock.until(errorOf(client.send({ method: "DELETE", url: new URL("a", base) })));
      expect([write.code, log.length]).toEqual([code, 4]);
      expect(clock.timerCount).toBe(0);
    },
  );

  test("REST53 the waits in between grow and are drawn by lot", async () => {
    const { client, clock, log } = play({ retries: 9 }, () => ({ status: 500, takesMs: 0 }));
    await clock.until(errorOf(client.send(get("a"))));
    const waits = log.slice(1).map(({ atMs }, at) => atMs - (log[at]?.atMs ?? 0));
    expect(waits.length).toBe(9);
    waits.forEach((waitMs, at) => expect(waitMs).toBeLessThanOrEqual(Math.min(10_000, 250 * 2 ** at)));
    expect(new Set(waits).size).toBeGreaterThan(4);
  });

  test.each([400, 401, 403, 404, 405, 409, 410, 412, 415, 422, 501])(
    "REST53 %d is not tried again",
    async (status) => {
      const { client, clock, log } = play({}, () => ({ status }));
      await clock.until(errorOf(client.send(get("a"))));
      expect(log.length).toBe(1);
    },
  );

  test("REST53 with retries: 0 nothing is", async () => {
    const { client, clock, log } = play({ retries: 0 }, () => ({ status: 503 }));
    await clock.until(errorOf(client.send(get("a"))));
    expect(log.length).toBe(1);
  });

  test("REST66 what is told of retries and pauses holds no secret", async () => {
    const lines: string[] = [];
    const note = (message: string, fields?: object): void =>
      void lines.push(JSON.stringify([message, fields]));
    const { client, clock } = play(
      { logger: { error: note, info: note, debug: note }, headers: { "X-Key": "sesame" } },
      (_request, count) =>
        count === 1 ? { status: 429, headers: { "Retry-After": "2" } } : count === 2 ? { status: 500 } : {},
    );
    await clock.until(client.send(get("a?key=sesame")));
    expect(lines.map((line) => line.includes("sesame"))).toEqual([false, false, false]);
    expect(lines[0]).toBe(
      '["the API asks for a pause",{"request":"GET https://api.test/a?key=?","status":429,"pauseMs":2000}]',
    );
  });
});

describe("time and signals", () => {
  test("REST46 the timeout counts from a request's turn, not from its call", async () => {
    const { client, clock } = play({ concurrency: 1, timeout: "1s" }, () => ({ takesMs: 900 }));
    const calls = Array.from({ length: 5 }, (_, at) => client.send(get(`rows/${at}`)));
    expect((await clock.until(Promise.all(calls))).length).toBe(5);
    expect(clock.timerCount).toBe(0);
  });

  test("REST46 an auth that never answers ends with the timeout, and its signal fires", async () => {
    let signal: AbortSignal | undefined;
    const auth = (call: { readonly signal: AbortSignal }): Promise<never> => {
      ({ signal } = call);
      return new Promise(() => undefined);
    };
    const { client, clock, log } = play({ auth, timeout: "5s", retries: 0 });
    const error = await clock.until(errorOf(client.send(get("a"))));
    expect([error.code, error.message, signal?.aborted, log.length]).toEqual([
      "timeout",
      "GET https://api.test/a: no whole answer within 5000 ms",
      true,
      0,
    ]);
  });

  test("REST47 a signal ends a call at once where it waits, is sent, backs off, or before it begins", async () => {
    const { client, clock, log } = play({ concurrency: 1 }, ({ url }) =>
      url.pathname === "/broken" ? { status: 500, takesMs: 0 } : { takesMs: Infinity },
    );
    const reason = new Error("no longer wanted");
    const end = async (path: string, passMs: number): Promise<unknown> => {
      const controller = new AbortController();
      const call = client.send(get(path, controller.signal)).catch((error: unknown) => error);
      await clock.advance(passMs);
      controller.abort(reason);
      return call;
    };
    expect(await end("sent", 5)).toBe(reason);
    const holder = new AbortController();
    const held = client.send(get("held", holder.signal)).catch((error: unknown) => error);
    expect(await end("waits", 5)).toBe(reason);
    holder.abort(reason);
    expect(await held).toBe(reason);
    expect(await end("broken", 0)).toBe(reason);
    await expect(client.send(get("before", AbortSignal.abort(reason)))).rejects.toBe(reason);
    // A pause drawn by lot may be none at all, and bring the broken one twice.
    expect([...new Set(log.map(({ url }) => url.pathname))]).toEqual(["/sent", "/held", "/broken"]);
    expect(clock.timerCount).toBe(0);
  });

  test("REST47 nothing is left behind on a signal that lives on", async () => {
    const { client, clock } = play({ concurrency: 2, auth: () => ({}) }, (_request, count) => ({
      status: count % 3 === 0 ? 500 : 200,
    }));
    const { signal } = new AbortController();
    const calls = Array.from({ length: 20 }, (_, at) =>
      client.send(get(`rows/${at}`, signal)).catch(() => undefined),
    );
    expect(getEventListeners(signal, "abort").length).toBeGreaterThan(0);
    await clock.until(Promise.all(calls));
    expect(getEventListeners(signal, "abort").length).toBe(0);
  });

  test("REST47 a host whose fetch heeds no signal holds nobody up", async () => {
    let count = 0;
    const deaf = (): Promise<Response> =>
      ++count === 1
        ? new Promise(() => undefined)
        : Promise.resolve(new Response("[]", { headers: { "Content-Type": "application/json" } }));
    const client = openClient(base, { fetch: deaf, concurrency: 1 });
    const controller = new AbortController();
    const first = client.send(get("a", controller.signal)).catch((error: unknown) => error);
    const second = client.send(get("b"));
    controller.abort("enough");
    expect([await first, (await second).status]).toEqual(["enough", 200]);
  });

  test("REST46 REST47 over real sockets: a hang, a stall in the middle and an abort free their connections", async () => {
    const server = await startServer({ resources: { rows: [{ id: 1, name: "one" }] } });
    const request = (signal?: AbortSignal): HttpRequest => ({
      method: "GET",
      url: server.url("rows"),
      signal,
    });
    const clock = createManualClock();
    const timed = openClient(server.base, { timeout: 100, retries: 0, concurrency: 1, clock });
    const turns = [{ hang: true }, { stallAfterBytes: 5 }] as const;
    for (const [at, turn] of turns.entries()) {
      server.next(turn);
      const call = errorOf(timed.send(request()));
      // The server has it: from here on only the clock decides.
      await expect.poll(() => server.log.length, { timeout: 20_000 }).toBe(at + 1);
      await clock.advance(100);
      const error = await call;
      expect([error.code, error.message]).toEqual([
        "timeout",
        `GET ${server.url("rows").href}: no whole answer within 100 ms`,
      ]);
    }
    const patient = openClient(server.base, { retries: 0, concurrency: 1 });
    server.next({ stallAfterBytes: 5 });
    const controller = new AbortController();
    const call = patient.send(request(controller.signal));
    const waiting = patient.send(request());
    await expect.poll(() => server.log.length, { timeout: 20_000 }).toBe(3);
    controller.abort("enough");
    await expect(call).rejects.toBe("enough");
    expect((await waiting).status).toBe(200);
    await expect.poll(() => server.underWay.now, { timeout: 20_000 }).toBe(0);
  });
});
