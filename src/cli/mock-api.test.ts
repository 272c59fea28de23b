import { request } from "node:http";
import { afterAll, describe, expect, test } from "vitest";
import { jsonServer, rest } from "../sources/rest/index.ts";
import { openMockApi } from "./mock-api.ts";
import { createMockData } from "./mock-data.ts";

const api = await openMockApi();
afterAll(() => api.close());

const get = (path: string, init: RequestInit = {}): Promise<Response> => fetch(new URL(path, api.base), init);
const rowsOf = async (path: string): Promise<Record<string, unknown>[]> =>
  (await (await get(path)).json()) as Record<string, unknown>[];
const idsOf = async (path: string): Promise<unknown[]> => (await rowsOf(path)).map(({ id }) => id);

describe("the bundled server", () => {
  test("CLI39 the same seed gives the same rows, so many of each, that refer to each other", () => {
    const [one, same, other] = [createMockData(1), createMockData(1), createMockData(2)];
    expect(same).toEqual(one);
    expect(other.get("posts")).not.toEqual(one.get("posts"));
    expect([...one].map(([name, rows]) => [name, rows.length])).toEqual([
      ["users", 10],
      ["posts", 100],
      ["comments", 500],
      ["albums", 100],
      ["todos", 200],
    ]);
    const idsIn = (name: "users" | "posts"): Set<unknown> => new Set(one.get(name)?.map(({ id }) => id));
    for (const name of ["posts", "albums", "todos"] as const) {
      expect(new Set(one.get(name)?.map(({ userId }) => userId))).toEqual(idsIn("users"));
    }
    expect(new Set(one.get("comments")?.map(({ postId }) => postId))).toEqual(idsIn("posts"));
    expect(new Set(one.get("users")?.map(({ email }) => email)).size).toBe(10);
  });

  test("CLI39 pages, filters, order, search and totals in the way of JSON Server", async () => {
    const answer = await get("posts?_page=2&_limit=3");
    expect([answer.status, answer.headers.get("x-total-count")]).toEqual([200, "100"]);
    expect(((await answer.json()) as { id: number }[]).map(({ id }) => id)).toEqual([4, 5, 6]);
    expect(await idsOf("posts?_start=98&_limit=9")).toEqual([99, 100]);
    expect(await idsOf("posts?_start=3&_end=5")).toEqual([4, 5]);
    expect(await idsOf("posts?_page=3")).toEqual([21, 22, 23, 24, 25, 26, 27, 28, 29, 30]);
    expect((await idsOf("posts")).length).toBe(100);
    expect(await idsOf("posts?id=3&id=7&userId=1")).toEqual([3, 7]);
    expect(await idsOf("posts?id_gte=3&id_lte=4")).toEqual([3, 4]);
    expect((await idsOf("users?id_ne=3&id_ne=4")).length).toBe(8);
    expect((await rowsOf("todos?completed=false")).every(({ completed }) => completed === false)).toBe(true);
    expect(await idsOf("users?_sort=id&_order=desc&_limit=2")).toEqual([10, 9]);
    const names = (await rowsOf("users?_sort=city,name&_order=desc,asc")).map(
      ({ city, name }) => `${city as string}|${name as string}`,
    );
    expect(names).toEqual(
      names.toSorted((a, b) => {
        const [[cityA = "", nameA = ""], [cityB = "", nameB = ""]] = [a.split("|"), b.split("|")];
        return cityA === cityB ? (nameA < nameB ? -1 : 1) : cityA < cityB ? 1 : -1;
      }),
    );
    expect(await idsOf("users?q=ADA")).toContain(1);
    expect(await idsOf("users?nothing=1")).toEqual([]);
  });

  test("CLI39 an ETag spares the body; a HEAD has the headers alone", async () => {
    const first = await get("albums?_limit=2");
    const tag = first.headers.get("etag") ?? "";
    expect(tag).toMatch(/^"[\w-]{20}"$/);
    const again = await get("albums?_limit=2", { headers: { "If-None-Match": tag } });
    expect([again.status, await again.text()]).toEqual([304, ""]);
    const head = await get("albums?_limit=2", { method: "HEAD" });
    expect([head.status, head.headers.get("etag"), head.headers.get("content-length")]).toEqual([
      200,
      tag,
      String((await first.text()).length),
    ]);
  });

  test("CLI39 writes are kept until its end, and a wrong request is told by its status", async () => {
    const own = await openMockApi();
    const ask = async (method: string, path: string, body?: unknown): Promise<[number, unknown]> => {
      const answer = await fetch(new URL(path, own.base), {
        method,
        ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
      });
      return [answer.status, await answer.json()];
    };
    expect(await ask("POST", "albums", { title: "new" })).toEqual([201, { title: "new", id: 101 }]);
    expect(await ask("POST", "albums", { id: 101, title: "again" })).toMatchObject([409, {}]);
    expect(await ask("POST", "albums", { id: "a/b 1", title: "named" })).toEqual([
      201,
      { id: "a/b 1", title: "named" },
    ]);
    expect(await ask("POST", "albums", { id: "101", title: "again" })).toMatchObject([409, {}]);
    expect(await ask("GET", "albums/a%2Fb%201")).toEqual([200, { id: "a/b 1", title: "named" }]);
    expect(await ask("DELETE", "albums/a%2Fb%201")).toEqual([200, {}]);
    expect(await ask("PATCH", "albums/101", { userId: 3, id: 7 })).toEqual([
      200,
      { title: "new", userId: 3, id: 101 },
    ]);
    expect(await ask("PUT", "albums/101", { title: "whole" })).toEqual([200, { title: "whole", id: 101 }]);
    expect(await ask("DELETE", "albums/101")).toEqual([200, {}]);
    for (const [method, path, body, status] of [
      ["GET", "albums/101", undefined, 404],
      ["GET", "nothing", undefined, 404],
      ["GET", "albums/1/more", undefined, 404],
      ["GET", "__proto__", undefined, 404],
      ["GET", "albums/%E0%A4%A", undefined, 404],
      ["DELETE", "albums/101", undefined, 404],
      ["PUT", "albums/101", {}, 404],
      ["PATCH", "albums", {}, 404],
      ["POST", "albums", "no JSON", 400],
      ["POST", "albums", [1], 400],
      ["POST", "albums", { title: "x".repeat(1 << 20) }, 413],
      ["OPTIONS", "albums", undefined, 405],
    ] as const) {
      expect([method, path, (await ask(method, path, body))[0]]).toEqual([method, path, status]);
    }
    expect(await ask("GET", "/")).toEqual([200, ["/users", "/posts", "/comments", "/albums", "/todos"]]);
    await own.close();
    await own.close();
    await expect(ask("GET", "albums")).rejects.toThrowError();
  });

  test("CLI39 a client that goes away in the middle of its request disturbs nobody", async () => {
    const leaving = request(new URL("albums", api.base), {
      method: "POST",
      headers: { "Content-Length": 1_000 },
    });
    leaving.on("error", () => undefined);
    leaving.write("{");
    await new Promise((resolve) => setTimeout(resolve, 20));
    leaving.destroy();
    expect((await get("albums/1")).status).toBe(200);
  });

  test("CLI39 our own source reads, narrows, orders, counts and writes through it", async () => {
    const own = await openMockApi();
    const posts = rest(new URL("posts", own.base), {
      ...jsonServer(),
      columns: { id: "integer", userId: "integer", title: "text", body: "text" },
    });
    expect((await posts.list()).size).toBe(100);
    expect(await posts.where("userId", 3).count()).toBe(10);
    const page = await posts.where("userId", 3).fetchPage(2, 4);
    expect([[...page.rows.keys()], page.total]).toEqual([["25", "26", "27", "28"], 10]);
    expect(await posts.get("7")).toMatchObject({ id: 7, userId: 1 });
    expect(await posts.get("7000")).toBeUndefined();
    const id = await posts.add({ userId: 1, title: "new", body: "…" });
    await posts.patch(id, { title: "newer" });
    expect(await posts.get(id)).toMatchObject({ id: 101, title: "newer" });
    await posts.delete(id);
    expect(await posts.get(id)).toBeUndefined();
    await own.close();
  });
});
