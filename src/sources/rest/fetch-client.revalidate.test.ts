import { describe, expect, test } from "vitest";
import type { ApiServer, ApiTurn } from "../../../test/rest/api-server.ts";
import { openClient, startServer } from "../../../test/rest/open-client.ts";
import type { HttpAnswer, HttpClient } from "./http-client.ts";
import type { HttpClientOptions } from "./http-options.ts";

const rows = Array.from({ length: 30 }, (_, at) => ({ id: at + 1, name: `row ${at + 1}` }));

interface Opened {
  readonly server: ApiServer;
  readonly client: HttpClient;
  get(path: string): Promise<HttpAnswer>;
  /** What the last request asked whether it still stands by, if by anything. */
  lastCondition(): string | undefined;
}

async function open(
  options: HttpClientOptions = {},
  validators?: readonly ("etag" | "lastModified")[],
): Promise<Opened> {
  const server = await startServer({
    resources: { rows },
    total: { header: "X-Total-Count" },
    ...(validators && { validators }),
  });
  const client = openClient(server.base, options);
  return {
    server,
    client,
    get: (path) => client.send({ method: "GET", url: server.url(path) }),
    lastCondition: () => {
      const headers = server.log.at(-1)?.headers;
      if (headers?.["if-none-match"] !== undefined) return "If-None-Match";
      return headers?.["if-modified-since"] && "If-Modified-Since";
    },
  };
}

describe("a read that was answered before", () => {
  test.each([
    ["If-None-Match", ["etag", "lastModified"]],
    ["If-None-Match", ["etag"]],
    ["If-Modified-Since", ["lastModified"]],
  ] as const)(
    "REST55 asks with %s where the API gave %j; a 304 gives what was kept",
    async (name, validators) => {
      const { server, get, lastCondition } = await open({}, validators);
      const first = await get("rows");
      expect(lastCondition()).toBeUndefined();
      const second = await get("rows");
      expect(lastCondition()).toBe(name);
      expect([second.status, second.body]).toEqual([200, first.body]);
      expect(second.body).not.toBe(first.body);
      expect(second.headers.get("x-total-count")).toBe("30");
      expect(second.headers.get("content-type")).toBe("application/json; charset=utf-8");
      server.resource("rows").put({ id: 1, name: "changed" });
      const third = await get("rows");
      expect([lastCondition(), third.status]).toEqual([name, 200]);
      expect(third.body).toContainEqual({ id: 1, name: "changed" });
      await get("rows");
      // It changed a moment ago: its time alone may not tell it from the next change.
      if (name === "If-None-Match") expect(lastCondition()).toBe(name);
    },
  );

  test("REST55 the headers of the 304 stand for the kept ones", async () => {
    const { server, get } = await open();
    await get("rows");
    server.next({ headers: { "X-Total-Count": "31", "X-New": "yes", "Content-Type": "text/plain" } });
    const { headers } = await get("rows");
    expect([headers.get("x-total-count"), headers.get("x-new")]).toEqual(["31", "yes"]);
    // Those of a body stay, for the body does.
    expect(headers.get("content-type")).toBe("application/json; charset=utf-8");
    expect((await get("rows")).headers.get("x-new")).toBe("yes");
  });

  test("REST55 a 304 that nobody asked for is rejected", async () => {
    const { server, get } = await open({ retries: 0 });
    server.next({ status: 304 });
    await expect(get("rows")).rejects.toMatchObject({ code: "rejected" });
  });

  test("REST57 with revalidate: false nothing is kept", async () => {
    const { get, lastCondition } = await open({ revalidate: false });
    await get("rows");
    await get("rows");
    expect(lastCondition()).toBeUndefined();
  });
});

describe("what is kept", () => {
  test.each<[what: string, turn: ApiTurn]>([
    ["no-store", { headers: { "Cache-Control": "private, No-Store" } }],
    ["Vary: *", { headers: { Vary: "Accept, *" } }],
    ["a Vary that is none", { headers: { Vary: "b@d" } }],
    ["no validator", { noValidators: true }],
    ["an empty ETag and no date", { headers: { ETag: "", "Last-Modified": "yesterday" } }],
    ["another status", { status: 203 }],
    ["a body that is no JSON", { raw: "{oops}" }],
  ])("REST56 %s is not", async (_what, turn) => {
    const { server, get, lastCondition } = await open({ retries: 0 });
    server.next(turn);
    await get("rows").catch(() => undefined);
    await get("rows");
    expect(lastCondition()).toBeUndefined();
  });

  test.each([
    [0, undefined],
    [-5, undefined],
    [1, "If-Modified-Since"],
  ])("REST56 a Last-Modified %d s before the API's Date is asked with: %s", async (seconds, condition) => {
    const { server, get, lastCondition } = await open({}, []);
    const saidMs = Date.UTC(2026, 0, 1);
    const dates = {
      Date: new Date(saidMs).toUTCString(),
      "Last-Modified": new Date(saidMs - seconds * 1_000).toUTCString(),
    };
    server.next({ headers: dates });
    await get("rows");
    await get("rows");
    expect(lastCondition()).toBe(condition);
  });

  test("REST56 is used only for the same credentials and the headers that Vary names", async () => {
    const sent = { "Accept-Language": "de", "X-Other": "1", Authorization: "Bearer one" };
    let now: Record<string, string> = sent;
    const { server, get, lastCondition } = await open({ headers: () => now });
    server.script(() => ({ headers: { Vary: "accept-language" } }));
    const ask = async (headers: Record<string, string>): Promise<string | undefined> => {
      now = headers;
      await get("rows");
      return lastCondition();
    };
    expect(await ask(sent)).toBeUndefined();
    expect(await ask(sent)).toBe("If-None-Match");
    expect(await ask({ ...sent, "X-Other": "2" })).toBe("If-None-Match");
    expect(await ask({ ...sent, "Accept-Language": "fr" })).toBeUndefined();
    expect(await ask(sent)).toBeUndefined();
    expect(await ask({ ...sent, Authorization: "Bearer two" })).toBeUndefined();
  });

  test("REST57 at most so many answers and so many bytes of them, those used last", async () => {
    const asked = async (options: HttpClientOptions, paths: readonly string[]): Promise<string[]> => {
      const { get, lastCondition } = await open(options);
      const known: string[] = [];
      for (const path of paths) {
        await get(path);
        if (lastCondition() !== undefined) known.push(path);
      }
      return known;
    };
    const order = ["rows/1", "rows/2", "rows/1", "rows/3", "rows/1", "rows/2", "rows/3"];
    expect(await asked({ revalidate: { maxEntries: 2 } }, order)).toEqual(["rows/1", "rows/1"]);
    expect(await asked({ revalidate: { maxEntries: 3 } }, order)).toEqual([
      "rows/1",
      "rows/1",
      "rows/2",
      "rows/3",
    ]);
    // A row takes 24 bytes and its URL about 30; the list of all takes 700 and more.
    const small = { revalidate: { maxBytes: 140 } };
    expect(await asked(small, ["rows", "rows"])).toEqual([]);
    expect(await asked(small, order)).toEqual(["rows/1", "rows/1"]);
    expect(await asked(small, ["rows/1", "rows", "rows/1"])).toEqual(["rows/1"]);
  });
});

describe("a write", () => {
  test.each([
    ["that succeeds", {}],
    ["that is refused", { status: 500 }],
    ["whose outcome is unknown", { cutAfterBytes: 0 }],
  ])("REST58 %s drops what is kept", async (_what, turn) => {
    const { server, client, get, lastCondition } = await open({ retries: 0 });
    await get("rows");
    await get("rows/2");
    server.next(turn);
    const url = server.url("rows/1");
    await client.send({ method: "PATCH", url, body: { name: "new" } }).catch(() => undefined);
    await get("rows");
    expect(lastCondition()).toBeUndefined();
    await get("rows/2");
    expect(lastCondition()).toBeUndefined();
    await get("rows/2");
    expect(lastCondition()).toBe("If-None-Match");
  });

  test("REST58 a read that was under way when it ended is not kept", async () => {
    const { server, client, get, lastCondition } = await open();
    server.next({ delayMs: 60 }, undefined);
    const slow = get("rows");
    await expect.poll(() => server.log.length, { timeout: 20_000 }).toBe(1);
    await client.send({ method: "PATCH", url: server.url("rows/1"), body: { name: "new" } });
    await slow;
    await get("rows");
    expect(lastCondition()).toBeUndefined();
    await get("rows");
    expect(lastCondition()).toBe("If-None-Match");
  });
});
