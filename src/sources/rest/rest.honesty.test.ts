import { describe, expect, test } from "vitest";
import type { JsonObject } from "../../../test/rest/api-resource.ts";
import type { ApiScript, ApiServer } from "../../../test/rest/api-server.ts";
import { errorOf, startServer } from "../../../test/rest/open-client.ts";
import type { RestOptions } from "./rest-options.ts";
import { rest, type RestVista } from "./rest.ts";

const all: readonly JsonObject[] = Array.from({ length: 25 }, (_, n) => ({ id: `r${n + 100}`, n }));
const columns = { id: "text", n: { type: "integer", flags: ["mandatory"] } } as const;
const numbered = { kind: "page", page: "page", size: "size" } as const;
const clamped = { ...numbered, clamps: true } as const;

interface Asked {
  readonly page: number;
  readonly size: number;
}

/** An API that answers each page as it sees fit. */
async function openApi(answer: (asked: Asked) => unknown): Promise<ApiServer> {
  const server = await startServer({ resources: { things: [] } });
  const numberOf = (url: URL, name: string): number => Number(url.searchParams.get(name));
  const script: ApiScript = ({ url }) => ({
    body: answer({ page: numberOf(url, "page"), size: numberOf(url, "size") }),
  });
  server.script(script);
  return server;
}

const pageOf = (rows: readonly JsonObject[], { page, size }: Asked): readonly JsonObject[] =>
  rows.slice((page - 1) * size, page * size);

/** The last page again for a number beyond it. */
const clampedPage = (rows: readonly JsonObject[], { page, size }: Asked): readonly JsonObject[] =>
  pageOf(rows, { page: Math.min(page, Math.ceil(rows.length / size)), size });

function things(server: ApiServer, options: RestOptions): RestVista {
  return rest(server.url("things"), { columns, revalidate: false, ...options });
}

describe("numbered pages without a total", () => {
  test.each([
    [{ offset: 0, limit: 10 }, 10],
    [{ offset: 20, limit: 10 }, 5],
    [{ offset: 22, limit: 10 }, 3],
    [{ offset: 15, limit: 10 }, 10],
    [{ offset: 30, limit: 10 }, 0],
    [{ offset: 90, limit: 10 }, 0],
    [{ offset: 21, limit: 20 }, 4],
  ])(
    "REST12 an API that gives the last page again shows no row at a place of no row: %j",
    async (window, count) => {
      const found = things(await openApi((asked) => clampedPage(all, asked)), { paging: clamped });
      const { rows } = await found.fetchWindow(window.offset, window.limit);
      expect([...rows.values()].map(({ n }) => n)).toEqual(
        Array.from({ length: count }, (_, at) => window.offset + at),
      );
    },
  );

  test("REST12 the last page again where it is full", async () => {
    const even = all.slice(0, 20);
    const found = things(await openApi((asked) => clampedPage(even, asked)), { paging: clamped });
    expect((await found.fetchWindow(15, 10)).rows.size).toBe(5);
    expect((await found.fetchPage(3, 10)).rows.size).toBe(0);
    expect((await found.fetchPage(1, 20)).rows.size).toBe(20);
    expect((await found.list()).size).toBe(20);
  });

  test("REST12 a page that the API cuts off is not taken for the last", async () => {
    const server = await openApi(({ page, size }) => pageOf(all, { page, size: Math.min(size, 5) }));
    const found = things(server, { paging: numbered });
    for (const call of [() => found.fetchPage(1, 10), () => found.fetchWindow(0, 10), () => found.list()]) {
      const error = await errorOf(call());
      expect(error.code).toBe("rejected");
      expect(error.message).toContain("5 came, though there are more");
      expect(error.message).toContain("maxPageSize: 5");
    }
    expect((await found.fetchPage(2, 5)).rows.size).toBe(5);
  });

  test("REST12 what is behind a short page is asked for once, and nothing where a total tells", async () => {
    const server = await openApi((asked) => ({ rows: pageOf(all, asked), total: 25 }));
    const options = { paging: numbered, rows: "rows" };
    expect((await things(server, options).fetchPage(3, 10)).rows.size).toBe(5);
    expect(server.log.length).toBe(2);
    server.clearLog();
    expect((await things(server, { ...options, total: { field: "total" } }).fetchPage(3, 10)).rows.size).toBe(
      5,
    );
    expect(server.log.length).toBe(1);
  });
});

describe("totals", () => {
  test("REST12 the last page again, where a total tells that it is none, is no row and one request", async () => {
    const even = all.slice(0, 20);
    const server = await openApi((asked) => ({ rows: clampedPage(even, asked), total: 20 }));
    const found = things(server, { paging: clamped, rows: "rows", total: { field: "total" }, pageSize: 10 });
    expect(await found.fetchPage(3, 10)).toEqual({ rows: new Map(), total: 20 });
    expect(server.log.length).toBe(1);
    expect((await found.list()).size).toBe(20);
  });

  test("REST12 one row beyond the total is rejected, and a page behind all rows is one request", async () => {
    const server = await openApi((asked) => ({ rows: pageOf(all, asked), total: 24 }));
    const found = things(server, { paging: numbered, rows: "rows", total: { field: "total" } });
    expect((await errorOf(found.fetchPage(3, 10))).message).toContain(
      "its total is 24, but 5 rows came from 20 on",
    );
    server.clearLog();
    expect((await things(server, { paging: numbered, rows: "rows" }).fetchPage(9, 10)).rows.size).toBe(0);
    expect(server.log.length).toBe(1);
  });

  test("REST14 an empty cursor is none", async () => {
    const server = await openApi(() => ({ rows: all, next: "" }));
    const paging = { kind: "cursor", cursor: "after", next: "next" } as const;
    expect((await things(server, { paging, rows: "rows" }).list()).size).toBe(25);
    expect(server.log.length).toBe(1);
  });
});

test("REST14 a step whose cursor comes again without a row ends", async () => {
  const server = await openApi(() => ({ rows: [], next: "again" }));
  const paging = { kind: "cursor", cursor: "after", next: "next" } as const;
  const error = await errorOf(things(server, { paging, rows: "rows" }).fetchNext(undefined, 10));
  expect([error.code, error.message.includes("go round in circles")]).toEqual(["rejected", true]);
});

test("REST20 a text with a comma goes into no list of texts with commas between", async () => {
  const server = await openApi(() => [{ id: "a,b" }, { id: "c" }, { id: "d" }]);
  const filter = { operators: { in: "{column}_in" }, list: "comma" } as const;
  const found = things(server, { filter }).where("id", "in", ["a,b", "c"]);
  expect([...(await found.list()).keys()]).toEqual(["a,b", "c"]);
  expect(server.log[0]?.url.search).toBe("");
});

test("REST22 REST23 an order by a column of any JSON is made here, and so are ties of ids that are numbers", () => {
  const mandatory = ["mandatory"];
  const found = rest("http://localhost/things", {
    columns: {
      id: "integer",
      any: { type: "json", flags: mandatory },
      n: { type: "integer", flags: mandatory },
    },
    order: { parameter: "sort", several: "," },
  });
  expect(found.orderBy("any").explain()).toBe("things: GET http://localhost/things; done here: the order");
  const asked = "things: GET http://localhost/things?sort=n; done here: the order of ties";
  expect(found.orderBy("n").explain()).toBe(asked);
});

describe("an order that holds within each page only", () => {
  const mixed = all.toSorted((a, b) => ((Number(a["n"]) * 7) % 25) - ((Number(b["n"]) * 7) % 25));
  const sorted = (rows: readonly JsonObject[]): readonly JsonObject[] =>
    rows.toSorted((a, b) => Number(a["n"]) - Number(b["n"]));

  test.each([undefined, ","])("REST22 ends the read, ties by %j", async (several) => {
    const server = await openApi((asked) => sorted(pageOf(mixed, asked)));
    const found = things(server, {
      paging: numbered,
      pageSize: 5,
      maxPageSize: 5,
      order: { parameter: "sort", several },
    });
    for (const call of [() => found.orderBy("n").list(), () => found.orderBy("n").fetchWindow(0, 10)]) {
      const error = await errorOf(call());
      expect(error.code).toBe("rejected");
      expect(error.message).toContain("behind the page before, is out of order: the API orders otherwise");
    }
  });

  test("REST22 ends the read by offsets and by cursors too", async () => {
    const server = await startServer({ resources: { things: [] } });
    server.script(({ url }) => {
      const from = Number(url.searchParams.get("from"));
      return { body: { rows: sorted(mixed.slice(from, from + 5)), next: from + 5 < 25 ? from + 5 : null } };
    });
    const options = { rows: "rows", pageSize: 5, order: { parameter: "sort" } };
    const byOffset = things(server, {
      ...options,
      paging: { kind: "offset", offset: "from", limit: "size" },
    });
    const byCursor = things(server, { ...options, paging: { kind: "cursor", cursor: "from", next: "next" } });
    for (const found of [byOffset, byCursor]) {
      expect((await errorOf(found.orderBy("n").list())).message).toContain("is out of order");
      expect((await found.list()).size).toBe(25);
    }
  });

  test("REST13 rows that come in while a walk is under way do not end it", async () => {
    // Two rows come in between the requests: one at the front, one where the first page ended.
    const before = all.map((row) => ({ ...row, n: Number(row["n"]) * 2 }));
    const later = sorted([...before, { id: "first", n: -1 }, { id: "new", n: 7 }]);
    const server = await openApi((asked) => pageOf(asked.page === 1 ? before : later, asked));
    const found = things(server, { paging: numbered, pageSize: 5, order: { parameter: "sort" } });
    const ids = [...(await found.orderBy("n").list()).keys()];
    expect(ids.length).toBe(26);
    expect(ids).toContain("new");
  });
});

test("REST7 a number and a text of the same digits on two pages are two rows, and rejected", async () => {
  const server = await openApi(({ page }) => [[{ id: 5 }], [{ id: "5" }], []][page - 1] ?? []);
  const found = rest(server.url("things"), { paging: numbered, pageSize: 1, maxPageSize: 1 });
  for (const call of [() => found.list(), () => found.fetchWindow(0, 2)]) {
    const error = await errorOf(call());
    expect(error.code).toBe("rejected");
    expect(error.message).toContain("two rows of one id, a number and a text");
  }
});

describe("writes", () => {
  test("REST29 a patch by PUT sends back what it does not patch as the API wrote it", async () => {
    const row = {
      id: "a",
      n: 1,
      day: "2020-01-02",
      big: "5",
      hidden: { deep: [1.5, null] },
      ["__proto__"]: "kept",
    };
    const server = await startServer({ resources: { things: [row] } });
    const found = rest(server.url("things"), {
      columns: { id: "text", n: "integer", day: "date", big: "integer" },
      open: false,
      writes: { replace: true },
    });
    await found.patch("a", { n: 2 });
    expect(JSON.parse(server.log.at(-1)?.text ?? "")).toEqual({ ...row, n: 2 });
    expect(server.log.at(-1)?.text).toContain('"__proto__":"kept"');
    expect((await errorOf(found.patch("b", { n: 2 }))).code).toBe("notFound");
  });

  test.each([404, 500])(
    "REST30 a row that was added but can't be read (%i) is not to be added again",
    async (status) => {
      const server = await startServer({ resources: { things: [] } });
      const headers = { Location: "/things/77" };
      server.script(({ method }) => (method === "POST" ? { status: 201, headers, body: {} } : { status }));
      const found = rest(server.url("things"), { writes: { add: true, answersRow: false }, retries: 0 });
      const error = await errorOf(found.add({ n: 1 }));
      expect(error.code).toBe("rejected");
      expect(error.place).toMatchObject({ vista: "things", id: "77" });
      expect(error.message).toContain("don't add it once more");
    },
  );

  test("REST54 an opId that no header can hold is sent encoded, an empty one not at all", async () => {
    const server = await startServer({ resources: { things: [] } });
    const found = rest(server.url("things"), { writes: { insert: "POST" } });
    for (const [at, opId] of ["", "a\r\nX-Evil: 1", "\uD800", "ü"].entries())
      await found.insert(`r${at}`, {}, { opId });
    const keys = server.log.map(({ headers }) => headers["idempotency-key"]);
    expect(keys).toEqual([undefined, "a%0D%0AX-Evil%3A%201", "%EF%BF%BD", "%C3%BC"]);
    expect(server.log.some(({ headers }) => headers["x-evil"] !== undefined)).toBe(false);
  });
});

test("REST26 an item path that only a fragment tells apart is refused", async () => {
  const open = async (): Promise<unknown> => rest("http://localhost/things", { item: "#{id}" });
  expect((await errorOf(open())).message).toContain("item: give the path of one row");
});

test("REST34 a parameter that logs in is no part of the fingerprint, any other is", () => {
  const of = (search: string): string => rest(`http://localhost/things?${search}`).source.fingerprint();
  expect(of("api_key=one&tenant=1")).toBe(of("api_key=two&tenant=1"));
  expect(of("tenant=1")).not.toBe(of("tenant=2"));
});
