import { describe, expect, test } from "vitest";
import type { JsonObject } from "../../../test/rest/api-resource.ts";
import { openJsonServer } from "../../../test/rest/json-server-api.ts";
import { errorOf } from "../../../test/rest/open-client.ts";
import { sourceContract, type SourceSubject } from "../../testing/index.ts";
import type { ColumnType } from "../../vista/index.ts";
import { jsonServer } from "./json-server.ts";
import type { RestOptions } from "./rest-options.ts";
import { rest } from "./rest.ts";
import { toJson } from "./to-json.ts";

const seed = Number(process.env["DIORAMA_SEED"] ?? 1);

/** Columns that JSON Server orders as we do: it compares texts by UTF-16, and bytes as texts. */
const ordered = ["number", "boolean", "date", "decimal"].flatMap((type) => [`${type}_a`, `${type}_b`]);

/** All but integers beyond 2^53: it would hold them as texts, and compare them as such. */
const types: readonly ColumnType[] = ["text", "number", "decimal", "boolean", "date", "bytes", "json"];

function subject(version: 0 | 1): SourceSubject {
  return {
    seed,
    types,
    create: async (data) => {
      const typeOf = new Map(
        Object.entries(data.columns).flatMap(([name, type]): [string, ColumnType][] =>
          typeof type === "string" ? [[name, type]] : [],
        ),
      );
      const toRow = (row: Parameters<typeof toJson>[0]): JsonObject => ({ ...toJson(row, typeOf, {}) });
      const api = await openJsonServer(version, [...data.rows.values()].map(toRow));
      const preset: RestOptions = jsonServer({ version });
      const order = { parameter: "_sort", ...preset.order, columns: ordered };
      const { source } = rest(api.url, { ...preset, columns: data.columns, order, pageSize: 30 });
      return {
        source,
        set: (id, row) => {
          const at = api.rows.findIndex((other) => other["id"] === id);
          api.rows[at === -1 ? api.rows.length : at] = toRow(row);
        },
        close: () => api.close(),
      };
    },
  };
}

describe(`JSON Server 0.17 (seed ${seed})`, () => sourceContract(test, subject(0)));
describe(`JSON Server 1.0 (seed ${seed})`, () => sourceContract(test, subject(1)));

const posts: readonly JsonObject[] = [
  { id: 1, title: "one", views: 10, author: { name: "ann" } },
  { id: 2, title: "two", views: 20, author: { name: "bob" } },
  { id: 10, title: "three", views: 20, author: { name: "ann" } },
];

describe.each([0, 1] as const)("version %i", (version) => {
  test("REST36 explain shows what it is asked", () => {
    const columns = { id: "integer", views: "integer" } as const;
    const vista = rest("http://localhost:3000/posts", { ...jsonServer({ version }), columns });
    const asked = vista.where("views", ">=", 15).where("author.name", "bob").orderBy("id", "desc").explain();
    expect(asked).toBe(
      version === 0
        ? "posts: GET http://localhost:3000/posts?views_gte=?&author.name=?&_sort=id&_order=desc&_start=0&_limit=100, page after page; done here: 1 condition"
        : "posts: GET http://localhost:3000/posts?views_gte=?&author.name=?&_sort=-id&_page=1&_per_page=100, page after page; done here: 2 conditions",
    );
  });

  test("REST36 numbered ids, pages, counts and orders with ties", async () => {
    const api = await openJsonServer(version, posts);
    const vista = rest(api.url, {
      ...jsonServer({ version }),
      columns: { views: { type: "integer", flags: ["mandatory"] } },
    });
    expect([...(await vista.list()).keys()]).toEqual(["1", "2", "10"]);
    expect(await vista.where("views", 20).count()).toBe(2);
    expect([...(await vista.fetchPage(2, 2)).rows.keys()]).toEqual(["10"]);
    expect(await vista.fetchPage(3, 2)).toEqual({ rows: new Map(), total: 3 });
    // Ties come by id, which is text: "10" before "2".
    expect([...(await vista.orderBy("views", "desc").list()).keys()]).toEqual(["10", "2", "1"]);
    expect((await vista.get("10"))?.["title"]).toBe("three");
    await api.close();
  });

  test("REST36 columns whose names mean something to it are tested here", async () => {
    const api = await openJsonServer(version, [{ id: "a", _page: 1, q: "x", views_gte: 5 }]);
    const vista = rest(api.url, jsonServer({ version }));
    expect((await vista.where("_page", 2).list()).size).toBe(0);
    expect((await vista.where("q", "y").list()).size).toBe(0);
    expect((await vista.where("views_gte", 5).list()).size).toBe(1);
    await api.close();
  });
});

test("REST36 version 1 orders texts in a language: they are ordered here", async () => {
  const titles = ["b", "B", "a", "Ä", "_", "10", "9"];
  const api = await openJsonServer(
    1,
    titles.map((title) => ({ id: `id-${title}`, title })),
  );
  const text = { type: "text", flags: ["mandatory"] } as const;
  const vista = rest(api.url, { ...jsonServer({ version: 1 }), columns: { id: "text", title: text } });
  const found = await vista.orderBy("title").list();
  expect([...found.values()].map(({ title }) => title)).toEqual(["10", "9", "B", "_", "a", "b", "Ä"]);
  expect([...(await vista.orderBy("id", "desc").fetchPage(1, 2)).rows.keys()]).toEqual(["id-Ä", "id-b"]);
  expect(vista.orderBy("title").explain()).toContain("done here: the order");
  await api.close();
});

test("REST36 a column that no row has is no filter to version 0: nothing wrong is served", async () => {
  const api = await openJsonServer(0, posts);
  const found = rest(api.url, jsonServer()).where("tilte", "one");
  expect((await found.list()).size).toBe(0);
  expect(await found.count()).toBe(0);
  const declared = rest(api.url, { ...jsonServer(), columns: { tilte: "text" } });
  const error = await errorOf(declared.where("tilte", "one").list());
  expect([error.code, error.message.includes("row 1 doesn't match what was asked for")]).toEqual([
    "rejected",
    true,
  ]);
  await api.close();
});

test("REST36 a search of version 0 finds numbers and nested texts: they are left out", async () => {
  const api = await openJsonServer(0, posts);
  const vista = rest(api.url, jsonServer());
  expect([...(await vista.search("TW").list()).keys()]).toEqual(["2"]);
  expect((await vista.search("ann").list()).size).toBe(0);
  await api.close();
});
