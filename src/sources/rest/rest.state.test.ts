import { describe, expect, test } from "vitest";
import type { ApiServer, ApiServerOptions } from "../../../test/rest/api-server.ts";
import { errorOf, startServer } from "../../../test/rest/open-client.ts";
import { createManualClock, type ManualClock } from "../../testing/index.ts";
import type { RestOptions } from "./rest-options.ts";
import { rest, type RestVista } from "./rest.ts";

async function open(
  options: RestOptions = {},
  api: ApiServerOptions = {},
): Promise<{ readonly server: ApiServer; readonly posts: RestVista }> {
  const server = await startServer({ resources: { posts: [{ id: "a", n: 1 }] }, ...api });
  return { server, posts: rest(server.url("posts"), options) };
}

const asked = (server: ApiServer): string[] =>
  server.log.map(({ method, url }) => `${method} ${url.pathname}`);

describe("the version", () => {
  test("REST32 is the collection's ETag, asked for by HEAD, and moves on with every change", async () => {
    const { server, posts } = await open();
    const version = await posts.version();
    expect(version).toMatch(/^etag "/);
    expect(await posts.version()).toBe(version);
    server.resource("posts").put({ id: "a", n: 2 });
    expect(await posts.version()).not.toBe(version);
    expect(asked(server)).toEqual(["HEAD /posts", "HEAD /posts", "HEAD /posts"]);
  });

  test("REST32 else a Last-Modified that has settled: within the same second more may come", async () => {
    const { server, posts } = await open({}, { validators: ["lastModified"] });
    expect(await posts.version()).toMatch(/^modified /);
    server.resource("posts").put({ id: "a", n: 2 });
    expect(await posts.version()).toBeUndefined();
  });

  test("REST32 undefined where the API has none, and where pages would speak for all rows", async () => {
    const none = await open({}, { validators: [] });
    expect(await none.posts.version()).toBeUndefined();
    for (const status of [405, 404, 403]) {
      none.server.next({ status });
      expect(await none.posts.version()).toBeUndefined();
    }
    const paged = await open({ paging: { kind: "page", page: "p", size: "n" } });
    expect(await paged.posts.version()).toBeUndefined();
    expect(paged.server.log).toEqual([]);
    const told = await open({ paging: { kind: "page", page: "p", size: "n" }, version: true });
    expect(await told.posts.version()).toMatch(/^etag/);
  });

  test("REST32 a failure is one", async () => {
    const { server, posts } = await open({ retries: 0 });
    server.next({ status: 503 });
    expect((await errorOf(posts.version())).code).toBe("unavailable");
  });
});

describe("a watch", () => {
  /** Waits for the pause between two polls. */
  async function paused(clock: ManualClock, pauseMs: number): Promise<void> {
    while (clock.nextTimerInMs !== pauseMs) await new Promise((resolve) => setTimeout(resolve, 1));
  }

  test("REST33 says `invalidated` when the version is another, and nothing otherwise", async () => {
    const clock = createManualClock();
    const { server, posts } = await open({ pollEvery: "1m", clock });
    await posts.version();
    const control = new AbortController();
    const changes = posts.watch({ signal: control.signal });
    const first = changes.next();
    for (let poll = 1; poll <= 2; poll++) {
      await paused(clock, 60_000);
      await clock.advance(60_000);
    }
    await paused(clock, 60_000);
    server.resource("posts").put({ id: "a", n: 2 });
    await clock.advance(60_000);
    expect(await first).toEqual({ done: false, value: { type: "invalidated" } });
    const second = changes.next();
    control.abort();
    expect(await second).toEqual({ done: true, value: undefined });
  });

  test("REST33 without a version that is known, it says so at once, since nobody can tell", async () => {
    const { posts } = await open({ pollEvery: "1m" });
    const changes = posts.watch();
    expect((await changes.next()).value).toEqual({ type: "invalidated" });
    await changes.return?.();
  });

  test("REST33 a young Last-Modified is told again once it has settled", async () => {
    const clock = createManualClock();
    const { server, posts } = await open({ pollEvery: "1s", clock }, { validators: ["lastModified"] });
    const changes = posts.watch();
    server.resource("posts").put({ id: "a", n: 2 });
    expect((await changes.next()).value).toEqual({ type: "invalidated" });
    server.script(() => ({ headers: { Date: new Date(Date.now() + 60_000).toUTCString() } }));
    const next = changes.next();
    await paused(clock, 1_000);
    await clock.advance(1_000);
    expect((await next).value).toEqual({ type: "invalidated" });
    await changes.return?.();
  });

  test("REST33 ends with the error of a poll, and with close()", async () => {
    const { server, posts } = await open({ pollEvery: "1m", retries: 0 });
    server.next({ status: 500 });
    expect((await errorOf(posts.watch().next())).code).toBe("unavailable");
    const bare = await open({ pollEvery: "1m" }, { validators: [] });
    const error = await errorOf(bare.posts.watch().next());
    expect([error.code, error.message.includes("neither ETag nor Last-Modified")]).toEqual([
      "rejected",
      true,
    ]);
    const closed = posts.watch();
    await closed.next();
    const waiting = closed.next();
    await posts.source.close();
    expect((await waiting).done).toBe(true);
  });
});

describe("calls that are given up", () => {
  test("REST38 an aborted read ends at whatever page it is, and the source works on", async () => {
    const rows = Array.from({ length: 9 }, (_, id) => ({ id }));
    const paging = { kind: "page", page: "p", size: "n" } as const;
    for (let page = 1; page <= 5; page++) {
      const { server, posts } = await open({ paging, pageSize: 2 }, { resources: { posts: rows }, paging });
      server.script(({ url }) => (url.searchParams.get("p") === String(page) ? { hang: true } : undefined));
      const control = new AbortController();
      const reason = new Error("enough");
      const reading = posts.list({ signal: control.signal }).catch((error: unknown) => error);
      while (server.log.length < page) await new Promise((resolve) => setTimeout(resolve, 1));
      control.abort(reason);
      expect(await reading).toBe(reason);
      server.script(undefined);
      expect((await posts.list()).size).toBe(9);
    }
  });

  test("REST38 every kind of call ends with its signal", async () => {
    const { server, posts } = await open({
      paging: { kind: "offset", offset: "o", limit: "n" },
      total: { header: "X-Total-Count" },
      version: true,
      writes: { insert: "POST", patch: true, delete: true },
    });
    server.script(() => ({ hang: true }));
    const calls: readonly ((signal: AbortSignal) => Promise<unknown>)[] = [
      (signal) => posts.get("a", { signal }),
      (signal) => posts.count({ signal }),
      (signal) => posts.fetchPage(1, 5, { signal }),
      (signal) => posts.version({ signal }),
      (signal) => posts.insert("b", { id: "b" }, { signal }),
      (signal) => posts.patch("a", { n: 2 }, { signal }),
      (signal) => posts.delete("a", { signal }),
      (signal) => posts.deleteAll({ signal }),
    ];
    for (const call of calls) {
      const control = new AbortController();
      const outcome = call(control.signal).catch((error: unknown) => error);
      await new Promise((resolve) => setTimeout(resolve, 5));
      control.abort("enough");
      expect(await outcome).toBe("enough");
    }
  });

  test("REST38 reads and writes run at the same time", async () => {
    const { server, posts } = await open({ writes: { insert: "POST" }, concurrency: 20 });
    server.script(() => ({ delayMs: 5 }));
    const ids = Array.from({ length: 10 }, (_, index) => `n${index}`);
    await Promise.all(ids.flatMap((id) => [posts.insert(id, { id }), posts.list(), posts.get("a")]));
    expect((await posts.list()).size).toBe(11);
  });
});
