import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { runs } from "../../../test/properties/runs.ts";
import type { ApiPaging } from "../../../test/rest/api-resource.ts";
import type { ApiServer, ApiServerOptions } from "../../../test/rest/api-server.ts";
import { errorOf, startServer } from "../../../test/rest/open-client.ts";
import type { RestOptions, RestPaging } from "./rest-options.ts";
import { rest, type RestVista } from "./rest.ts";

const rowsOf = (count: number) => Array.from({ length: count }, (_, index) => ({ id: index + 1 }));

const paged: RestPaging = { kind: "page", page: "page", size: "limit" };
const offset: RestPaging = { kind: "offset", offset: "skip", limit: "limit" };
const cursor: RestPaging = { kind: "cursor", cursor: "after", next: "next", size: "limit" };
const total = { header: "X-Total-Count" } as const;

/** The server's side of these. */
const apiPaging = ({ kind }: RestPaging): ApiPaging =>
  kind === "page"
    ? { kind, page: "page", size: "limit" }
    : { kind: "offset", offset: "skip", limit: "limit" };

async function open(
  api: ApiServerOptions,
  options: RestOptions,
): Promise<{ readonly server: ApiServer; readonly posts: RestVista }> {
  const server = await startServer({ resources: { posts: rowsOf(10) }, ...api });
  // Scripts change what is answered and not what it is validated by.
  return { server, posts: rest(server.url("posts"), { revalidate: false, ...options }) };
}

const idsOf = async (posts: RestVista): Promise<string> => [...(await posts.list()).keys()].join(" ");
const asked = (server: ApiServer): string[] => server.log.map(({ url }) => url.search);
const refusal = async (call: Promise<unknown>): Promise<string> => {
  const error = await errorOf(call);
  expect(error.code).toBe("rejected");
  return error.message;
};

const allIds = "1 2 3 4 5 6 7 8 9 10";

describe("a read", () => {
  test("REST10 by numbers, from 1 or from 0", async () => {
    const one = await open({ paging: { ...paged, size: "limit" } }, { paging: paged, pageSize: 4, total });
    expect(await idsOf(one.posts)).toBe(allIds);
    expect(asked(one.server)).toEqual([
      "?page=1&limit=4",
      "?page=2&limit=4",
      "?page=3&limit=4",
      // Without a total that says so, only a page without rows is the end.
      "?page=4&limit=4",
    ]);
    const zero = await open(
      { paging: { ...paged, size: "limit", first: 0 }, total },
      { paging: { ...paged, first: 0 }, pageSize: 4, total },
    );
    expect(await idsOf(zero.posts)).toBe(allIds);
    expect(asked(zero.server)).toEqual(["?page=0&limit=4", "?page=1&limit=4", "?page=2&limit=4"]);
  });

  test("REST10 by offsets, cursors, links, and once for the whole list", async () => {
    const skip = await open(
      { paging: { ...offset, limit: "limit" }, total },
      { paging: offset, pageSize: 4, total },
    );
    expect(await idsOf(skip.posts)).toBe(allIds);
    expect(asked(skip.server)).toEqual(["?skip=0&limit=4", "?skip=4&limit=4", "?skip=8&limit=4"]);
    const after = await open(
      { paging: { ...cursor, limit: "limit" }, rows: "items" },
      { paging: cursor, rows: "items", pageSize: 4 },
    );
    expect(await idsOf(after.posts)).toBe(allIds);
    expect(asked(after.server)).toEqual(["?limit=4", "?limit=4&after=NA", "?limit=4&after=OA"]);
    const link = await open(
      { paging: { kind: "link", page: "p", size: "n" } },
      { paging: { kind: "link", size: "n" }, pageSize: 4 },
    );
    expect(await idsOf(link.posts)).toBe(allIds);
    expect(asked(link.server)).toEqual(["?n=4", "?n=4&p=2", "?n=4&p=3"]);
    const whole = await open({}, {});
    expect(await idsOf(whole.posts)).toBe(allIds);
    expect(asked(whole.server)).toEqual([""]);
  });

  test("REST10 no page is asked for before it is wanted, and none behind the last one read", async () => {
    const { server, posts } = await open(
      { paging: { ...paged, size: "limit" } },
      { paging: paged, pageSize: 4 },
    );
    for await (const batch of posts.batches()) {
      expect(batch).toHaveLength(4);
      break;
    }
    expect(asked(server)).toEqual(["?page=1&limit=4"]);
  });
});

describe("pages put together", () => {
  test("REST11 pages and windows larger than the API's, and at any place", async () => {
    for (const [paging, maxSize] of [
      [paged, 3],
      [offset, 3],
    ] as const) {
      const { server, posts } = await open(
        {
          paging: apiPaging(paging),
          maxSize,
          total,
        },
        { paging, maxPageSize: maxSize, total },
      );
      for (let from = 0; from < 12; from++) {
        for (let limit = 1; limit < 12; limit++) {
          const { rows, total: said } = await posts.fetchWindow(from, limit);
          const expected = rowsOf(10).slice(from, from + limit);
          expect([from, limit, [...rows.values()], said]).toEqual([from, limit, expected, 10]);
        }
      }
      for (const { url } of server.log) expect(Number(url.searchParams.get("limit"))).toBeLessThanOrEqual(3);
    }
  });

  test("REST11 one request where the page is one of the API's", async () => {
    const { server, posts } = await open({ paging: { ...paged, size: "limit" } }, { paging: paged });
    expect([...(await posts.fetchPage(3, 3)).rows.keys()]).toEqual(["7", "8", "9"]);
    expect(asked(server)).toEqual(["?page=3&limit=3"]);
  });

  test("REST11 pages of a size that can't be chosen", async () => {
    const { posts } = await open(
      { paging: { ...paged, size: "unused" }, defaultSize: 4, total },
      { paging: { kind: "page", page: "page" }, pageSize: 4, total },
    );
    expect([...(await posts.fetchPage(2, 3)).rows.keys()]).toEqual(["4", "5", "6"]);
    expect(await idsOf(posts)).toBe(allIds);
  });

  test("REST11 steps of any size over pages of any size", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 12 }),
        fc.integer({ min: 1, max: 6 }),
        fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 4 }),
        async (count, maxSize, sizes) => {
          const server = await startServer({
            resources: { posts: rowsOf(count) },
            paging: { ...cursor, limit: "limit" },
            rows: "items",
            maxSize,
            defaultSize: maxSize,
          });
          const isSized = maxSize % 2 === 0;
          const paging = isSized ? cursor : ({ kind: "cursor", cursor: "after", next: "next" } as const);
          const posts = rest(server.url("posts"), { paging, rows: "items", maxPageSize: maxSize });
          const met: string[] = [];
          let token: string | undefined;
          let step = 0;
          do {
            const size = sizes[step++ % sizes.length] ?? 1;
            const page = await posts.fetchNext(token, size);
            expect(page.rows.size).toBeLessThanOrEqual(size);
            if (page.token !== undefined) expect(page.rows.size).toBe(size);
            met.push(...page.rows.keys());
            ({ token } = page);
          } while (token !== undefined);
          await server.close();
          expect(met).toEqual(rowsOf(count).map(({ id }) => String(id)));
        },
      ),
      runs(20),
    );
  });
});

describe("answers that can't be right", () => {
  test("REST12 more rows than were asked for", async () => {
    const { posts } = await open({ paging: { kind: "none" } }, { paging: paged, pageSize: 4 });
    expect(await refusal(posts.list())).toContain(
      "4 rows were asked for and 10 came: is the parameter for the size right?",
    );
  });

  test.each<[string, RestOptions["total"]]>([
    ["a total", total],
    ["no total", undefined],
  ])("REST12 fewer rows than the API has, with %s", async (_what, said) => {
    const api: ApiServerOptions = { paging: { ...paged, size: "limit" }, maxSize: 3, total };
    const { posts } = await open(api, {
      paging: paged,
      pageSize: 5,
      ...(said !== undefined && { total: said }),
    });
    expect(await refusal(posts.list())).toContain(
      "5 rows were asked for and 3 came, though there are more: if the API gives no more at once, set maxPageSize: 3",
    );
    if (said !== undefined) expect(await refusal(posts.fetchPage(1, 5))).toContain("set maxPageSize: 3");
  });

  test("REST12 with offsets nothing is lost: the walk goes on behind the last row that came", async () => {
    const { posts } = await open(
      { paging: { ...offset, limit: "limit" }, maxSize: 3 },
      { paging: offset, pageSize: 5 },
    );
    expect(await idsOf(posts)).toBe(allIds);
    expect([...(await posts.fetchWindow(2, 5)).rows.keys()].join(" ")).toBe("3 4 5 6 7");
  });

  test.each([paged, offset])("REST12 a total that is too small: %j", async (paging) => {
    const { server, posts } = await open(
      {
        paging: apiPaging(paging),
      },
      { paging, pageSize: 5, total },
    );
    server.script(({ url }) => ({ headers: { "X-Total-Count": url.searchParams.get("limit") ?? "3" } }));
    expect(await refusal(posts.list())).toContain("its total is 5, but 5 rows came from 5 on");
    server.script(() => ({ headers: { "X-Total-Count": "3" } }));
    expect(await refusal(posts.fetchPage(1, 5))).toContain("its total is 3, but 5 rows came from 0 on");
  });

  test("REST12 a total that is too large ends with the rows that there are", async () => {
    for (const paging of [paged, offset]) {
      const { server, posts } = await open(
        {
          paging: apiPaging(paging),
        },
        { paging, pageSize: 5, total },
      );
      server.script(() => ({ headers: { "X-Total-Count": "1000" } }));
      expect(await idsOf(posts)).toBe(allIds);
    }
  });

  test.each(["many", "-1", "1.5", ""])("REST16 the total %j is no count", async (text) => {
    const { server, posts } = await open({}, { total });
    server.script(() => ({ headers: { "X-Total-Count": text } }));
    expect(await refusal(posts.count())).toContain("its header X-Total-Count is no count");
  });

  test("REST16 a total out of Content-Range or a field", async () => {
    const range = await open({}, { total: { header: "Content-Range" } });
    range.server.script(() => ({ headers: { "Content-Range": "items 0-9/321" } }));
    expect(await range.posts.count()).toBe(321);
    range.server.script(() => ({ headers: { "Content-Range": "items 0-9/*" } }));
    expect(await refusal(range.posts.count())).toContain("it doesn't say how many rows there are in all");
    const field = await open(
      { rows: "data", total: { field: "meta.total" } },
      { rows: "data", total: { field: "meta.total" } },
    );
    expect(await field.posts.count()).toBe(10);
    field.server.next({ body: { data: [], meta: { total: "10" } } });
    expect(await refusal(field.posts.count())).toContain('its field "meta.total" is a text that is no count');
  });

  test("REST14 cursors that go round in circles, however long", async () => {
    for (const length of [1, 2, 3, 7, 20]) {
      const { server, posts } = await open({}, { paging: cursor, rows: "items" });
      server.script(({ url }) => {
        const at = Number(url.searchParams.get("after") ?? 0);
        return { body: { items: [{ id: server.log.length }], next: (at + 1) % length } };
      });
      expect(await refusal(posts.list())).toContain("its pages go round in circles");
      expect(server.log.length).toBeLessThan(4 * length + 4);
    }
  });

  test("REST14 a link that leads to itself", async () => {
    const { server, posts } = await open({}, { paging: { kind: "link" } });
    server.script(() => ({ headers: { Link: '<?page=1>; rel="next"' }, body: [{ id: server.log.length }] }));
    expect(await refusal(posts.list())).toContain("round in circles");
  });

  test("REST14 100 pages without a new row; a few of them are none of a problem", async () => {
    const { server, posts } = await open({}, { paging: cursor, rows: "items" });
    server.script(({ url }) => {
      const at = Number(url.searchParams.get("after") ?? 0);
      return { body: { items: at === 50 ? [{ id: "a" }] : [], next: at === 60 ? null : at + 1 } };
    });
    expect(await idsOf(posts)).toBe("a");
    server.script(({ url }) => ({
      body: { items: [{ id: "a" }], next: Number(url.searchParams.get("after") ?? 0) + 1 },
    }));
    expect(await refusal(posts.list())).toContain("100 pages in a row brought no new row");
    const ignoring = await open({}, { paging: offset, pageSize: 10 });
    expect(await refusal(ignoring.posts.list())).toContain("is the parameter for the page right?");
  });

  test.each([{}, [], true])("REST14 a cursor that is %j is none", async (next) => {
    const { server, posts } = await open({}, { paging: cursor, rows: "items" });
    server.script(() => ({ body: { items: [{ id: 1 }], next } }));
    expect(await refusal(posts.list())).toContain('its field "next" is');
  });

  test("REST15 tokens of other queries, of nobody, and to elsewhere are invalid", async () => {
    const { server, posts } = await open(
      { paging: { kind: "link", page: "p", size: "n" }, filter: "equal" },
      { paging: { kind: "link", size: "n" }, filter: "any" },
    );
    const { token = "" } = await posts.fetchNext(undefined, 2);
    expect([...(await posts.fetchNext(token, 2)).rows.keys()]).toEqual(["3", "4"]);
    const elsewhere = token.replaceAll(server.base.origin, "http://elsewhere.test");
    expect(elsewhere).not.toBe(token);
    for (const wrong of [elsewhere, "", "[]", "null", token.replace("2]", "-2]")]) {
      expect((await errorOf(posts.fetchNext(wrong, 2))).code).toBe("invalid");
    }
    expect((await errorOf(posts.where("id", 1).fetchNext(token, 2))).code).toBe("invalid");
  });
});

describe("rows that move between two pages", () => {
  test.each([paged, offset])("REST13 a row that comes twice is given once: %j", async (paging) => {
    const { server, posts } = await open(
      {
        paging: apiPaging(paging),
      },
      { paging, pageSize: 3 },
    );
    const met: string[] = [];
    for await (const batch of posts.batches()) {
      for (const [id] of batch) met.push(id);
      if (met.length === 3) {
        // Others insert two rows at the front: everything moves by two places.
        const { rows } = server.resource("posts");
        const before = [...rows];
        rows.clear();
        for (const [id, row] of [["x", { id: "x" }], ["y", { id: "y" }], ...before] as const)
          rows.set(id, row);
      }
    }
    expect(met.join(" ")).toBe(allIds);
  });

  test("REST13 a walk that overtakes deletions gives what it meets, each row once", async () => {
    const { server, posts } = await open(
      { paging: { ...paged, size: "limit" } },
      { paging: paged, pageSize: 3 },
    );
    const met: string[] = [];
    for await (const batch of posts.batches()) {
      for (const [id] of batch) met.push(id);
      if (met.length === 3) server.resource("posts").rows.delete("1");
    }
    expect(met.join(" ")).toBe("1 2 3 5 6 7 8 9 10");
  });
});
