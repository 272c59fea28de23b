import { describe, expect, test } from "vitest";
import { errorOf, startServer } from "../../../test/rest/open-client.ts";
import { DioramaError } from "../../base/index.ts";
import type { Capabilities } from "../../vista/index.ts";
import type { RestOptions } from "./rest-options.ts";
import { rest } from "./rest.ts";

const url = "https://example.test/api/posts";

function refusal(options: object, from: string | URL = url): string {
  try {
    rest(from, options);
  } catch (error) {
    if (error instanceof DioramaError && error.code === "invalid") return error.message;
    throw error;
  }
  throw new Error("the options were to be refused");
}

const claims = (options: RestOptions): string[] =>
  Object.entries(rest(url, options).capabilities)
    .filter(([, claimed]) => claimed)
    .map(([name]) => name);

describe("options that can't be", () => {
  test("REST1 all of them are named in one error", () => {
    const message = refusal({
      nmae: "x",
      id: "",
      rows: "data..items",
      total: {},
      paging: { kind: "pages" },
      pageSize: 0,
      filter: { operator: {}, operators: { like: "{column}" }, list: "tab" },
      order: { descending: "down" },
      search: 5,
      item: "https://elsewhere.test/{id}",
      writes: { insert: "PATCH", deleted: true },
      pollEvery: "soon",
      timeout: -1,
    });
    for (const part of [
      'no option "nmae"; did you mean "name"?',
      "id: give a text",
      "rows: give the path of a field",
      "total: give { header",
      "paging: its kind is one of page, offset, cursor, link, none",
      "pageSize: give a whole number",
      'filter. "operator"; did you mean "operators"?',
      'no operator "like"',
      'filter.list: give "repeat" or "comma"',
      "order.parameter: give the name",
      "order.descending: give a text with {column} in it",
      "search: give the name",
      "item: give the path of one row",
      'writes.insert: give "POST" or "PUT"',
      'writes. "deleted"; did you mean "delete"?',
      "pollEvery:",
      "timeout:",
    ]) {
      expect(message).toContain(part);
    }
  });

  test.each<[object, string]>([
    [{ paging: { kind: "page" } }, "paging.page: give the name of a parameter"],
    [{ paging: { kind: "page", page: "p", first: 2 } }, "paging.first: give 0 or 1"],
    [{ paging: { kind: "page", page: "p" } }, "pageSize: the API takes no size"],
    [{ paging: { kind: "offset", offset: "o", size: "n" } }, 'there is no paging of kind offset with "size"'],
    [{ paging: { kind: "cursor", cursor: "c", next: "" } }, "paging.next: give"],
    [{ pageSize: 50, maxPageSize: 20 }, "pageSize: it is larger than maxPageSize"],
    [{ pollEvery: "1s", paging: { kind: "link" } }, "pollEvery compares versions"],
    [{ item: false, writes: { delete: true } }, "writes: these need the path of one row"],
    [{ writes: { lookFirst: ["read"] } }, "writes.lookFirst: give a list of"],
    [{ count: "https://elsewhere.test/count" }, "count: give a path below the collection"],
    [{ columns: { price: "money" } }, 'column "price" has type "money"'],
    [{ filter: { rule: "x" } }, "filter.rule: give a function"],
    [{ filter: { operators: { "=": "=x" } } }, 'filter.operators: "="'],
    [{ filter: { columns: { a: 5 } } }, "filter.columns: each column has a text"],
    [{ order: { parameter: "s", texts: "yes" } }, "order.texts: give true or false"],
    [{ order: { parameter: "s", nulls: "top" } }, 'order.nulls: give "last"'],
    [{ order: { parameter: "s", several: "" } }, "order.several: give the text"],
    [{ version: "yes" }, "version: give true or false"],
    [{ total: { header: "X", field: "y" } }, "total: give"],
  ])("REST1 %j", (options, part) => {
    expect(refusal(options)).toContain(part);
  });

  test("REST1 a URL that is none is not quoted: it may hold a password", () => {
    for (const from of ["ftp://user:hidden@example.test/x", "hidden:hidden@nowhere", ""]) {
      const message = refusal({}, from);
      expect(message).toContain("url: give the http or https URL of the collection");
      expect(message).not.toContain("hidden");
    }
  });

  test("REST1 nothing is asked before the first call", async () => {
    const server = await startServer({ resources: { posts: [] } });
    const posts = rest(server.url("posts"));
    posts.explain();
    posts.fingerprint();
    expect(server.log).toEqual([]);
    await posts.list();
    expect(server.log).toHaveLength(1);
  });
});

describe("what it is", () => {
  test("REST2 it is named after the URL, and the URL's parameters are part of every request", async () => {
    const server = await startServer({ resources: { "my posts": [{ id: 1 }] } });
    const posts = rest(server.url("my%20posts/?tenant=5"), { writes: { delete: true } });
    expect(posts.name).toBe("my posts");
    expect(rest(url, { name: "articles" }).name).toBe("articles");
    expect(rest("https://example.test").name).toBe("example.test");
    const plain = rest(server.url("my%20posts?tenant=5"), { writes: { delete: true } });
    await plain.list();
    await plain.get("1");
    await plain.delete("1");
    expect(
      server.log.map(({ method, url: { pathname, search } }) => `${method} ${pathname}${search}`),
    ).toEqual(["GET /my%20posts?tenant=5", "GET /my%20posts/1?tenant=5", "DELETE /my%20posts/1?tenant=5"]);
  });

  test.each<[string, RestOptions, (keyof Capabilities)[]]>([
    ["nothing", {}, []],
    [
      "numbered pages",
      { paging: { kind: "page", page: "p", size: "n" } },
      ["canFetchPage", "canFetchWindow"],
    ],
    ["offsets", { paging: { kind: "offset", offset: "o", limit: "n" } }, ["canFetchPage", "canFetchWindow"]],
    ["cursors", { paging: { kind: "cursor", cursor: "c", next: "next" } }, ["canFetchNext"]],
    ["links", { paging: { kind: "link" } }, ["canFetchNext"]],
    ["a total", { total: { header: "X-Total-Count" } }, ["canCount"]],
    ["a count", { count: "count" }, ["canCount"]],
    ["equality", { filter: ["price"] }, ["canMatch"]],
    ["operators", { filter: { operators: { ">": "{column}_gt" } } }, ["canMatch", "canFilter"]],
    ["a rule", { filter: { rule: () => undefined } }, ["canMatch", "canFilter"]],
    ["an order", { order: { parameter: "sort" } }, ["canOrder"]],
    ["a search", { search: "q" }, ["canSearch"]],
    ["inserts", { writes: { insert: "POST" } }, ["canInsert"]],
    ["ids of the API", { writes: { add: true } }, ["canInsert"]],
    ["replacing", { writes: { replace: true } }, ["canUpdate"]],
    ["patching", { writes: { patch: true } }, ["canUpdate"]],
    ["deleting", { writes: { delete: true } }, ["canDelete"]],
    ["polling", { pollEvery: "1m" }, ["canSubscribe"]],
    [
      "references",
      { references: { author: { column: "authorId", target: () => rest(url) } } },
      ["canTraverse"],
    ],
  ])("REST3 %s", (_what, options, expected) => {
    expect(claims(options).toSorted()).toEqual(expected.toSorted());
  });

  test("REST3 without an item path there is no get of its own, and without `add` the id is ours", () => {
    expect(rest(url, { item: false }).source.get).toBeUndefined();
    expect(rest(url).source.get).toBeTypeOf("function");
    expect(rest(url, { writes: { insert: "POST" } }).source.add).toBeUndefined();
    expect(rest(url, { writes: { add: true } }).source.add).toBeTypeOf("function");
  });

  test("REST3 what isn't claimed is unsupported at the source itself too", async () => {
    const { source } = rest(url);
    const query = { conditions: [], order: [], search: "x" };
    for (const call of [
      source.count(query),
      source.window(query, { offset: 0, limit: 1 }),
      source.next(query, { token: undefined, size: 1 }),
      source.read(query).next(),
      source.insert("1", {}),
      source.delete("1"),
    ]) {
      expect((await errorOf(call)).code).toBe("unsupported");
    }
  });

  test("REST4 without columns rows keep their JSON; with `open: false` only the declared ones stay", async () => {
    const row = { id: 7, name: "Tart", tags: ["a"], more: { deep: null } };
    const server = await startServer({ resources: { posts: [row] } });
    const open = rest(server.url("posts"), { columns: { name: "text" } });
    expect(open.schema.open).toBe(true);
    expect(await open.list()).toEqual(new Map([["7", row]]));
    const closed = rest(server.url("posts"), { columns: { name: "text" }, open: false });
    expect(await closed.list()).toEqual(new Map([["7", { id: 7, name: "Tart" }]]));
  });
});

describe("what is told of it", () => {
  test("REST34 the fingerprint holds no credentials, and tells locations and columns apart", () => {
    const of = (from: string, options: RestOptions = {}): string => rest(from, options).fingerprint();
    const secret = of("https://user:hidden@example.test/posts?api_key=hidden&tenant=5", {
      headers: { authorization: "hidden" },
    });
    expect(secret).not.toMatch(/hidden|user|tenant=5/);
    expect(of("https://example.test/posts?api_key=other&tenant=5")).toBe(secret);
    const others = [
      of("https://example.test/posts?tenant=6"),
      of("https://example.test/comments?tenant=5"),
      of("https://example.test/posts?tenant=5", { id: "key" }),
      of("https://example.test/posts?tenant=5", { columns: { price: "decimal" } }),
      of("https://example.test/posts?tenant=5", { rows: "data" }),
    ];
    expect(new Set([secret, ...others]).size).toBe(6);
  });

  test("REST35 explain shows the request without values, and what is done here", () => {
    const posts = rest("https://user:hidden@example.test/posts?api_key=hidden", {
      columns: { id: "text", title: { type: "text", flags: ["mandatory"] }, price: "number" },
      paging: { kind: "page", page: "_page", size: "_limit" },
      filter: { columns: ["price"], operators: { ">": "{column}_gt" } },
      order: { parameter: "_sort", several: "," },
      search: "q",
    });
    expect(posts.explain()).toBe(
      "posts: GET https://example.test/posts?api_key=?&_page=1&_limit=100, page after page",
    );
    const narrowed = posts.where("price", ">", 5).where("title", "hidden").orderBy("title", "desc");
    expect(narrowed.explain()).toBe(
      "posts: GET https://example.test/posts?api_key=?&price_gt=?&_sort=-title,id&_page=1&_limit=100, page after page; done here: 1 condition",
    );
    expect(posts.search("hidden").orderBy("price").explain()).toBe(
      "posts: GET https://example.test/posts?api_key=?&q=?&_page=1&_limit=100, page after page; done here: the order",
    );
    expect(posts.withId("hidden").explain()).toBe("posts: GET https://example.test/posts, one row by its id");
    expect(posts.where("price", "none").explain()).toBe("posts: no request: no row can match");
  });
});
