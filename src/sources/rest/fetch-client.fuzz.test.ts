import { createServer, type Server } from "node:net";
import fc from "fast-check";
import { afterEach, expect, test } from "vitest";
import { errorOf, openClient } from "../../../test/rest/open-client.ts";
import { runs } from "../../../test/properties/runs.ts";
import { isDioramaError, type ErrorCode } from "../../base/index.ts";
import type { HttpAnswer, HttpClient } from "./http-client.ts";
import { parseJson } from "./json-text.ts";

const base = new URL("https://api.test/");
const MAX_MS = 1_000;
const CODES: readonly ErrorCode[] = [
  "notFound",
  "conflict",
  "invalid",
  "unsupported",
  "timeout",
  "unavailable",
  "rejected",
];

interface Said {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Uint8Array;
}

/** A client of an API that says these things, one after the other. */
function clientOf(said: readonly Said[]): HttpClient {
  let next = 0;
  const fetch = (): Promise<Response> => {
    const { status, headers, body } = said[next++ % said.length] ?? {
      status: 500,
      headers: [],
      body: undefined,
    };
    const isEmpty = [204, 205, 304].includes(status);
    return Promise.resolve(
      new Response(isEmpty ? null : Uint8Array.from(body ?? []), {
        status,
        headers: headers.map(([...pair]) => pair),
      }),
    );
  };
  return openClient(base, { fetch, retries: 0, maxRetryAfter: 5 });
}

/** The answer, or the code that it ended with; an error otherwise, and where it took its time. */
async function outcomeOf(client: HttpClient): Promise<HttpAnswer | ErrorCode> {
  const start = performance.now();
  try {
    return await client.send({ method: "GET", url: new URL("rows?page=1", base) });
  } catch (error) {
    if (!isDioramaError(error, ...CODES)) throw error;
    expect(error.message).toMatch(/^GET https:\/\/api\.test\/rows\?page=\?: \S/);
    expect(error.message.length).toBeLessThan(600);
    return error.code;
  } finally {
    expect(performance.now() - start).toBeLessThan(MAX_MS);
  }
}

const scrap = fc.constantFrom(
  ..."; , = \" ' < > / * + - . : 0 7 99999999999 W/ \t é GMT Mon, 01 Jan json html utf-8 charset".split(" "),
  " ",
  "application/json",
  "no-store",
  "Accept",
  'rel="next"',
  "https://",
);
const messy = fc.array(scrap, { maxLength: 12 }).map((parts) => parts.join("").trim());
const telling: Readonly<Record<string, readonly string[]>> = {
  "Content-Type": ["application/json", "application/json; charset=utf-8", "application/x+json", "text/html"],
  "Retry-After": ["0", "1", "86400", "Thu, 01 Jan 2026 00:00:00 GMT"],
  ETag: ['"1"', 'W/"2"', "3"],
  "Last-Modified": ["Thu, 01 Jan 2026 00:00:00 GMT"],
  Date: ["Thu, 01 Jan 2026 00:00:09 GMT"],
  Vary: ["Accept", "*", "Accept, Origin"],
  "Cache-Control": ["no-store", "max-age=5"],
  Location: ["/rows", "https://evil.test/", "//", "rows?page=1"],
  Link: ["</rows>; rel=next"],
};
const header = fc
  .constantFrom(...Object.keys(telling))
  .chain((name) => fc.tuple(fc.constant(name), fc.oneof(fc.constantFrom(...(telling[name] ?? [])), messy)));
const text = fc.oneof(
  fc.json({ maxDepth: 2 }),
  fc.json({ maxDepth: 2 }).chain((whole) => fc.nat(whole.length).map((end) => whole.slice(0, end))),
  fc.constantFrom(
    '{"message":"no"}',
    '{"title":{},"detail":"\\ud800"}',
    "[12345678901234567890]",
    "1e999",
    "",
    "\uFEFF[]",
  ),
);
const body = fc.oneof(
  { weight: 4, arbitrary: text.map((value) => new TextEncoder().encode(value)) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 20 }) },
);
const status = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(200, 201, 304, 204) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(206, 300, 302, 307, 308, 400, 401, 404, 409, 422, 429, 500, 503, 599),
  },
);
const said: fc.Arbitrary<Said> = fc.record({ status, headers: fc.array(header, { maxLength: 5 }), body });

test("P17 REST55 REST64 REST68 whatever is said in headers and bodies, an answer is what its body says, or an error has a code", async () => {
  const property = fc.asyncProperty(fc.array(said, { minLength: 1, maxLength: 4 }), async (answers) => {
    const client = clientOf(answers);
    const known: unknown[] = answers.flatMap(({ body: bytes }) => {
      try {
        return [parseJson(new TextDecoder("utf-8", { fatal: true }).decode(bytes))];
      } catch {
        return [];
      }
    });
    for (const _call of answers) {
      const outcome = await outcomeOf(client);
      if (typeof outcome === "string") continue;
      expect([200, 201, 204, 206]).toContain(outcome.status);
      // Also what a 304 stands for was said before.
      if (outcome.body !== undefined) expect(known).toContainEqual(outcome.body);
    }
  });
  await fc.assert(property, runs(400));
});

test.each([
  ["Vary", ","],
  ["Vary", "a,"],
  ["Cache-Control", "no-store "],
  ["Content-Type", ";"],
  ["Content-Type", "application/+json"],
  ["Retry-After", "9"],
  ["Retry-After", "Mon, "],
  ["Last-Modified", "Mon, 01 Jan "],
  ["Location", "../"],
  ["ETag", '"'],
])("P17 REST68 a %s of a hundred thousand times %j takes no time", async (name, part) => {
  const long = part.repeat(100_000);
  for (const code of [200, 302, 429]) {
    const headers = [["Content-Type", "application/json"] as const, [name, long] as const];
    const given = name === "Content-Type" ? headers.slice(1) : headers;
    const client = clientOf([{ status: code, headers: given, body: new TextEncoder().encode("[]") }]);
    await outcomeOf(client);
    await outcomeOf(client);
  }
});

test.each(["a", "a-", "token", "password ", "Bearer ", "http://", "eyJ", "\u0000", "🍰", "key="])(
  "P17 REST65 REST68 an API's message of many times %j takes no time",
  async (part) => {
    const message = part.repeat(Math.floor(16_000 / Buffer.byteLength(JSON.stringify(part))));
    const bytes = new TextEncoder().encode(JSON.stringify({ message }));
    expect(await outcomeOf(clientOf([{ status: 422, headers: [], body: bytes }]))).toBe("invalid");
  },
);

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

const OK = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";

test.each([
  ["nothing", ""],
  ["no HTTP", "hello there\r\n\r\n"],
  ["half a status", "HTTP/1.1 2"],
  ["headers without an end", `${OK}X-A: b\r\n`],
  ["headers of a megabyte", `${OK}X-A: ${"b".repeat(1_000_000)}\r\n\r\n[]`],
  ["a length that is no number", `${OK}Content-Length: two\r\n\r\n[]`],
  ["two lengths", `${OK}Content-Length: 2\r\nContent-Length: 3\r\n\r\n[]`],
  ["a length that is too long", `${OK}Content-Length: 20\r\n\r\n[]`],
  ["a chunk that breaks off", `${OK}Transfer-Encoding: chunked\r\n\r\n9\r\n[1,2`],
  ["a chunk of no size", `${OK}Transfer-Encoding: chunked\r\n\r\nzz\r\n[]\r\n0\r\n\r\n`],
  ["packed data that is none", `${OK}Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n[]`],
])("P17 REST61 REST64 REST68 a server that sends %s is unavailable", async (_what, bytes) => {
  const server = createServer((socket) => {
    socket.on("error", () => undefined).once("data", () => socket.end(Buffer.from(bytes, "latin1")));
  });
  servers.push(server);
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  const url = new URL(`http://127.0.0.1:${port}/rows`);
  const start = performance.now();
  const error = await errorOf(openClient(url, { retries: 0, timeout: "5s" }).send({ method: "GET", url }));
  expect([error.code, performance.now() - start < MAX_MS]).toEqual(["unavailable", true]);
});
