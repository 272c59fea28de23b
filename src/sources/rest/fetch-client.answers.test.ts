import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import type { ApiTurn } from "../../../test/rest/api-server.ts";
import { errorOf, openClient, startServer } from "../../../test/rest/open-client.ts";
import type { HttpAnswer, HttpRequest } from "./http-client.ts";
import type { HttpClientOptions } from "./http-options.ts";

const rows = [
  { id: 1, name: "Tårta", price: 3.5 },
  { id: 2, name: "kék 🍰", price: null },
];

interface Asked {
  readonly call: Promise<HttpAnswer>;
  readonly at: string;
}

/** One request, whose answer is that. */
async function ask(
  turn: ApiTurn,
  options: HttpClientOptions = {},
  method: HttpRequest["method"] = "GET",
): Promise<Asked> {
  const server = await startServer({ resources: { rows } });
  server.script(() => turn);
  const url = server.url(method === "GET" || method === "POST" ? "rows" : "rows/1");
  const body = method === "GET" || method === "DELETE" ? {} : { body: { name: "x" } };
  const call = openClient(server.base, { retries: 0, ...options }).send({ method, url, ...body });
  call.catch(() => undefined);
  return { call, at: `${method} ${url.href}` };
}

describe("types", () => {
  test.each([
    "application/json",
    "Application/JSON; Charset=UTF-8",
    'application/json;charset="utf-8"',
    "application/json; charset=us-ascii; q=1",
    "application/vnd.api+json",
    "application/hal+json; profile=x",
  ])("REST59 %s is JSON", async (type) => {
    const { call } = await ask({ type });
    expect((await call).body).toEqual(rows);
  });

  test.each([
    ["text/html; charset=utf-8", 'answered "text/html" instead of JSON; is the URL right?'],
    ["text/json", 'answered "text/json" instead of JSON; is the URL right?'],
    ["application/jsonp", 'answered "application/jsonp" instead of JSON; is the URL right?'],
    ["application/json; charset=latin1", 'answered JSON in "latin1"; only UTF-8 is read'],
    ["", "answered without a Content-Type; if its bodies are JSON all the same, set acceptAnyType"],
    [null, "answered without a Content-Type; if its bodies are JSON all the same, set acceptAnyType"],
  ])("REST59 %s is rejected, unless any type is accepted", async (type, why) => {
    const { call, at } = await ask({ type });
    const error = await errorOf(call);
    expect([error.code, error.message]).toEqual(["rejected", `${at}: ${why}`]);
    const taken = await ask({ type }, { acceptAnyType: true });
    expect((await taken.call).body).toEqual(rows);
  });

  test("REST59 an HTML page under a JSON address says so", async () => {
    const { call, at } = await ask({ raw: "<!doctype html><p>rows</p>", type: "text/html" });
    expect((await errorOf(call)).message).toBe(
      `${at}: answered "text/html" instead of JSON; is the URL right?`,
    );
  });

  test.each<[what: string, turn: ApiTurn]>([
    ["no body at all", { status: 204, raw: "", type: null }],
    ["an empty body of no type", { raw: "", type: null }],
    ["an empty body of another type", { raw: "", type: "text/html" }],
    ["an empty body of JSON", { raw: "" }],
  ])("REST59 %s is undefined", async (_what, turn) => {
    const { call } = await ask(turn);
    expect(await call).toMatchObject({ body: undefined });
  });

  test("REST59 what a DELETE answers is not looked at", async () => {
    const { call } = await ask({ status: 200, raw: "deleted", type: "text/plain" }, {}, "DELETE");
    expect(await call).toMatchObject({ status: 200, body: undefined });
  });
});

describe("bodies", () => {
  test("REST61 a body cut at any byte is unavailable, and the whole one is right", async () => {
    const server = await startServer({ resources: { rows } });
    const client = openClient(server.base, { retries: 0, timeout: "10s" });
    const request: HttpRequest = { method: "GET", url: server.url("rows") };
    const length = Buffer.byteLength(JSON.stringify(rows));
    for (let cutAfterBytes = 0; cutAfterBytes < length; cutAfterBytes++) {
      server.next({ cutAfterBytes });
      const error = await errorOf(client.send(request));
      expect([cutAfterBytes, error.code]).toEqual([cutAfterBytes, "unavailable"]);
      expect(error.message).toMatch(
        /^GET http:.*: its answer broke off \(\w+\); is the API still running\?$/,
      );
    }
    expect((await client.send(request)).body).toEqual(rows);
  });

  test("REST61 a server that ends in the middle of a body without saying its length is told by its brackets", async () => {
    const server = await startServer();
    const client = openClient(server.base, { retries: 0 });
    const whole = JSON.stringify(rows);
    for (let end = 1; end < whole.length; end++) {
      server.next({ status: 200, raw: whole.slice(0, end) });
      const error = await errorOf(client.send({ method: "GET", url: server.url("rows") }));
      expect([end, error.code]).toEqual([end, "unavailable"]);
    }
  });

  test("REST53 REST61 REST64 a page whose server dies is read again; a connection that is refused says why", async () => {
    const server = await startServer({ resources: { rows } });
    const client = openClient(server.base);
    const request: HttpRequest = { method: "GET", url: server.url("rows") };
    server.next({ cutAfterBytes: 20 }, { drop: true });
    expect((await client.send(request)).body).toEqual(rows);
    await server.close();
    const error = await errorOf(openClient(server.base, { retries: 0 }).send(request));
    expect([error.code, error.message]).toEqual([
      "unavailable",
      `GET ${server.url("rows").href}: did not come through (ECONNREFUSED); is the API running, and the URL right?`,
    ]);
    expect(error.cause).toMatchObject({ cause: { code: "ECONNREFUSED" } });
  });

  test("REST60 a body over the limit is refused before it is held, packed or not, and one at the limit is not", async () => {
    const text = JSON.stringify([{ id: 1, name: "x".repeat(5_000) }]);
    const fits = await ask({ raw: text }, { maxBodyBytes: text.length });
    expect((await fits.call).status).toBe(200);
    const why = `its body is longer than ${text.length - 1} bytes; ask for smaller pages, or raise maxBodyBytes`;
    const plain = await ask({ raw: text }, { maxBodyBytes: text.length - 1 });
    const packed = await ask(
      { raw: gzipSync(text), headers: { "Content-Encoding": "gzip" } },
      { maxBodyBytes: text.length - 1 },
    );
    for (const { call, at } of [plain, packed]) {
      const error = await errorOf(call);
      expect([error.code, error.message]).toEqual(["rejected", `${at}: ${why}`]);
    }
  });

  test.each([
    ["bytes that are no text", Buffer.from([0x5b, 0x22, 0xff, 0x22, 0x5d]), "its body is not UTF-8"],
    ["half a character at the end", Buffer.from([0x5b, 0x22, 0xc3]), "its body is not UTF-8"],
    ["UTF-16", Buffer.from("[]", "utf16le"), "its body is no JSON"],
    ["something else", "sesame, open", "its body is no JSON"],
    ["white space", "  \n", "its body is no JSON"],
    ["JSON and more", '["sesame"] open', "its body is no JSON"],
    ["a comma too many", '["sesame",]', "its body is no JSON"],
  ])("REST60 %s is rejected and not quoted", async (_what, raw, why) => {
    const { call, at } = await ask({ raw });
    const error = await errorOf(call);
    expect([error.code, error.message, error.cause]).toEqual(["rejected", `${at}: ${why}`, undefined]);
  });

  test("REST60 a byte order mark is no part of the JSON", async () => {
    const { call } = await ask({ raw: `\uFEFF${JSON.stringify(rows)}` });
    expect((await call).body).toEqual(rows);
  });

  test("REST62 REST63 integers beyond 2^53 come and go with all their digits", async () => {
    const server = await startServer({ resources: { rows: [] } });
    const client = openClient(server.base);
    const url = server.url("rows");
    server.next({ raw: '[{"id":9007199254740993,"at":1}]' });
    expect((await client.send({ method: "GET", url })).body).toEqual([{ id: 9_007_199_254_740_993n, at: 1 }]);
    await client.send({ method: "POST", url, body: { id: 9_007_199_254_740_993n } });
    expect(server.log.at(-1)?.text).toBe('{"id":9007199254740993}');
    const error = await errorOf(client.send({ method: "POST", url, body: { id: 1, price: Number.NaN } }));
    expect([error.code, error.message]).toEqual(["invalid", `POST ${url.href}: not sent: JSON has no NaN`]);
    expect(server.log.length).toBe(2);
  });
});

describe("statuses", () => {
  const codes: readonly (readonly [number, string])[] = [
    ...[404, 410].map((status) => [status, "notFound"] as const),
    ...[409, 412].map((status) => [status, "conflict"] as const),
    ...[400, 422].map((status) => [status, "invalid"] as const),
    ...[405, 501].map((status) => [status, "unsupported"] as const),
    ...[429, 500, 502, 503, 504, 507, 599].map((status) => [status, "unavailable"] as const),
    // A host keeps 407 to itself.
    ...[300, 305, 401, 402, 403, 406, 411, 413, 414, 415, 418, 423, 426, 428, 431, 451, 499].map(
      (status) => [status, "rejected"] as const,
    ),
    [408, "timeout"],
  ];

  test.each(codes)("REST64 REST65 %d is %s", async (status, code) => {
    for (const method of ["GET", "PATCH"] as const) {
      const { call, at } = await ask({ status, raw: "" }, {}, method);
      const error = await errorOf(call);
      expect(error.code).toBe(code);
      expect(error.message).toMatch(new RegExp(`^${at}: answered ${status}; \\S.{8,}$`));
    }
  });

  test.each<[said: unknown, shown: string]>([
    [
      { title: "Out of stock", detail: "No tarts are left", status: 409 },
      '"Out of stock: No tarts are left"',
    ],
    [{ detail: "No tarts" }, '"No tarts"'],
    [{ message: "  No\n\ttarts\u0007 " }, '"No tarts"'],
    [{ message: { deep: 1 }, error: "No tarts" }, '"No tarts"'],
    [{ error: { code: 7, message: "No tarts" } }, '"No tarts"'],
    [{ message: `${"tart ".repeat(60)}🍰` }, `"${"tart ".repeat(60).slice(0, 199)}…"`],
    [{ message: `${"t".repeat(198)}🍰 and more` }, `"${"t".repeat(198)}…"`],
  ])("REST65 the API's own words are shown: %j", async (said, shown) => {
    const { call, at } = await ask({ status: 409, body: said });
    expect((await errorOf(call)).message).toBe(
      `${at}: answered 409, ${shown}; another row or a newer state stands against it`,
    );
  });

  test.each([
    ["HTML", { status: 500, raw: "<h1>oops</h1>", type: "text/html" }],
    ["a list", { status: 500, body: ["oops"] }],
    ["words of no text", { status: 500, body: { message: 5, error: null, title: [] } }],
    ["too much", { status: 500, body: { message: "oops", rest: "x".repeat(100_000) } }],
    ["a body that breaks off", { status: 500, body: { message: "oops" }, cutAfterBytes: 5 }],
  ] as const)("REST65 %s adds no words", async (_what, turn) => {
    const { call, at } = await ask(turn);
    expect((await errorOf(call)).message).toBe(`${at}: answered 500; the API is in trouble; try again later`);
  });

  test("REST65 REST66 the URL is shown without the values of its query", async () => {
    const server = await startServer({ resources: { rows } });
    const url = server.url("nothing/to see?page=2&token=sesame&a%20b=1&page=3#part");
    const error = await errorOf(openClient(server.base).send({ method: "GET", url }));
    expect(error.message).toBe(
      `GET ${server.base.href}nothing/to%20see?page=?&token=?&a%20b=?&page=?: answered 404, "there is no such thing here"; there is no such thing there; is the URL right?`,
    );
  });
});
