import { describe, expect, test } from "vitest";
import type { ApiServer, ApiServerOptions } from "../../../test/rest/api-server.ts";
import { errorOf, startServer } from "../../../test/rest/open-client.ts";
import { condition, not } from "../../query/index.ts";
import type { Vista } from "../../vista/index.ts";
import type { RestOptions } from "./rest-options.ts";
import { rest, type RestVista } from "./rest.ts";

const products = [
  { id: "a", name: "Tart", price: 3, tag: "x", since: "2026-01-01T00:00:00.000Z" },
  { id: "b", name: "Cake", price: 8, tag: null, since: "2026-02-01T00:00:00.000Z" },
  { id: "c", name: "tart", price: 3, tag: "y", since: null },
  { id: "d", name: "Flan", price: 5, tag: "x", since: "2026-01-01T00:00:00.000Z" },
];
const columns = { id: "text", name: "text", price: "number", tag: "text", since: "date" } as const;

async function open(
  options: RestOptions = {},
  api: ApiServerOptions = {},
): Promise<{ readonly server: ApiServer; readonly found: RestVista }> {
  const server = await startServer({
    resources: { products },
    filter: "suffix",
    order: { kind: "signed", sort: "sort" },
    search: "q",
    ...api,
  });
  return { server, found: rest(server.url("products"), { columns, ...options }) };
}

const idsOf = async (found: Vista): Promise<string> => [...(await found.list()).keys()].join("");
/** What was asked for, unescaped. */
const asked = (server: ApiServer): string[] =>
  server.log.map(({ url }) => decodeURIComponent(`${url.pathname.slice("/products".length)}${url.search}`));

describe("conditions", () => {
  test("REST17 go into the query string as the API writes them", async () => {
    const { server, found } = await open({
      filter: {
        columns: { price: "price", name: "name", tag: "tag" },
        operators: { ">=": "{column}_gte", "starts with": "{column}_startsWith", in: "{column}_in={value}" },
        list: "comma",
      },
    });
    expect(await idsOf(found.where("price", 3))).toBe("ac");
    expect(await idsOf(found.where("price", ">=", 5).where("name", "starts with", "F"))).toBe("d");
    expect(await idsOf(found.where("tag", "in", ["y", "z"]))).toBe("c");
    expect(
      await idsOf(
        found.where({ kind: "and", conditions: [condition("price", "=", 3), condition("tag", "=", "x")] }),
      ),
    ).toBe("a");
    expect(asked(server)).toEqual([
      "?price=3",
      "?price_gte=5&name_startsWith=F",
      "?tag_in=y,z",
      "?price=3&tag=x",
    ]);
  });

  test("REST17 other names, values with a prefix, lists as repeated parameters, brackets", async () => {
    const { server, found } = await open({
      filter: {
        columns: { price: "cost" },
        operators: { "=": "{column}=eq:{value}", ">": "{column}[gt]", in: "{column}" },
      },
    });
    server.script(() => ({ body: products }));
    for (const narrowed of [
      found.where("price", 3),
      found.where("price", ">", 4),
      found.where("price", "in", [3, 5]),
    ]) {
      await narrowed.list().catch(() => undefined);
    }
    expect(asked(server)).toEqual(["?cost=eq:3", "?cost[gt]=4", "?cost=3&cost=5"]);
  });

  test("REST17 a rule writes them in the API's own way", async () => {
    const { server, found } = await open({
      filter: {
        rule: (given) =>
          given.kind === "compare" && given.operator === ">" && typeof given.value === "number"
            ? [["filter", `${given.column} gt ${given.value}`]]
            : undefined,
        join: " and ",
      },
    });
    server.script(() => ({ body: [products[1]] }));
    expect(await idsOf(found.where("price", ">", 5).where("price", ">", 6).where("name", "Cake"))).toBe("b");
    expect(asked(server)).toEqual(["?filter=price gt 5 and price gt 6".replaceAll(" ", "+")]);
    const wrong = await open({ filter: { rule: () => [["filter"]] as unknown as [] } });
    expect((await errorOf(wrong.found.where("price", 5).list())).code).toBe("invalid");
  });

  test("REST17 what the API can't be asked is tested here", async () => {
    const { server, found } = await open({
      filter: { columns: ["price"], operators: { ">": "{column}_gt" } },
    });
    expect(await idsOf(found.where("price", 3).where("name", "tart"))).toBe("c");
    expect(await idsOf(found.where(not(condition("price", "=", 3))))).toBe("bd");
    expect(await idsOf(found.where(["tag", "is null"]))).toBe("b");
    expect(asked(server)).toEqual(["?price=3", "", ""]);
  });

  test("REST18 rows that don't match end the read, and the message says what may help", async () => {
    const { server, found } = await open({ filter: "any" });
    server.script(() => ({ body: products }));
    const error = await errorOf(found.where("price", 3).list());
    expect([error.code, error.place.id]).toEqual(["rejected", "b"]);
    expect(error.message).toContain("GET");
    expect(error.message).toContain(
      "/products?price=?: row 2 doesn't match what was asked for: the API's filter or search means something else; say `loose: true` where it finds too much, else leave `filter` or `search` out",
    );
    for (const call of [
      found.where("name", "TART").list(),
      rest(server.url("products"), { filter: "any", search: "q" }).search("cake").list(),
    ]) {
      expect((await errorOf(call)).code).toBe("rejected");
    }
  });

  test("REST18 with `loose` they are left out, and pages and counts are made of the others", async () => {
    const { server, found } = await open(
      {
        filter: { loose: true },
        paging: { kind: "offset", offset: "skip", limit: "limit" },
        total: { header: "X-Total-Count" },
        pageSize: 2,
      },
      { paging: { kind: "offset", offset: "skip", limit: "limit" }, total: { header: "X-Total-Count" } },
    );
    // It knows no case, as many a database.
    server.script(({ url }) => {
      const name = url.searchParams.get("name")?.toLowerCase();
      const rows = products.filter((row) => name === undefined || row.name.toLowerCase() === name);
      const skip = Number(url.searchParams.get("skip"));
      return {
        headers: { "X-Total-Count": String(rows.length) },
        body: rows.slice(skip, skip + Number(url.searchParams.get("limit"))),
      };
    });
    const tarts = found.where("name", "tart");
    expect(await idsOf(tarts)).toBe("c");
    expect(await tarts.count()).toBe(1);
    expect([...(await tarts.fetchPage(1, 10)).rows.keys()]).toEqual(["c"]);
    expect((await tarts.fetchPage(2, 10)).rows.size).toBe(0);
    expect(asked(server).every((search) => search.includes("name=tart"))).toBe(true);
  });

  test('REST18 columns without a type: an API may take 5 and "5" for the same, and the other is left out', async () => {
    const server = await startServer({
      resources: {
        products: [
          { id: 1, code: 5 },
          { id: 2, code: "5" },
        ],
      },
      filter: "equal",
      paging: { kind: "offset", offset: "skip", limit: "limit" },
      total: { header: "X-Total-Count" },
    });
    const found = rest(server.url("products"), {
      filter: "any",
      paging: { kind: "offset", offset: "skip", limit: "limit" },
      total: { header: "X-Total-Count" },
    });
    expect(await idsOf(found.where("code", 5))).toBe("1");
    expect(await idsOf(found.where("code", "5"))).toBe("2");
    expect(await found.where("code", "5").count()).toBe(1);
    expect([...(await found.where("code", "5").fetchPage(1, 1)).rows.keys()]).toEqual(["2"]);
    expect(server.log.every(({ url }) => url.searchParams.get("code") === "5")).toBe(true);
  });

  test("REST19 what no row can meet asks nothing", async () => {
    const { server, found } = await open({
      filter: { operators: { in: "{column}_in" } },
      total: { header: "X-Total-Count" },
      paging: { kind: "page", page: "p", size: "n" },
    });
    for (const never of [
      found.where("tag", null),
      found.where("price", "3"),
      found.where("name", 3),
      found.where("since", "2026-01-01"),
      found.where("name", "in", []),
      found.where({ kind: "id", ids: [] }),
    ]) {
      expect((await never.list()).size).toBe(0);
      expect(await never.count()).toBe(0);
      expect(await never.fetchPage(1, 10)).toEqual({ rows: new Map(), total: 0 });
    }
    expect(server.log).toEqual([]);
  });

  test("REST20 one condition for each parameter; names with a meaning are no columns", async () => {
    const { server, found } = await open({
      filter: "any",
      columns: { ...columns, sort: "text", q: "text", tenant: "text" },
      order: { parameter: "sort" },
      search: { parameter: "q", loose: true },
    });
    const narrowed = rest(server.url("products?tenant=1"), { filter: "any", search: "q" });
    expect(await idsOf(found.where("price", 3).where("price", 5))).toBe("");
    expect(await idsOf(found.where("sort", "name"))).toBe("");
    expect(await idsOf(narrowed.where("tenant", "2").where("q", "x"))).toBe("");
    expect(asked(server)).toEqual(["?price=3", "", "?tenant=1"]);
  });

  test("REST20 REST24 an empty text, and what a URL can't hold, are tested here", async () => {
    const { server, found } = await open({
      filter: { operators: { in: "{column}_in" }, list: "comma" },
      search: "q",
    });
    const names = Array.from({ length: 2_000 }, (_, index) => `name-${index}`);
    expect(await idsOf(found.where("name", ""))).toBe("");
    expect(await idsOf(found.where("name", "in", ["Cake", ...names]))).toBe("b");
    expect(await idsOf(found.where("name", "x".repeat(10_000)))).toBe("");
    expect(await idsOf(found.search("😀".repeat(1_000)))).toBe("");
    expect(asked(server)).toEqual(["", "", "", ""]);
  });

  test("REST20 dates only where they are moments, bytes and lists never, texts to no ranges", async () => {
    const operators = { ">=": "{column}_gte", "!=": "{column}_ne" };
    const cautious = await open({ filter: { operators } });
    const since = new Date("2026-02-01");
    expect(await idsOf(cautious.found.where("since", ">=", since))).toBe("b");
    expect(await idsOf(cautious.found.where("since", since))).toBe("b");
    expect(await idsOf(cautious.found.where("name", ">=", "U"))).toBe("c");
    expect(await idsOf(cautious.found.where("name", "!=", "Tart"))).toBe("bcd");
    expect(await idsOf(cautious.found.where("price", "!=", 3))).toBe("bd");
    expect(asked(cautious.server)).toEqual(["", "", "", "", "?price_ne=3"]);
    const telling = await open({ filter: { operators, dates: true } });
    expect(await idsOf(telling.found.where("since", ">=", since))).toBe("b");
    expect(asked(telling.server)).toEqual(["?since_gte=2026-02-01T00:00:00.000Z"]);
  });
});

describe("ids", () => {
  test("REST21 are asked for one by one, or by a list", async () => {
    const single = await open({ filter: "any" });
    expect(await idsOf(single.found.where({ kind: "id", ids: ["d", "nobody", "a", "d"] }))).toBe("da");
    expect(asked(single.server).toSorted()).toEqual(["/a", "/d", "/nobody"]);
    expect(await idsOf(single.found.withId("a").where("price", 8))).toBe("");
    const listed = await open({ filter: { operators: { in: "{column}_in" }, list: "comma" } });
    expect(await idsOf(listed.found.where({ kind: "id", ids: ["d", "nobody", "a"] }))).toBe("ad");
    expect(asked(listed.server)).toEqual(["?id_in=d,nobody,a"]);
  });

  test("REST21 more than 100 are looked for among all rows", async () => {
    const { server, found } = await open({ filter: "any" });
    const ids = ["c", ...Array.from({ length: 100 }, (_, index) => `none-${index}`)];
    expect(await idsOf(found.where({ kind: "id", ids }))).toBe("c");
    expect(asked(server)).toEqual([""]);
  });

  test("REST26 a 404 is no row, and so is a row of another id", async () => {
    const { server, found } = await open();
    expect(await found.get("nobody")).toBeUndefined();
    server.next({ body: products[0] });
    expect(await found.get("A")).toBeUndefined();
    expect((await found.get("a"))?.["name"]).toBe("Tart");
    server.next({ status: 500 }, { status: 500 }, { status: 500 });
    expect((await errorOf(rest(server.url("products"), { retries: 0 }).get("a"))).code).toBe("unavailable");
  });

  test.each([
    "a/b",
    "../a",
    "a b",
    "😀",
    "?x=1",
    "#x",
    "%2e%2e",
    "a:b",
    "https://elsewhere.test/",
    "\\x",
    "a%",
    "..a",
    "‮",
    ".",
  ])("REST26 the id %j asks for no other path", async (id) => {
    const server = await startServer({ resources: { products: [{ id, n: 1 }] } });
    const found = rest(server.url("products"), { writes: { delete: true } });
    expect(await found.get(id)).toEqual({ id, n: 1 });
    const [{ url } = { url: server.base }] = server.log;
    if (id === ".") expect(url.pathname).toBe("/products");
    else expect(decodeURIComponent(url.pathname)).toBe(`/products/${id}`);
    expect(url.search).toBe("");
  });

  test("REST26 an id that no path can hold is looked for, and can't be written", async () => {
    const server = await startServer({ resources: { products: [{ id: "..", n: 1 }] } });
    const found = rest(server.url("products"), { filter: "any", writes: { delete: true } });
    expect(await found.get("..")).toEqual({ id: "..", n: 1 });
    expect(await found.withId("..").list()).toEqual(new Map([["..", { id: "..", n: 1 }]]));
    expect(await found.get(".")).toBeUndefined();
    expect((await errorOf(found.delete(".."))).code).toBe("invalid");
    expect(server.log.every(({ method, url }) => method === "GET" && url.pathname === "/products")).toBe(
      true,
    );
  });

  test("REST26 other item paths", async () => {
    const { server } = await open();
    for (const [item, expected] of [
      ["by-id/{id}", "/products/by-id/a%2Fb"],
      ["/product/{id}.json", "/product/a%2Fb.json"],
      ["?key={id}", "/products?key=a%2Fb"],
    ] as const) {
      server.clearLog();
      await rest(server.url("products"), { item })
        .get("a/b")
        .catch(() => undefined);
      expect(server.log.map(({ url }) => url.pathname + url.search)).toEqual([expected]);
    }
  });

  test("REST26 without an item path the row is read out of the list", async () => {
    const { server, found } = await open({ item: false });
    expect((await found.get("c"))?.["name"]).toBe("tart");
    expect(asked(server)).toEqual([""]);
  });
});

describe("orders and searches", () => {
  const order = { parameter: "sort", several: ",", nulls: "last" } as const;

  test("REST22 go to the API as it writes them, with the id as the last column", async () => {
    const { server, found } = await open({ order });
    expect(await idsOf(found.orderBy("price", "desc").orderBy("name"))).toBe("bdac");
    expect(await idsOf(found.orderBy("price"))).toBe("acdb");
    expect(await idsOf(found.orderBy("id", "desc").orderBy("price"))).toBe("dcba");
    expect(asked(server)).toEqual(["?sort=-price,name,id", "?sort=price,id", "?sort=-id"]);
  });

  test("REST22 in other styles", async () => {
    for (const [style, expected] of [
      [
        { parameter: "_sort", directions: "_order", several: ",", nulls: "last" },
        "?_sort=price,name,id&_order=desc,asc,asc",
      ],
      [
        { parameter: "$orderby", descending: "{column} desc", several: ", ", nulls: "last" },
        "?$orderby=price+desc,+name,+id",
      ],
      [
        {
          parameter: "s",
          ascending: "{column},asc",
          descending: "{column},desc",
          several: "repeat",
          nulls: "last",
        },
        "?s=price,desc&s=name,asc&s=id,asc",
      ],
      [
        { parameter: "s", directions: "d", several: "repeat", nulls: "last" },
        "?s=price&s=name&s=id&d=desc&d=asc&d=asc",
      ],
      [
        { parameter: "s", several: ",", nulls: "last", columns: { price: "cost", name: "title", id: "key" } },
        "?s=-cost,title,key",
      ],
    ] as const) {
      const { server, found } = await open({ order: style });
      server.script(() => ({ body: [] }));
      await found.orderBy("price", "desc").orderBy("name").list();
      expect(asked(server)).toEqual([expected]);
    }
  });

  test("REST22 nulls where they are wanted, else the order is made here", async () => {
    for (const [nulls, sent] of [
      ["last", ["tag asc last", "tag desc last"]],
      ["first", ["tag asc first", "tag desc first"]],
      ["high", ["tag asc last", "tag desc first"]],
      ["low", ["tag asc first", "tag desc last"]],
      [undefined, []],
    ] as const) {
      const { server, found } = await open({ order: { ...order, nulls } });
      const met: string[] = [];
      for (const direction of ["asc", "desc"] as const) {
        for (const place of ["first", "last"] as const) {
          server.clearLog();
          server.script(() => ({ body: [] }));
          await found.orderBy("tag", direction, place).list();
          if (asked(server)[0]?.includes("sort") === true) met.push(`tag ${direction} ${place}`);
        }
      }
      expect(met.toSorted()).toEqual([...sent].toSorted());
    }
    const unknown = await open({
      order: { parameter: "sort", several: "," },
      columns: { ...columns, price: { type: "number", flags: ["mandatory"] } },
    });
    expect(await idsOf(unknown.found.orderBy("tag", "asc", "first"))).toBe("badc");
    expect(await idsOf(unknown.found.orderBy("price"))).toBe("acdb");
    expect(asked(unknown.server)).toEqual(["", "?sort=price,id"]);
  });

  test("REST22 several columns, or one that the API doesn't know, are ordered here", async () => {
    const { server, found } = await open({
      order: { parameter: "sort", columns: ["price", "name"], nulls: "last" },
    });
    expect(await idsOf(found.orderBy("price").orderBy("name", "desc"))).toBe("cadb");
    expect(await idsOf(found.orderBy("since"))).toBe("adbc");
    expect(asked(server)).toEqual(["", ""]);
  });

  test("REST22 rows out of order end the read", async () => {
    const { server, found } = await open({ order });
    server.script(() => ({ body: products }));
    const error = await errorOf(found.orderBy("price").list());
    expect([error.code, error.place.id]).toEqual(["rejected", "c"]);
    expect(error.message).toContain("row 3 is out of order: the API orders otherwise");
  });

  test("REST23 ties are put right here, and at both ends of a page", async () => {
    const paging = { kind: "offset", offset: "skip", limit: "limit" } as const;
    const rows = [9, 2, 30, 4, 11, 6, 7, 8, 1, 10].map((id, index) => ({ id, rank: Math.floor(index / 6) }));
    const server = await startServer({
      resources: { products: rows },
      paging,
      order: { kind: "signed", sort: "sort" },
    });
    const found = rest(server.url("products"), {
      paging,
      columns: { rank: "integer" },
      order: { parameter: "sort", nulls: "last" },
      maxPageSize: 3,
    }).orderBy("rank");
    const whole = [...(await found.list()).keys()];
    expect(whole.join(" ")).toBe("11 2 30 4 6 9 1 10 7 8");
    for (let offset = 0; offset < 10; offset++) {
      for (const limit of [1, 2, 4, 10]) {
        const page = await found.fetchWindow(offset, limit);
        expect([offset, limit, ...page.rows.keys()]).toEqual([
          offset,
          limit,
          ...whole.slice(offset, offset + limit),
        ]);
      }
    }
    expect(server.log.every(({ url }) => url.searchParams.get("sort") === "rank")).toBe(true);
  });

  test("REST24 a search is the parameter, each row is tested, and a sigma is searched here", async () => {
    const { server, found } = await open({ search: "q" });
    expect(await idsOf(found.search("tArT"))).toBe("ac");
    expect(await idsOf(found.search("Σ"))).toBe("");
    expect(asked(server)).toEqual(["?q=tArT", ""]);
    server.script(() => ({ body: products }));
    expect((await errorOf(found.search("tart").list())).code).toBe("rejected");
    const loose = rest(server.url("products"), { columns, search: { parameter: "q", loose: true } });
    expect(await idsOf(loose.search("tart"))).toBe("ac");
  });

  test("REST25 a count is the total of a page of one row, or asked for on a path of its own", async () => {
    const total = { header: "X-Total-Count" } as const;
    const { server, found } = await open(
      { paging: { kind: "page", page: "p", size: "n" }, total, filter: "any" },
      { total, paging: { kind: "page", page: "p", size: "n" } },
    );
    expect(await found.count()).toBe(4);
    expect(await found.where("price", 3).count()).toBe(2);
    expect(await found.where("price", 3).where("price", 8).count()).toBe(0);
    expect(asked(server)).toEqual(["?p=1&n=1", "?price=3&p=1&n=1", "?price=3&p=1&n=100"]);
    server.clearLog();
    server.script(() => ({ status: 200, body: { rows: 321 } }));
    const counted = rest(server.url("products"), {
      columns,
      count: { path: "count", field: "rows" },
      filter: "any",
    });
    expect(await counted.where("price", 3).count()).toBe(321);
    expect(asked(server)).toEqual(["/count?price=3"]);
    server.script(() => ({ status: 200, body: "many" }));
    expect((await errorOf(rest(server.url("products"), { count: "count" }).count())).message).toContain(
      "a count was due, a text came that is none",
    );
  });
});
