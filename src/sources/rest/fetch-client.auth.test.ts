import { describe, expect, test } from "vitest";
import { errorOf, openClient, startServer } from "../../../test/rest/open-client.ts";
import { createFakeFetch } from "../../../test/rest/fake-fetch.ts";
import { DioramaError } from "../../base/index.ts";
import { createManualClock } from "../../testing/index.ts";
import type { HttpRequest } from "./http-client.ts";

const rows = [{ id: 1, name: "one" }];

/** Everything that an error shows to whoever looks: its texts, those of its causes, and their fields. */
function shownOf(error: unknown): string {
  if (!(error instanceof Error)) return JSON.stringify(error) ?? "";
  const fields = Object.getOwnPropertyNames(error).map((name) => String(Reflect.get(error, name)));
  return [String(error), ...fields, JSON.stringify(error), shownOf(error.cause)].join("\n");
}

describe("auth", () => {
  test("REST43 is asked once for a hundred requests, and again once for all whom the API refuses", async () => {
    const server = await startServer({ resources: { rows } });
    const get = (): HttpRequest => ({ method: "GET", url: server.url("rows") });
    const asked: boolean[] = [];
    let valid = "t1";
    const client = openClient(server.base, {
      concurrency: 50,
      auth: async ({ isRetry }) => {
        asked.push(isRetry);
        await new Promise((resolve) => setTimeout(resolve, 5));
        return { Authorization: `Bearer t${asked.length}` };
      },
    });
    server.script(({ headers }) =>
      headers["authorization"] === `Bearer ${valid}` ? undefined : { status: 401 },
    );
    const ends = await Promise.all(Array.from({ length: 100 }, () => client.send(get())));
    expect([ends.length, asked, server.log.length]).toEqual([100, [false], 100]);
    valid = "t2";
    server.clearLog();
    await Promise.all(Array.from({ length: 100 }, () => client.send(get())));
    expect(asked).toEqual([false, true]);
    const refused = server.log.filter(({ headers }) => headers["authorization"] === "Bearer t1").length;
    expect(server.log.length).toBe(100 + refused);
    expect(refused).toBeLessThanOrEqual(50);
  });

  test("REST43 a 401 that comes late speaks of the old credentials, and leaves the new ones", async () => {
    const clock = createManualClock();
    const { fetch, log } = createFakeFetch(clock, ({ url, headers }) =>
      headers.get("X-Key") === "k1" ? { status: 401, takesMs: url.pathname === "/late" ? 500 : 10 } : {},
    );
    let asked = 0;
    const auth = (): Record<string, string> => ({ "X-Key": `k${++asked}` });
    const client = openClient(new URL("https://api.test/"), { fetch, clock, auth });
    const calls = ["/soon", "/late"].map((path) =>
      client.send({ method: "GET", url: new URL(path, "https://api.test/") }),
    );
    const answers = await clock.until(Promise.all(calls));
    expect([answers.map(({ status }) => status), asked]).toEqual([[200, 200], 2]);
    expect(log.map(({ url, headers }) => [url.pathname, headers.get("X-Key")])).toEqual([
      ["/soon", "k1"],
      ["/late", "k1"],
      ["/soon", "k2"],
      ["/late", "k2"],
    ]);
  });

  test("REST43 a write is repeated after a 401, and a second 401 is rejected", async () => {
    const server = await startServer({ resources: { rows } });
    let asked = 0;
    const client = openClient(server.base, { auth: () => ({ "X-Key": `k${++asked}` }) });
    const write: HttpRequest = {
      method: "POST",
      url: server.url("rows"),
      body: { name: "two" },
      opId: "op-1",
    };
    server.next({ status: 401 });
    expect((await client.send(write)).status).toBe(201);
    expect(server.log.map(({ headers }) => [headers["x-key"], headers["idempotency-key"]])).toEqual([
      ["k1", "op-1"],
      ["k2", "op-1"],
    ]);
    server.script(() => ({ status: 401, body: { message: "k3 is no key" } }));
    const error = await errorOf(client.send({ method: "GET", url: server.url("rows") }));
    expect([error.code, error.message]).toEqual([
      "rejected",
      `GET ${server.url("rows").href}: answered 401, "k3 is no key"; check what headers or auth give`,
    ]);
    expect([asked, server.log.length]).toEqual([3, 4]);
  });

  test("REST43 without auth a 401 is rejected at once", async () => {
    const server = await startServer({ resources: { rows } });
    server.script(() => ({ status: 401 }));
    const client = openClient(server.base, { headers: { "X-Key": "old" } });
    const error = await errorOf(client.send({ method: "GET", url: server.url("rows") }));
    expect([error.code, server.log.length]).toEqual(["rejected", 1]);
  });

  test("REST44 its failure is told by its kind, keeps nothing, and the next call asks again", async () => {
    const server = await startServer({ resources: { rows } });
    const failures: unknown[] = [
      new TypeError("secret-1 is wrong"),
      new DioramaError("rejected", "secret-2 is wrong"),
      "secret-3",
    ];
    const client = openClient(server.base, {
      retries: 0,
      auth: () => {
        const failure = failures.shift();
        // Applications throw anything.
        // oxlint-disable-next-line typescript/only-throw-error
        if (failure !== undefined) throw failure;
        return { "X-Key": "right" };
      },
    });
    const request: HttpRequest = { method: "GET", url: server.url("rows") };
    const errors = [
      await errorOf(client.send(request)),
      await errorOf(client.send(request)),
      await errorOf(client.send(request)),
    ];
    expect(errors.map(({ code, message }) => [code, message.replace(/^.*?: /, "")])).toEqual([
      ["unavailable", "auth failed (TypeError); what it said is not shown, for it may hold a secret"],
      ["rejected", "auth failed (DioramaError); what it said is not shown, for it may hold a secret"],
      ["unavailable", "auth failed (string); what it said is not shown, for it may hold a secret"],
    ]);
    expect(errors.some((error) => shownOf(error).includes("secret-"))).toBe(false);
    expect((await client.send(request)).status).toBe(200);
  });

  test.each([
    ["auth", null],
    ["auth", { "X-Key": 5678901234 }],
    ["auth", { "X-Key": "se\r\nsame" }],
    ["headers", { "X Key": "sesame" }],
    ["headers", ["sesame"]],
  ])("REST44 %s that gives no headers (%j) is invalid, and its value is not shown", async (option, given) => {
    const server = await startServer({ resources: { rows } });
    // As an application without a compiler might.
    const give = (): Record<string, string> => given as unknown as Record<string, string>;
    const client = openClient(server.base, { [option]: give });
    const error = await errorOf(client.send({ method: "GET", url: server.url("rows") }));
    expect([error.code, error.message.startsWith(`GET ${server.url("rows").href}: ${option}: `)]).toEqual([
      "invalid",
      true,
    ]);
    expect(shownOf(error)).not.toMatch(/sesame|se\r|5678901234/);
    expect(server.log.length).toBe(0);
  });

  test("REST44 one that nobody waits for any more is aborted; while somebody does, it goes on", async () => {
    const clock = createManualClock();
    const { fetch, log } = createFakeFetch(clock);
    const signals: AbortSignal[] = [];
    const client = openClient(new URL("https://api.test/"), {
      fetch,
      clock,
      auth: ({ signal }) => {
        signals.push(signal);
        return new Promise((resolve) => void clock.setTimer(() => resolve({ "X-Key": "right" }), 1_000));
      },
    });
    const callers = [new AbortController(), new AbortController()];
    const send = (signal?: AbortSignal): Promise<unknown> =>
      client
        .send({ method: "GET", url: new URL("https://api.test/rows"), signal })
        .catch((error: unknown) => error);
    const calls = callers.map(({ signal }) => send(signal));
    await clock.advance(10);
    callers[0]?.abort("left");
    expect([await calls[0], signals.map(({ aborted }) => aborted)]).toEqual(["left", [false]]);
    callers[1]?.abort("left too");
    expect([await calls[1], signals.map(({ aborted }) => aborted)]).toEqual(["left too", [true]]);
    await clock.until(send());
    expect([signals.length, log.length]).toEqual([2, 1]);
  });
});

describe("secrets", () => {
  test("REST66 an API that repeats all it was sent, and a connection that fails with it, give nothing away", async () => {
    const server = await startServer({ resources: { rows } });
    const base = new URL(server.base);
    base.username = "anna-user";
    base.password = "anna-pass";
    const secrets = [
      "anna-user",
      "anna-pass",
      "fixed-key-1",
      "auth-token-2",
      "query-secret-3",
      "row-text-4",
      "98765.5",
    ];
    const echo = `${secrets.join(" / ")} Bearer auth-token-2 eyJhbGciOi.eyJzdWIi.c2ln api_key=whatever-5 http://who:what-6@host/`;
    const options = {
      retries: 0,
      headers: { "X-Key": "fixed-key-1" },
      auth: () => ({ "X-Auth": "Bearer auth-token-2" }),
    };
    const request: HttpRequest = {
      method: "PUT",
      url: server.url("rows/1?key=query-secret-3"),
      body: { id: 1, note: "row-text-4", deep: [{ price: 98765.5 }] },
    };
    const hidden = [
      ...secrets,
      "eyJ",
      "whatever-5",
      "what-6",
      Buffer.from("anna-user:anna-pass").toString("base64"),
    ];
    const failing = (): Promise<never> =>
      Promise.reject(
        new TypeError(`failed: ${echo}`, { cause: Object.assign(new Error(echo), { headers: echo }) }),
      );
    for (const body of [
      { message: echo },
      { title: echo, detail: echo },
      { error: echo },
      { error: { message: echo } },
    ]) {
      server.next({ status: 422, body });
      const error = await errorOf(openClient(base, options).send(request));
      expect(error.message).toContain("answered 422, ");
      expect(hidden.filter((secret) => shownOf(error).includes(secret))).toEqual([]);
    }
    const error = await errorOf(openClient(base, { ...options, fetch: failing }).send(request));
    expect([error.code, error.cause instanceof Error]).toEqual(["unavailable", true]);
    expect(hidden.filter((secret) => shownOf(error).includes(secret))).toEqual([]);
  });

  test("REST66 a row too large to look through hides the API's words altogether", async () => {
    const server = await startServer({ resources: { rows } });
    const list = Array.from({ length: 2_000 }, (_, at) => `value ${at}`);
    server.next({ status: 422, body: { message: `value 1 and value 1999 are wrong` } });
    const error = await errorOf(
      openClient(server.base).send({ method: "PUT", url: server.url("rows/1"), body: { list } }),
    );
    expect(error.message).toBe(
      `PUT ${server.url("rows/1").href}: answered 422, "…"; the API does not take what was sent`,
    );
  });
});
