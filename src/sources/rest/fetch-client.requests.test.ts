import { describe, expect, test } from "vitest";
import { errorOf, openClient, startServer } from "../../../test/rest/open-client.ts";
import type { HttpRequest } from "./http-client.ts";

const products = [
  { id: 1, name: "Tart", price: 3.5 },
  { id: 2, name: "Cake", price: 8 },
];

describe("what is sent", () => {
  test("REST42 a read asks for JSON and answers with status, headers and the parsed body", async () => {
    const server = await startServer({ resources: { products }, total: { header: "X-Total-Count" } });
    const client = openClient(server.base);
    const { status, headers, body } = await client.send({ method: "GET", url: server.url("products") });
    expect([status, headers.get("x-total-count"), body]).toEqual([200, "2", products]);
    const [request] = server.log;
    expect([request?.method, request?.headers["accept"], request?.headers["content-type"]]).toEqual([
      "GET",
      "application/json",
      undefined,
    ]);
    // A host's own memory must not answer in the API's place.
    expect(request?.headers["cache-control"]).toBe("max-age=0");
  });

  test("REST42 REST53 REST58 a HEAD is a read without a body, and leaves what is kept alone", async () => {
    const server = await startServer({ resources: { products } });
    const client = openClient(server.base);
    const url = server.url("products");
    const first = await client.send({ method: "GET", url });
    server.next({ drop: true });
    const { status, headers, body } = await client.send({ method: "HEAD", url });
    expect([status, headers.get("etag"), body]).toEqual([200, first.headers.get("etag"), undefined]);
    await client.send({ method: "GET", url });
    expect(
      server.log.map(({ method, headers: sent }) => [method, sent["if-none-match"] !== undefined]),
    ).toEqual([
      ["GET", false],
      ["HEAD", false],
      ["HEAD", false],
      ["GET", true],
    ]);
  });

  test.each(["POST", "PUT", "PATCH"] as const)("REST42 a %s carries its body as JSON", async (method) => {
    const server = await startServer({ resources: { products } });
    const client = openClient(server.base);
    const url = server.url(method === "POST" ? "products" : "products/1");
    const { body } = await client.send({ method, url, body: { name: "Flan" } });
    expect(body).toEqual({
      id: method === "POST" ? 3 : 1,
      name: "Flan",
      ...(method === "PATCH" && { price: 3.5 }),
    });
    expect(server.log.map(({ text, headers }) => [text, headers["content-type"]])).toEqual([
      ['{"name":"Flan"}', "application/json"],
    ]);
  });

  test("REST42 headers are fixed or asked for by request, and win over the client's own", async () => {
    const server = await startServer({ resources: { products } });
    const fixed = openClient(server.base, {
      headers: { "X-Tenant": "7", accept: "application/vnd.api+json" },
    });
    await fixed.send({ method: "GET", url: server.url("products/1") });
    const asked: string[] = [];
    const chosen = openClient(server.base, {
      headers: async ({ method, url }) => {
        asked.push(`${method} ${url.pathname}`);
        url.pathname = "/elsewhere";
        return { "Content-Type": "application/merge-patch+json" };
      },
    });
    await chosen.send({ method: "PATCH", url: server.url("products/2"), body: { price: 9 } });
    expect(asked).toEqual(["PATCH /products/2"]);
    expect(server.log.map(({ headers }) => headers["x-tenant"] ?? headers["content-type"])).toEqual([
      "7",
      "application/merge-patch+json",
    ]);
    expect(server.log[0]?.headers["accept"]).toBe("application/vnd.api+json");
    expect(server.resource("products").rows.get("2")).toMatchObject({ price: 9 });
  });

  test("REST41 only the API's own origin is spoken to", async () => {
    const server = await startServer({ resources: { products } });
    const other = await startServer({ resources: { products } });
    const client = openClient(server.base, { headers: { Authorization: "Bearer sesame" } });
    const error = await errorOf(client.send({ method: "GET", url: other.url("products?key=x1y2") }));
    expect(error.code).toBe("rejected");
    expect(error.message).toBe(
      `GET ${other.url("products").href}?key=?: not sent, for it leads away from ${server.base.origin}`,
    );
    expect([server.log, other.log]).toEqual([[], []]);
  });

  test("REST41 a user in the base logs in by Basic and never stands in a URL", async () => {
    const server = await startServer({ resources: { products } });
    const base = new URL(server.base);
    base.username = "zoë";
    base.password = "p@ss:1";
    const client = openClient(base);
    const url = new URL("products/1#part", base);
    await client.send({ method: "GET", url });
    const error = await errorOf(client.send({ method: "GET", url: new URL("nowhere", base) }));
    expect(error.message).toContain(`GET ${server.base.href}nowhere: answered 404`);
    const sent = server.log.map(({ headers }) => headers["authorization"] ?? "");
    const pairs = sent.map((value) => Buffer.from(value.replace("Basic ", ""), "base64").toString());
    expect(pairs).toEqual(["zoë:p@ss:1", "zoë:p@ss:1"]);
    expect(url.username).not.toBe("");
  });

  test("REST54 a write carries its opId under the header that was chosen, and the same for each time it is sent", async () => {
    const server = await startServer({ resources: { products } });
    const write: HttpRequest = {
      method: "POST",
      url: server.url("products"),
      body: { name: "Bun" },
      opId: "op-1",
    };
    const client = openClient(server.base);
    const [first, second] = [await client.send(write), await client.send(write)];
    expect(second.body).toEqual(first.body);
    expect(server.resource("products").rows.size).toBe(3);
    await openClient(server.base, { idempotencyHeader: "X-Op" }).send({ ...write, opId: "op 2 ü" });
    await openClient(server.base, { idempotencyHeader: false }).send({ ...write, opId: "op-3" });
    const keys = server.log.map(({ headers }) => [headers["idempotency-key"], headers["x-op"]]);
    expect(keys).toEqual([
      ["op-1", undefined],
      ["op-1", undefined],
      [undefined, "op%202%20%C3%BC"],
      [undefined, undefined],
    ]);
  });
});

describe("redirects", () => {
  test("REST45 a read follows them within the origin, with its credentials, at most five in a row", async () => {
    const server = await startServer({ resources: { products } });
    const client = openClient(server.base, { headers: { "X-Key": "sesame" }, retries: 0 });
    server.next({ redirect: "/products/2", status: 301 }, { redirect: "/products/1", status: 308 });
    const { body } = await client.send({ method: "GET", url: server.url("old") });
    expect(body).toEqual(products[0]);
    expect(server.log.map(({ headers }) => headers["x-key"])).toEqual(["sesame", "sesame", "sesame"]);
    server.script(() => ({ redirect: "/round", status: 307 }));
    const error = await errorOf(client.send({ method: "GET", url: server.url("round") }));
    expect([error.code, error.message]).toEqual([
      "rejected",
      `GET ${server.url("round").href}: answered with over 5 redirects in a row`,
    ]);
    expect(server.log.length).toBe(3 + 6);
  });

  test("REST45 a redirect to another origin and one of a write are refused, and nobody else hears of anything", async () => {
    const server = await startServer({ resources: { products } });
    const other = await startServer({ resources: { products } });
    const client = openClient(server.base, { auth: () => ({ Authorization: "Bearer sesame" }) });
    server.next({ redirect: other.url("products?token=abc").href });
    const away = await errorOf(client.send({ method: "GET", url: server.url("products") }));
    expect([away.code, away.message]).toEqual([
      "rejected",
      `GET ${server.url("products").href}: answered with a redirect to another origin, ${other.base.origin}; give its URL if that is right`,
    ]);
    server.next({ redirect: "/products/2", status: 307 });
    const write = await errorOf(client.send({ method: "DELETE", url: server.url("products/1") }));
    expect([write.code, write.message]).toEqual([
      "rejected",
      `DELETE ${server.url("products/1").href}: answered with a redirect; a write is not sent on, so give the URL that it leads to`,
    ]);
    server.next({ status: 302 });
    const nowhere = await errorOf(client.send({ method: "GET", url: server.url("products") }));
    expect([nowhere.code, other.log.length]).toEqual(["rejected", 0]);
  });

  test("REST45 a redirect that the host hides is refused", async () => {
    const server = await startServer();
    const hidden = (): Promise<Response> => {
      const response = Response.error();
      return Promise.resolve(Object.defineProperty(response, "type", { value: "opaqueredirect" }));
    };
    const client = openClient(server.base, { fetch: hidden });
    const error = await errorOf(client.send({ method: "GET", url: server.url("products") }));
    expect([error.code, error.message]).toEqual([
      "rejected",
      `GET ${server.url("products").href}: answered with a redirect that this host does not show; give the URL that it leads to`,
    ]);
  });
});
