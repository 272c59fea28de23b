import { describe, expect, test } from "vitest";
import { errorOf, startServer } from "../../../test/rest/open-client.ts";
import type { ApiTurn } from "../../../test/rest/api-server.ts";
import type { ColumnType } from "../../vista/index.ts";
import type { RestOptions } from "./rest-options.ts";
import { rest } from "./rest.ts";

/** What a read makes of an answer. */
async function read(turn: ApiTurn, options: RestOptions = {}) {
  const server = await startServer({ resources: { posts: [] } });
  server.next(turn);
  return rest(server.url("posts"), options).list();
}

async function refused(turn: ApiTurn, options: RestOptions = {}): Promise<string> {
  const error = await errorOf(read(turn, options));
  expect(error.code).toBe("rejected");
  expect(error.place.vista).toBe("posts");
  return error.message.replace(/http:\/\/127\.0\.0\.1:\d+/, "API");
}

describe("where the rows are", () => {
  test("REST5 in a bare list, or at a path", async () => {
    const rows = [{ id: "a" }];
    expect([...(await read({ body: rows })).keys()]).toEqual(["a"]);
    expect([...(await read({ body: { data: { items: rows } } }, { rows: "data.items" })).keys()]).toEqual([
      "a",
    ]);
  });

  test("REST5 what is no list is refused, and the message names where lists are", async () => {
    expect(await refused({ body: { data: [], meta: 1 } })).toBe(
      'posts, GET API/posts: a list of rows was due, an object came; the answer has lists in "data": name one with `rows`',
    );
    expect(await refused({ body: [] }, { rows: "data" })).toContain(
      'due in the field "data", nothing came; the answer itself is a list: leave `rows` out',
    );
    expect(await refused({ raw: "" })).toContain("a list of rows was due, nothing came");
    expect(await refused({ body: "text" })).toContain("a text came");
    expect(await refused({ raw: "<!doctype html><p>hello", type: "text/html" })).toContain("text/html");
    // What an object inherits is no field of it.
    expect(await refused({ body: {} }, { rows: "constructor" })).toContain("nothing came");
  });

  test("REST5 one row may be wrapped as well", async () => {
    const server = await startServer({ resources: { posts: [] } });
    const posts = rest(server.url("posts"), { row: "data" });
    server.next({ status: 200, body: { data: { id: "a", n: 1 } } }, { status: 200, body: { id: "a" } });
    expect(await posts.get("a")).toEqual({ id: "a", n: 1 });
    const error = await errorOf(posts.get("a"));
    expect([error.code, error.message]).toEqual([
      "rejected",
      `posts, GET ${server.base.href}posts/a: a row was due in the field "data", nothing came`,
    ]);
  });

  test("REST7 the id column keeps its own type", async () => {
    const rows = await read({ body: [{ id: 7 }, { id: "x" }, { id: true }] });
    expect([...rows]).toEqual([
      ["7", { id: 7 }],
      ["x", { id: "x" }],
      ["true", { id: true }],
    ]);
    expect([...(await read({ body: [{ key: 1 }] }, { id: "key" })).keys()]).toEqual(["1"]);
  });

  test.each<[string, unknown, string]>([
    ["no id", [{ id: 1 }, { name: "x" }], 'row 2, column "id": the id is absent'],
    ["an empty id", [{ id: "" }], 'row 1, column "id": an id is never empty'],
    ["an id that is a list", [{ id: [1] }], 'row 1, column "id": the id is a list'],
    ["a null", [{ id: 1 }, null], "row 2 is null, no object"],
    ["a list", [[1]], "row 1 is a list, no object"],
    ["a text", ["hello"], "row 1 is a text, no object"],
    ["an id twice", [{ id: 1 }, { id: "2" }, { id: "1" }], "row 3 has the id of an earlier one"],
  ])("REST7 %s is refused", async (_what, body, part) => {
    expect(await refused({ body })).toContain(`posts, GET API/posts: ${part}`);
  });

  test("REST7 a row without an id names the option that may help", async () => {
    expect(await refused({ body: [{ key: 1 }] })).toContain("name the column of the ids with `id`");
  });
});

describe("cells", () => {
  test.each<[ColumnType, unknown, unknown]>([
    ["text", "x", "x"],
    ["integer", 5, 5],
    ["integer", "5", 5],
    ["integer", "9007199254740993", 9007199254740993n],
    ["integer", "-0", undefined],
    ["number", 0.5, 0.5],
    ["decimal", "12.50", "12.50"],
    ["boolean", false, false],
    ["date", "2026-02-28", new Date(Date.UTC(2026, 1, 28))],
    ["date", "2026-02-28T10:00:00.123456+02:00", new Date(Date.UTC(2026, 1, 28, 8, 0, 0, 123))],
    ["date", "0099-03-01", new Date("0099-03-01T00:00:00Z")],
    ["bytes", "AP8=", new Uint8Array([0, 255])],
    ["bytes", "", new Uint8Array()],
    ["json", { a: [1, null] }, { a: [1, null] }],
    ["text", null, null],
    ["date", null, null],
    ["text", 5, undefined],
    ["integer", 0.5, undefined],
    ["integer", "05", undefined],
    ["integer", 1e21, undefined],
    ["integer", true, undefined],
    ["number", "5", undefined],
    ["decimal", 12.5, undefined],
    ["decimal", "12,50", undefined],
    ["boolean", 0, undefined],
    ["boolean", "true", undefined],
    ["date", 1_700_000_000, undefined],
    ["date", "2026-02-30", undefined],
    ["date", "2026-02-28T10:00:00", undefined],
    ["date", "28.2.2026", undefined],
    ["bytes", "A", undefined],
    ["bytes", "a b=", undefined],
    ["bytes", "AP8-", undefined],
  ])("REST6 %s from %j", async (type, json, expected) => {
    const turn = { body: [{ id: "a" }, { id: "b", cell: json }] };
    const options = { columns: { id: "text", cell: type } } as const;
    if (expected === undefined) {
      const message = await refused(turn, options);
      expect(message).toContain(`row 2, column "cell": it is ${type}, `);
      return;
    }
    expect((await read(turn, options)).get("b")).toEqual({ id: "b", cell: expected });
  });

  test("REST6 no message quotes what a cell holds", async () => {
    const turn = { body: [{ id: "a", cell: "hidden" }] };
    expect(await refused(turn, { columns: { cell: "number" } })).not.toContain("hidden");
  });

  test("REST6 the error names its column to programs as well", async () => {
    const error = await errorOf(read({ body: [{ id: 1, price: "5" }] }, { columns: { price: "number" } }));
    expect(error.place).toEqual({ vista: "posts", column: "price" });
  });

  test("REST8 __proto__ and constructor are data, at any depth", async () => {
    const raw = '[{"id":"a","__proto__":{"x":1},"constructor":2,"more":{"__proto__":3}}]';
    const row = (await read({ raw })).get("a");
    expect(Object.keys(row ?? {})).toEqual(["id", "__proto__", "constructor", "more"]);
    expect(JSON.stringify([row])).toBe(raw);
    expect(Object.getPrototypeOf(row)).toBe(Object.prototype);
  });

  test("REST8 halves of surrogate pairs are refused, in values and names", async () => {
    expect(await refused({ raw: '[{"id":1,"x":"\\ud800"}]' })).toContain('row 1, column "x"');
    expect(await refused({ raw: '[{"id":1,"x":{"y":["\\udc00"]}}]' })).toContain('row 1, column "x"');
    expect(await refused({ raw: '[{"id":1,"\\ud800":1}]' })).toContain('row 1, column "\uFFFD"');
  });

  test("REST8 nesting beyond 256 is refused", async () => {
    const nested = (depth: number): string => `[{"id":1,"x":${"[".repeat(depth)}${"]".repeat(depth)}}]`;
    expect((await read({ raw: nested(250) })).size).toBe(1);
    expect(await refused({ raw: nested(300) })).toContain('row 1, column "x"');
  });

  test("REST8 integers beyond 2^53 keep all their digits", async () => {
    const raw = '[{"id":12345678901234567890,"a":-9007199254740993,"b":"9007199254740993","c":1e21}]';
    const rows = await read({ raw }, { columns: { a: "integer", b: "integer" } });
    expect([...rows]).toEqual([
      [
        "12345678901234567890",
        { id: 12345678901234567890n, a: -9007199254740993n, b: 9007199254740993n, c: 1e21 },
      ],
    ]);
  });
});

describe("rows that are sent", () => {
  const columns = { id: "text", when: "date", bytes: "bytes", long: "integer", price: "decimal" } as const;

  test("REST9 are the JSON that they are read from", async () => {
    const server = await startServer({ resources: { posts: [] } });
    const posts = rest(server.url("posts"), { columns, writes: { insert: "POST" } });
    const row = {
      id: "a",
      when: new Date(Date.UTC(2026, 1, 28, 10)),
      bytes: new Uint8Array([0, 255]),
      long: 9007199254740993n,
      price: "12.50",
      other: { deep: [9007199254740993n, new Date(0), -0] },
    };
    // JSON.parse of the test server is not ours: the answer to a POST is taken from its text.
    server.next({ body: { id: "a" } });
    await posts.insert("a", row);
    expect(server.log[0]?.text).toBe(
      '{"id":"a","when":"2026-02-28T10:00:00.000Z","bytes":"AP8=","long":"9007199254740993","price":"12.50","other":{"deep":[9007199254740993,"1970-01-01T00:00:00.000Z",-0]}}',
    );
  });

  test("REST9 numbers that JSON doesn't have are invalid, and nothing is sent", async () => {
    const server = await startServer({ resources: { posts: [] } });
    const posts = rest(server.url("posts"), { writes: { insert: "POST" } });
    for (const value of [Number.NaN, Infinity, [-Infinity]]) {
      const error = await errorOf(posts.insert("a", { id: "a", price: value }));
      expect([error.code, error.place.column]).toEqual(["invalid", "price"]);
    }
    expect(server.log).toEqual([]);
  });
});
