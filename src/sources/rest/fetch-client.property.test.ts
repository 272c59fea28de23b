import fc from "fast-check";
import { expect, test } from "vitest";
import { createFakeFetch, type FakeAnswer, type FakeRequest } from "../../../test/rest/fake-fetch.ts";
import { openClient } from "../../../test/rest/open-client.ts";
import { runs } from "../../../test/properties/runs.ts";
import { createManualClock } from "../../testing/index.ts";

const base = new URL("https://api.test/");
const urlOf = (name: string): URL => new URL(name, base);

interface Planned {
  /** When it is called, and when it is given up, from the start. */
  readonly atMs: number;
  readonly leavesMs: number | undefined;
  readonly takesMs: number;
  readonly isWrite: boolean;
  /** Asked to wait so many seconds, the first time that it is sent. */
  readonly pauseS: number | undefined;
}

const planned: fc.Arbitrary<Planned> = fc.record({
  atMs: fc.integer({ min: 0, max: 3_000 }),
  leavesMs: fc.option(fc.integer({ min: 0, max: 6_000 }), { nil: undefined, freq: 3 }),
  takesMs: fc.integer({ min: 0, max: 400 }),
  isWrite: fc.boolean(),
  pauseS: fc.option(fc.integer({ min: 0, max: 3 }), { nil: undefined, freq: 8 }),
});
const limits = fc.record({
  concurrency: fc.integer({ min: 1, max: 5 }),
  requests: fc.integer({ min: 1, max: 6 }),
  perMs: fc.integer({ min: 50, max: 1_500 }),
});

test("REST47 REST48 REST49 REST51 REST53 whatever is called, given up and paused when: limits hold, turns go by call, each call ends", async () => {
  const property = fc.asyncProperty(fc.array(planned, { maxLength: 40 }), limits, async (plan, limit) => {
    const { concurrency, requests, perMs } = limit;
    const clock = createManualClock();
    const calls = plan.toSorted((a, b) => a.atMs - b.atMs);
    const numberOf = ({ url }: FakeRequest): number => Number(url.pathname.slice(1));
    const asked = new Set<number>();
    const pauses: { readonly from: number; readonly to: number; readonly leavesMs: number }[] = [];
    const answer = (request: FakeRequest): FakeAnswer => {
      const number = numberOf(request);
      const { takesMs = 0, pauseS, leavesMs = Infinity } = calls[number] ?? {};
      if (pauseS === undefined || asked.has(number)) return { takesMs };
      asked.add(number);
      const from = clock.monotonic() + takesMs;
      pauses.push({ from, to: from + pauseS * 1_000, leavesMs });
      return { takesMs, status: 429, headers: { "Retry-After": String(pauseS) } };
    };
    const { fetch, log, underWay } = createFakeFetch(clock, answer);
    const client = openClient(base, {
      fetch,
      clock,
      concurrency,
      rateLimit: { requests, per: perMs },
      timeout: "1d",
    });
    const given: number[] = [];
    const outcomes = await clock.until(
      Promise.all(
        calls.map(async ({ atMs, leavesMs, isWrite }, number) => {
          const controller = new AbortController();
          if (leavesMs !== undefined) clock.setTimer(() => controller.abort("left"), leavesMs);
          await new Promise<void>((resolve) => void clock.setTimer(resolve, atMs));
          given.push(number);
          const method = isWrite ? "DELETE" : "GET";
          return client.send({ method, url: urlOf(String(number)), signal: controller.signal }).then(
            ({ status }) => status,
            (error: unknown) => (error === "left" ? "left" : Object(error).code),
          );
        }),
      ),
    );
    outcomes.forEach((outcome, number) => {
      const { leavesMs, isWrite, pauseS } = calls[number] ?? {};
      const allowed: unknown[] = [isWrite === true && pauseS !== undefined ? "unavailable" : 200];
      if (leavesMs !== undefined) allowed.push("left");
      expect(allowed).toContain(outcome);
    });
    expect(underWay.most).toBeLessThanOrEqual(concurrency);
    for (const [at, { atMs }] of log.entries()) {
      const before = log[at - requests];
      if (before !== undefined) expect(atMs - before.atMs).toBeGreaterThanOrEqual(perMs);
      // A call that was given up by then did not hear of its pause.
      const heard = pauses.filter(({ from, leavesMs }) => leavesMs > from);
      expect(heard.filter(({ from, to }) => atMs > from && atMs < to)).toEqual([]);
    }
    const firsts = [...new Set(log.map(numberOf))];
    expect(firsts).toEqual(given.filter((number) => firsts.includes(number)));
    await clock.advance(10_000);
    expect([underWay.now, clock.timerCount]).toEqual([0, 0]);
  });
  await fc.assert(property, runs(60));
});

type Step =
  | { readonly kind: "get"; readonly name: string; readonly key: string; readonly language: string }
  | { readonly kind: "change"; readonly name: string }
  | { readonly kind: "write"; readonly name: string; readonly isRefused: boolean };

const name = fc.constantFrom("a", "b", "c", "d");
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("get" as const),
      name,
      key: fc.constantFrom("k1", "k1", "k2"),
      language: fc.constantFrom("de", "de", "fr"),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("change" as const), name }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("write" as const), name, isRefused: fc.boolean() }) },
);

test("REST55 REST56 REST57 REST58 what is kept never changes an answer, and is asked with exactly where a model says", async () => {
  const property = fc.asyncProperty(
    fc.array(step, { maxLength: 60 }),
    fc.integer({ min: 1, max: 4 }),
    async (steps, maxEntries) => {
      const clock = createManualClock();
      const versions = new Map<string, number>();
      const bodyOf = (request: FakeRequest): unknown => {
        const resource = request.url.pathname.slice(1);
        const { headers } = request;
        return [
          resource,
          versions.get(resource) ?? 0,
          headers.get("Authorization"),
          headers.get("Accept-Language"),
        ];
      };
      const answer = (request: FakeRequest): FakeAnswer => {
        if (request.method !== "GET")
          return { status: request.headers.has("X-Refused") ? 503 : 200, takesMs: 0 };
        const body = bodyOf(request);
        const tag = JSON.stringify(JSON.stringify(body).replaceAll('"', "'"));
        const headers = { ETag: tag, Vary: "Accept-Language" };
        return request.headers.get("If-None-Match") === tag
          ? { status: 304, headers, takesMs: 0 }
          : { headers, body, takesMs: 0 };
      };
      const { fetch, log } = createFakeFetch(clock, answer);
      let headers: Record<string, string> = {};
      const client = openClient(base, { fetch, clock, headers: () => headers, revalidate: { maxEntries } });
      /** Who asked for what is kept, the oldest first. */
      const model = new Map<string, string>();
      for (const next of steps) {
        if (next.kind === "change") versions.set(next.name, (versions.get(next.name) ?? 0) + 1);
        else if (next.kind === "write") {
          headers = next.isRefused ? { "X-Refused": "1" } : {};
          if (!next.isRefused) versions.set(next.name, (versions.get(next.name) ?? 0) + 1);
          const write = client.send({ method: "PUT", url: urlOf(next.name), body: {} });
          await clock.until(write.catch(() => undefined));
          model.clear();
        } else {
          headers = { Authorization: next.key, "Accept-Language": next.language };
          const { body, status } = await clock.until(client.send({ method: "GET", url: urlOf(next.name) }));
          expect([status, body]).toEqual([
            200,
            [next.name, versions.get(next.name) ?? 0, next.key, next.language],
          ]);
          const asker = `${next.key} ${next.language}`;
          expect(log.at(-1)?.headers.has("If-None-Match")).toBe(model.get(next.name) === asker);
          model.delete(next.name);
          model.set(next.name, asker);
          for (const oldest of model.keys()) if (model.size > maxEntries) model.delete(oldest);
        }
      }
    },
  );
  await fc.assert(property, runs(60));
});
