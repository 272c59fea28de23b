import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { ApiResource, etagOf, type ApiStyle, type JsonObject, type Listing } from "./api-resource.ts";

/** A request as the server got it. */
export interface ApiRequest {
  readonly method: string;
  /** The whole address, as asked for. */
  readonly url: URL;
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** The body's text; empty without one. */
  readonly text: string;
  /** When it came, in milliseconds from an arbitrary start. */
  readonly atMs: number;
}

/** What the server does with one request instead of what it would do, or besides. */
export interface ApiTurn {
  /** Waits before anything else. */
  readonly delayMs?: number;
  /** Never answers. */
  readonly hang?: true;
  /** Ends the connection without an answer, before the request does anything. */
  readonly drop?: true;
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  /** Instead of the answer's own body, as JSON. */
  readonly body?: unknown;
  /** Instead of the answer's own body, as it is. */
  readonly raw?: string | Uint8Array;
  /** Instead of `application/json; charset=utf-8`; null: none. */
  readonly type?: string | null;
  readonly redirect?: string;
  readonly retryAfter?: string | number;
  /** Ends the connection after so many bytes of the body, whose length was said to be the whole. */
  readonly cutAfterBytes?: number;
  /** Does what it does by itself, but stays silent after so many bytes of the body. */
  readonly stallAfterBytes?: number;
  /** Leaves out ETag and Last-Modified, and does not look at If-None-Match. */
  readonly noValidators?: true;
}

/** Decides on each request; nothing: the API's own answer. */
export type ApiScript = (request: ApiRequest) => ApiTurn | undefined;

export interface ApiServerOptions extends ApiStyle {
  /** The collections by their path, such as `products`. */
  readonly resources?: Readonly<Record<string, readonly JsonObject[]>>;
}

/** A real HTTP server on loopback that plays an API. */
export interface ApiServer {
  /** Ends with a slash. */
  readonly base: URL;
  /** Every request, in the order in which they came. */
  readonly log: readonly ApiRequest[];
  /** Requests under way now, and the most that there were at once. */
  readonly underWay: { readonly now: number; readonly most: number };
  url(path: string): URL;
  resource(name: string): ApiResource;
  /** What happens to the next requests, one turn each; `undefined`: nothing special. */
  next(...turns: readonly (ApiTurn | undefined)[]): void;
  /** What happens to each request for which no turn was given. */
  script(script: ApiScript | undefined): void;
  clearLog(): void;
  /** Ends every connection, and the server. Idempotent. */
  close(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly headers: Record<string, string | readonly string[]>;
  /** Bytes of the body, or none. */
  readonly bytes: Buffer | undefined;
}

const JSON_TYPE = "application/json; charset=utf-8";

export async function openApiServer(options: ApiServerOptions = {}): Promise<ApiServer> {
  const api = new Api(options);
  const server = createServer((request, response) => void api.serve(request, response));
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket)).on("error", () => undefined);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(0, "127.0.0.1", resolve);
  });
  // Of a server that listens on a port it is always this.
  const { port } = server.address() as AddressInfo;
  const base = new URL(`http://127.0.0.1:${port}/`);
  api.base = base;
  return {
    base,
    log: api.log,
    underWay: api.underWay,
    url: (path) => new URL(path, base),
    resource: (name) => api.resource(name),
    next: (...turns) => void api.turns.push(...turns),
    script: (script) => void (api.script = script),
    clearLog: () => void (api.log.length = 0),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

class Api {
  base = new URL("http://127.0.0.1/");
  readonly log: ApiRequest[] = [];
  readonly turns: (ApiTurn | undefined)[] = [];
  readonly underWay = { now: 0, most: 0 };
  script: ApiScript | undefined;
  readonly #style: ApiStyle;
  readonly #resources: Map<string, ApiResource>;
  /** What writes with an idempotency key were answered. */
  readonly #answered = new Map<string, Answer>();

  constructor({ resources = {}, ...style }: ApiServerOptions) {
    this.#style = style;
    this.#resources = new Map(
      Object.entries(resources).map(([name, rows]) => [name, new ApiResource(rows, style)]),
    );
  }

  resource(name: string): ApiResource {
    const found = this.#resources.get(name);
    if (found === undefined) throw new Error(`the server has no ${name}`);
    return found;
  }

  async serve(message: IncomingMessage, response: ServerResponse): Promise<void> {
    this.underWay.now++;
    this.underWay.most = Math.max(this.underWay.most, this.underWay.now);
    response.once("close", () => void this.underWay.now--);
    const atMs = performance.now();
    let text = "";
    try {
      for await (const part of message.setEncoding("utf8")) text += part;
    } catch {
      // The client left while it sent; there is nobody to answer.
      return;
    }
    const headers = Object.fromEntries(
      Object.entries(message.headers).map(([name, value]) => [name, value?.toString()]),
    );
    const url = new URL(message.url ?? "/", this.base);
    const request: ApiRequest = { method: message.method ?? "", url, headers, text, atMs };
    this.log.push(request);
    const turn = (this.turns.length > 0 ? this.turns.shift() : this.script?.(request)) ?? {};
    if (turn.delayMs !== undefined) await new Promise((resolve) => setTimeout(resolve, turn.delayMs));
    if (turn.drop === true) response.destroy();
    else if (turn.hang !== true) send(response, this.#play(request, turn), turn);
  }

  #play(request: ApiRequest, turn: ApiTurn): Answer {
    const headers: Record<string, string | readonly string[]> = {};
    if (turn.retryAfter !== undefined) headers["Retry-After"] = String(turn.retryAfter);
    if (turn.redirect !== undefined) {
      headers["Location"] = turn.redirect;
      return finish({ status: turn.status ?? 302, headers, bytes: undefined }, turn);
    }
    // A refusal leaves everything as it was.
    if (turn.status !== undefined && turn.status >= 400) {
      return finish({ status: turn.status, headers, bytes: undefined }, turn);
    }
    const own = this.#remembered(request, () => this.#answer(request, turn.noValidators === true));
    return finish({ ...own, headers: { ...own.headers, ...headers } }, turn);
  }

  /** A write that comes again with its key is answered as before. */
  #remembered(request: ApiRequest, answer: () => Answer): Answer {
    const key = request.headers["idempotency-key"];
    if (key === undefined || request.method === "GET") return answer();
    const earlier = this.#answered.get(key);
    if (earlier !== undefined) return earlier;
    const given = answer();
    this.#answered.set(key, given);
    return given;
  }

  #answer(request: ApiRequest, noValidators: boolean): Answer {
    const { resource, id } = this.#find(request.url);
    if (resource === undefined) return refusal(404, "there is no such thing here");
    const validators = noValidators ? [] : (this.#style.validators ?? ["etag", "lastModified"]);
    switch (request.method) {
      case "GET":
      case "HEAD": {
        if (id === undefined) return validated(request, resource.list(request.url), { resource, validators });
        const row = resource.rows.get(id);
        if (row === undefined) return refusal(404, "there is no row of that id");
        return validated(request, { body: row, headers: {} }, { resource, validators });
      }
      case "POST":
      case "PUT":
      case "PATCH":
        return this.#write(request, resource, id);
      case "DELETE":
        if (id === undefined) return refusal(405, "name the row");
        return resource.delete(id) ? empty(204) : refusal(404, "there is no row of that id");
      default:
        return refusal(405, "that is not done here");
    }
  }

  /** A collection, and the row's id where the path names one. */
  #find(url: URL): { readonly resource?: ApiResource | undefined; readonly id?: string | undefined } {
    try {
      const [name = "", id, ...rest] = url.pathname.slice(1).split("/").map(decodeURIComponent);
      return rest.length > 0 ? {} : { resource: this.#resources.get(name), id };
    } catch {
      // The path is no text.
      return {};
    }
  }

  #write({ method, headers, text }: ApiRequest, resource: ApiResource, id: string | undefined): Answer {
    if (!isJson(headers["content-type"] ?? "")) return refusal(415, "send JSON");
    const sent = toObject(text);
    if (sent === undefined) return refusal(400, "the body is no JSON object");
    if (method === "POST") return id === undefined ? this.#create(resource, sent) : refusal(405, "not here");
    return id === undefined ? refusal(405, "name the row") : this.#change(resource, id, { method, sent });
  }

  #change(
    resource: ApiResource,
    id: string,
    { method, sent }: { readonly method: string; readonly sent: JsonObject },
  ): Answer {
    const column = this.#style.id ?? "id";
    const before = resource.rows.get(id);
    if (method === "PATCH" && before === undefined) return refusal(404, "there is no row of that id");
    const row = { ...(method === "PATCH" ? before : undefined), ...sent };
    if (row[column] === undefined) Object.assign(row, { [column]: before?.[column] ?? id });
    return resource.idOf(row) === id
      ? this.#store(resource, row, before === undefined ? 201 : 200)
      : refusal(422, "the id of a row does not change");
  }

  #create(resource: ApiResource, sent: JsonObject): Answer {
    const row = resource.withId(sent);
    if (resource.rows.has(resource.idOf(row))) return refusal(409, "there is a row of that id");
    return this.#store(resource, row, 201);
  }

  #store(resource: ApiResource, row: JsonObject, status: number): Answer {
    resource.put(row);
    return this.#style.returnsRow === false ? empty(204) : json(status, row);
  }
}

/** The answer, or 304 where the client holds it already. */
function validated(
  { method, headers: asked }: ApiRequest,
  { body, headers }: Listing,
  { resource, validators }: { readonly resource: ApiResource; readonly validators: readonly string[] },
): Answer {
  const answer = json(200, body);
  const tag = validators.includes("etag") ? etagOf(String(answer.bytes)) : undefined;
  const modified = new Date(resource.modifiedMs).toUTCString();
  const given: Record<string, string> = { ...headers };
  if (tag !== undefined) given["ETag"] = tag;
  if (validators.includes("lastModified")) given["Last-Modified"] = modified;
  const holds = asked["if-none-match"];
  const since = asked["if-modified-since"];
  const isSame =
    holds === undefined
      ? since !== undefined &&
        Date.parse(since) >= Date.parse(modified) &&
        validators.includes("lastModified")
      : tag !== undefined && holds.split(/,\s*/).includes(tag);
  if (isSame) return { status: 304, headers: given, bytes: undefined };
  return {
    ...answer,
    headers: { ...answer.headers, ...given },
    bytes: method === "HEAD" ? undefined : answer.bytes,
  };
}

const json = (status: number, body: unknown): Answer => ({
  status,
  headers: { "Content-Type": JSON_TYPE },
  bytes: Buffer.from(JSON.stringify(body)),
});

const empty = (status: number): Answer => ({ status, headers: {}, bytes: undefined });

const refusal = (status: number, message: string): Answer => json(status, { message });

/** What the turn says instead of the API's own. */
function finish(own: Answer, turn: ApiTurn): Answer {
  const { body, raw, type } = turn;
  const headers: Answer["headers"] = { ...own.headers };
  let { bytes } = own;
  if (body !== undefined) bytes = Buffer.from(JSON.stringify(body));
  if (raw !== undefined) bytes = Buffer.from(raw);
  if (body !== undefined || raw !== undefined) {
    headers["Content-Type"] = JSON_TYPE;
    delete headers["ETag"];
  }
  if (typeof type === "string") headers["Content-Type"] = type;
  if (type === null) delete headers["Content-Type"];
  return { status: turn.status ?? own.status, headers: { ...headers, ...turn.headers }, bytes };
}

function send(response: ServerResponse, { status, headers, bytes }: Answer, turn: ApiTurn): void {
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  response.statusCode = status;
  if (bytes === undefined) return void response.end();
  if (!response.hasHeader("Content-Length")) response.setHeader("Content-Length", bytes.length);
  const { cutAfterBytes, stallAfterBytes } = turn;
  if (cutAfterBytes !== undefined) {
    response.flushHeaders();
    return void response.write(bytes.subarray(0, cutAfterBytes), () => response.socket?.end());
  }
  if (stallAfterBytes !== undefined) return void response.write(bytes.subarray(0, stallAfterBytes));
  response.end(bytes);
}

const isJson = (type: string): boolean => /^application\/(?:[\w.-]+\+)?json\b/.test(type);

function toObject(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
