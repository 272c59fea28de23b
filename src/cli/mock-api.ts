import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { DioramaError, messageOf } from "../base/index.ts";
import { MockCollection } from "./mock-collection.ts";
import { createMockData } from "./mock-data.ts";

/** A server on loopback that is asked in the way of JSON Server, with data of its own making. */
export interface MockApi {
  /** Ends with a slash. */
  readonly base: URL;
  /** Ends every connection, and the server. Idempotent. */
  close(): Promise<void>;
}

export interface MockApiOptions {
  /** Default: any that is free, as for 0. */
  readonly port?: number;
  readonly seed?: number;
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly total?: number;
}

const HOST = "127.0.0.1";
const MOST_BODY_BYTES = 1 << 20;
const TAG_LENGTH = 20;

/** `inUse` where the port is taken. What is written is gone with it. */
export async function openMockApi({ port = 0, seed = 1 }: MockApiOptions = {}): Promise<MockApi> {
  const collections = new Map(
    [...createMockData(seed)].map(([name, rows]): [string, MockCollection] => [
      name,
      new MockCollection(rows),
    ]),
  );
  const server = createServer((request, response) => void serve(collections, request, response));
  const bound = await listen(server, port);
  let closing: Promise<void> | undefined;
  return {
    base: new URL(`http://${HOST}:${bound}/`),
    close: () => {
      closing ??= new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
      return closing;
    },
  };
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", (error) => {
      const isTaken = "code" in error && error.code === "EADDRINUSE";
      const what = isTaken
        ? "is taken; --port names another one, 0 any that is free"
        : `can't be used (${messageOf(error)})`;
      reject(new DioramaError(isTaken ? "inUse" : "unavailable", `port ${port} ${what}`, { cause: error }));
    });
    server.listen(port, HOST, () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : port);
    });
  });
}

type Collections = ReadonlyMap<string, MockCollection>;

async function serve(
  collections: Collections,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    const body = await readBody(request);
    if (body !== undefined) send(request, response, answerTo(collections, request, body));
    else send(request, response, { status: 413, body: { message: "the body is too long" } });
  } catch {
    // The client has gone in the middle of its request.
    response.destroy();
  }
}

/** `undefined`: it is longer than we take. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request) {
    const piece = Buffer.from(part);
    bytes += piece.length;
    if (bytes > MOST_BODY_BYTES) return undefined;
    parts.push(piece);
  }
  return Buffer.concat(parts).toString("utf8");
}

function answerTo(
  collections: Collections,
  { method = "GET", url = "/" }: IncomingMessage,
  body: string,
): Answer {
  const { pathname, searchParams } = new URL(url, `http://${HOST}/`);
  const [name = "", id, ...more] = pathname.slice(1).split("/").map(decoded);
  if (name === "") return { status: 200, body: [...collections.keys()].map((resource) => `/${resource}`) };
  const collection = collections.get(name);
  if (collection === undefined || more.length > 0) return missing;
  return asked(collection, { method, id, body, searchParams });
}

interface Asked {
  readonly method: string;
  readonly id: string | undefined;
  readonly body: string;
  readonly searchParams: URLSearchParams;
}

function asked(collection: MockCollection, { method, id, body, searchParams }: Asked): Answer {
  switch (method) {
    case "GET":
    case "HEAD":
      return id === undefined ? listed(collection, searchParams) : rowAnswer(200, collection.get(id));
    case "DELETE":
      return id !== undefined && collection.delete(id) ? { status: 200, body: {} } : missing;
    case "POST":
    case "PUT":
    case "PATCH":
      return write(collection, { method, id, body });
    default:
      return { status: 405, body: { message: "GET, HEAD, POST, PUT, PATCH and DELETE are known" } };
  }
}

function listed(collection: MockCollection, asked: URLSearchParams): Answer {
  const { rows, total } = collection.list(asked);
  return { status: 200, body: rows, total };
}

function write(
  collection: MockCollection,
  {
    method,
    id,
    body,
  }: { readonly method: "POST" | "PUT" | "PATCH"; readonly id: string | undefined; readonly body: string },
): Answer {
  const given = toObject(body);
  if (given === undefined) return { status: 400, body: { message: "the body is no JSON object" } };
  if (method !== "POST")
    return id === undefined ? missing : rowAnswer(200, collection.change(id, given, method === "PATCH"));
  if (id !== undefined) return missing;
  const added = collection.add(given);
  return added === undefined
    ? { status: 409, body: { message: "there is such an id already" } }
    : rowAnswer(201, added);
}

function send(request: IncomingMessage, response: ServerResponse, { status, body, total }: Answer): void {
  const bytes = Buffer.from(JSON.stringify(body));
  const tag = `"${createHash("sha256").update(bytes).digest("base64url").slice(0, TAG_LENGTH)}"`;
  response.setHeader("Content-Type", "application/json; charset=utf-8");
  if (total !== undefined) response.setHeader("X-Total-Count", total);
  const isRead = request.method === "GET" || request.method === "HEAD";
  if (isRead && status === 200) {
    response.setHeader("ETag", tag);
    if (request.headers["if-none-match"] === tag) return void response.writeHead(304).end();
  }
  response.setHeader("Content-Length", bytes.length);
  response.writeHead(status).end(request.method === "HEAD" ? undefined : bytes);
}

const missing: Answer = { status: 404, body: {} };

const rowAnswer = (status: number, row: object | undefined): Answer =>
  row === undefined ? missing : { status, body: row };

/** A path that is no text is the name of nothing. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function toObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
