import { describe, expect, test } from "vitest";
import type { ApiServer, ApiServerOptions } from "../../../test/rest/api-server.ts";
import { errorOf, startServer } from "../../../test/rest/open-client.ts";
import type { RestOptions } from "./rest-options.ts";
import { rest, type RestVista } from "./rest.ts";

const columns = { id: "text", name: "text", note: "text" } as const;

async function open(
  writes: NonNullable<RestOptions["writes"]>,
  api: ApiServerOptions = {},
  options: RestOptions = {},
): Promise<{ readonly server: ApiServer; readonly posts: RestVista }> {
  const server = await startServer({ resources: { posts: [{ id: "a", name: "Ann", note: "n" }] }, ...api });
  return { server, posts: rest(server.url("posts"), { columns, writes, ...options }) };
}

const asked = (server: ApiServer): string[] =>
  server.log.map(({ method, url: { pathname }, text }) => `${method} ${pathname} ${text}`.trim());
const stored = (server: ApiServer): unknown[] => [...server.resource("posts").rows.values()];

describe("what is sent", () => {
  test("REST27 insert, replace, patch and delete as `writes` has them, and the row as stored comes back", async () => {
    const { server, posts } = await open({ insert: "POST", replace: true, patch: true, delete: true });
    expect(await posts.insert("b", { id: "b", name: "Bob" })).toEqual({ id: "b", name: "Bob" });
    expect(await posts.replace("b", { id: "b", note: "x" })).toEqual({ id: "b", note: "x" });
    expect(await posts.patch("a", { name: "Eve" })).toEqual({ id: "a", name: "Eve", note: "n" });
    await posts.delete("b");
    expect(asked(server)).toEqual([
      'POST /posts {"id":"b","name":"Bob"}',
      'PUT /posts/b {"id":"b","note":"x"}',
      'PATCH /posts/a {"name":"Eve"}',
      "DELETE /posts/b",
    ]);
    expect(stored(server)).toEqual([{ id: "a", name: "Eve", note: "n" }]);
  });

  test("REST27 a row that the API changes comes back changed", async () => {
    const { server, posts } = await open({ patch: true });
    server.next({ status: 200, body: { id: "a", name: "EVE", by: "api" } });
    expect(await posts.patch("a", { name: "Eve" })).toEqual({ id: "a", name: "EVE", by: "api" });
  });

  test.each([
    ["the API answers nothing", { returnsRow: false }, {}],
    ["its answer isn't the row", {}, { answersRow: false }],
  ])("REST27 the row is read again where %s", async (_what, api, more) => {
    const { server, posts } = await open({ insert: "POST", patch: true, ...more }, api);
    expect(await posts.insert("b", { id: "b", name: "Bob" })).toEqual({ id: "b", name: "Bob" });
    expect(await posts.patch("a", { name: "Eve" })).toEqual({ id: "a", name: "Eve", note: "n" });
    expect(asked(server).map((line) => line.split(" ", 2).join(" "))).toEqual([
      "POST /posts",
      "GET /posts/b",
      "PATCH /posts/a",
      "GET /posts/a",
    ]);
  });

  test("REST27 a row stored under another id is rejected, with what may help", async () => {
    const { server, posts } = await open({ insert: "POST" });
    server.next({ status: 201, body: { id: "77", name: "Bob" } });
    const error = await errorOf(posts.insert("b", { id: "b", name: "Bob" }));
    expect(error.code).toBe("rejected");
    expect(error.message).toContain(
      'stored under another id than "b"; if the API chooses ids, say `writes: { add: true }` without insert',
    );
    expect(error.message).not.toContain("Bob");
  });

  test("REST27 a write carries its opId, and is never sent twice by itself", async () => {
    const { server, posts } = await open({ insert: "POST", delete: true });
    await posts.insert("b", { id: "b" }, { opId: "op-1" });
    expect(server.log[0]?.headers["idempotency-key"]).toBe("op-1");
    server.clearLog();
    server.next({ status: 503 });
    expect((await errorOf(posts.delete("a", { opId: "op-2" }))).code).toBe("unavailable");
    expect(server.log).toHaveLength(1);
  });
});

describe("rows that are taken or missing", () => {
  test("REST28 as the API says", async () => {
    const { posts } = await open({ insert: "POST", patch: true, delete: true });
    expect((await errorOf(posts.insert("a", { id: "a" }))).code).toBe("conflict");
    expect((await errorOf(posts.patch("x", { name: "y" }))).code).toBe("notFound");
    expect((await errorOf(posts.delete("x"))).code).toBe("notFound");
  });

  test("REST28 the API is asked first where it wouldn't say, and by PUT always", async () => {
    const first = await open({
      insert: "POST",
      patch: true,
      delete: true,
      lookFirst: ["insert", "patch", "delete"],
    });
    // It stores, and takes away, whatever comes.
    first.server.script(({ method }) => (method === "GET" ? undefined : { status: 200, body: { id: "a" } }));
    expect((await errorOf(first.posts.insert("a", { id: "a" }))).code).toBe("conflict");
    expect((await errorOf(first.posts.patch("x", { name: "y" }))).code).toBe("notFound");
    expect((await errorOf(first.posts.delete("x"))).code).toBe("notFound");
    expect(asked(first.server)).toEqual(["GET /posts/a", "GET /posts/x", "GET /posts/x"]);
    const put = await open({ insert: "PUT" });
    expect((await errorOf(put.posts.insert("a", { id: "a" }))).code).toBe("conflict");
    expect(await put.posts.insert("b", { id: "b", name: "Bob" })).toEqual({ id: "b", name: "Bob" });
    expect(asked(put.server)).toEqual([
      "GET /posts/a",
      "GET /posts/b",
      'PUT /posts/b {"id":"b","name":"Bob"}',
    ]);
  });

  test("REST29 replace inserts where PUT finds nothing, or says that it can't", async () => {
    const posting = await open({ insert: "POST", replace: true });
    posting.server.script(({ method }) => (method === "PUT" ? { status: 404 } : undefined));
    expect(await posting.posts.replace("b", { id: "b", name: "Bob" })).toEqual({ id: "b", name: "Bob" });
    expect(asked(posting.server)).toHaveLength(2);
    const alone = await open({ replace: true });
    alone.server.script(({ method }) => (method === "PUT" ? { status: 404 } : undefined));
    const error = await errorOf(alone.posts.replace("b", { id: "b" }));
    expect([error.code, error.message]).toEqual([
      "notFound",
      'posts, row "b": there is no such row, and the API has no way to insert it',
    ]);
  });

  test("REST29 a replace with lookFirst inserts what isn't there", async () => {
    const { server, posts } = await open({ insert: "POST", replace: true, lookFirst: ["replace"] });
    expect(await posts.replace("b", { id: "b" })).toEqual({ id: "b" });
    expect(asked(server)).toEqual(["GET /posts/b", 'POST /posts {"id":"b"}']);
  });
});

describe("an API without one of them", () => {
  test("REST29 with PATCH alone, columns that go become null", async () => {
    const { server, posts } = await open({ insert: "POST", patch: true });
    expect(await posts.replace("a", { id: "a", name: "Eve" })).toEqual({ id: "a", name: "Eve", note: null });
    expect(await posts.replace("b", { id: "b", name: "Bob" })).toEqual({ id: "b", name: "Bob" });
    expect(asked(server)).toEqual([
      "GET /posts/a",
      'PATCH /posts/a {"note":null,"id":"a","name":"Eve"}',
      "GET /posts/b",
      'POST /posts {"id":"b","name":"Bob"}',
    ]);
  });

  test("REST29 with PUT alone, a patch reads the row and sends it whole", async () => {
    const { server, posts } = await open({ replace: true });
    expect(await posts.patch("a", { name: "Eve" })).toEqual({ id: "a", name: "Eve", note: "n" });
    expect((await errorOf(posts.patch("x", { name: "Eve" }))).code).toBe("notFound");
    expect(asked(server)).toEqual([
      "GET /posts/a",
      'PUT /posts/a {"id":"a","name":"Eve","note":"n"}',
      "GET /posts/x",
    ]);
  });

  test("REST29 an empty patch sends nothing", async () => {
    const { server, posts } = await open({ patch: true });
    expect(await posts.patch("a", {})).toEqual({ id: "a", name: "Ann", note: "n" });
    expect((await errorOf(posts.patch("x", {}))).code).toBe("notFound");
    expect(server.log.every(({ method }) => method === "GET")).toBe(true);
  });
});

describe("ids that the API chooses", () => {
  const chosen: RestOptions = { columns: { name: "text" } };

  test("REST30 out of the row", async () => {
    const { server, posts } = await open({ add: true }, { resources: { posts: [{ id: 6 }] } }, chosen);
    expect(await posts.add({ name: "Bob" })).toBe("7");
    expect(await posts.insert("mine", { id: "mine", name: "Eve" })).toEqual({ id: 8, name: "Eve" });
    expect(asked(server)).toEqual(['POST /posts {"name":"Bob"}', 'POST /posts {"name":"Eve"}']);
  });

  test("REST30 out of the Location, or of an answer that isn't the row", async () => {
    const { server, posts } = await open({ add: true }, {}, chosen);
    server.next({ status: 201, raw: "", headers: { Location: "/posts/a" } });
    expect(await posts.add({ name: "Ann" })).toBe("a");
    const told = await open({ add: true, answersRow: false }, {}, chosen);
    told.server.next({ status: 201, body: { id: "a", ok: true } });
    expect(await told.posts.source.add?.({ name: "Ann" }, {})).toEqual([
      "a",
      { id: "a", name: "Ann", note: "n" },
    ]);
    told.server.next({ status: 201, body: { ok: true } });
    const error = await errorOf(told.posts.add({ name: "Ann" }));
    expect([error.code, error.message.includes("it doesn't say the new row's id")]).toEqual([
      "rejected",
      true,
    ]);
  });
});

describe("many at once", () => {
  const rows = Array.from({ length: 9 }, (_, index) => ({
    id: `p${index}`,
    name: index % 2 === 0 ? "even" : "odd",
  }));

  test("REST31 deleteAll deletes row by row, each under a key of its own, and what is gone is no failure", async () => {
    const { server, posts } = await open(
      { delete: true },
      { resources: { posts: rows }, filter: "equal", paging: { kind: "page", page: "p", size: "n" } },
      { filter: "any", paging: { kind: "page", page: "p", size: "n" }, pageSize: 2 },
    );
    server.script(({ method, url }) =>
      method === "DELETE" && url.pathname.endsWith("p2") ? { status: 404 } : undefined,
    );
    await posts.where("name", "even").deleteAll({ opId: "op" });
    const deletes = server.log.filter(({ method }) => method === "DELETE");
    expect(new Set(deletes.map(({ headers }) => headers["idempotency-key"]))).toEqual(
      new Set(["op/p0", "op/p2", "op/p4", "op/p6", "op/p8"]),
    );
    expect([...server.resource("posts").rows.keys()]).toEqual(["p1", "p2", "p3", "p5", "p7"]);
  });

  test("REST31 the first failure ends it, once nothing is under way any more", async () => {
    const { server, posts } = await open({ delete: true }, { resources: { posts: rows } });
    server.script(({ method, url }) =>
      method === "DELETE" && url.pathname.endsWith("p1") ? { status: 403 } : undefined,
    );
    expect((await errorOf(posts.deleteAll())).code).toBe("rejected");
    expect([...server.resource("posts").rows.keys()]).toEqual(["p1", "p4", "p5", "p6", "p7", "p8"]);
    expect(server.underWay.now).toBe(0);
  });
});
