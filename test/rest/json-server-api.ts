import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { etagOf, type JsonObject } from "./api-resource.ts";

/** A collection served as JSON Server does it: what it documents, and what it does besides. */
export interface JsonServerApi {
  readonly url: URL;
  readonly rows: JsonObject[];
  close(): Promise<void>;
}

export async function openJsonServer(version: 0 | 1, rows: readonly JsonObject[]): Promise<JsonServerApi> {
  const held = [...rows];
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => void serve(version, held, { request, response }));
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: new URL(`http://127.0.0.1:${port}/rows`),
    rows: held,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

interface Reply {
  readonly status: number;
  readonly body: unknown;
  readonly total?: number;
}

async function serve(version: 0 | 1, rows: JsonObject[], { request, response }: Exchange): Promise<void> {
  let text = "";
  for await (const part of request.setEncoding("utf8")) text += part;
  const url = new URL(request.url ?? "/", "http://127.0.0.1");
  const id = decodeURIComponent(url.pathname.slice("/rows/".length));
  const sent: JsonObject = text === "" ? {} : JSON.parse(text);
  const reply = answer(version, rows, { method: request.method ?? "", id, sent, asked: url.searchParams });
  const body = JSON.stringify(reply.body);
  response.statusCode = reply.status;
  response.setHeader("Content-Type", "application/json; charset=utf-8");
  response.setHeader("ETag", `W/${etagOf(body)}`);
  if (reply.total !== undefined) response.setHeader("X-Total-Count", reply.total);
  response.end(request.method === "HEAD" ? undefined : body);
}

interface Call {
  readonly method: string;
  readonly id: string;
  readonly sent: JsonObject;
  readonly asked: URLSearchParams;
}

function answer(version: 0 | 1, rows: JsonObject[], { method, id, sent, asked }: Call): Reply {
  if (id === "" && (method === "GET" || method === "HEAD"))
    return version === 0 ? listZero(rows, asked) : listOne(rows, asked);
  if (method === "POST") {
    const row = { id: Math.random().toString(16).slice(2), ...sent };
    // 0 fails on its own insert; 1 has two rows then.
    if (version === 0 && rows.some((other) => other["id"] === row.id))
      return { status: 500, body: "duplicate id" };
    rows.push(row);
    return { status: 201, body: row };
  }
  const at = rows.findIndex((row) => String(row["id"]) === id);
  const found = rows[at];
  if (found === undefined) return { status: 404, body: {} };
  if (method === "PUT" || method === "PATCH") {
    rows[at] = { ...(method === "PATCH" ? found : {}), ...sent, id: found["id"] };
    return { status: 200, body: rows[at] };
  }
  if (method === "DELETE") rows.splice(at, 1);
  return { status: 200, body: method === "DELETE" && version === 0 ? {} : found };
}

const RESERVED = ["q", "_start", "_end", "_limit", "_page", "_per_page", "_sort", "_order"];

function listZero(all: readonly JsonObject[], asked: URLSearchParams): Reply {
  let rows = [...all];
  const words = asked.get("q")?.toLowerCase();
  if (words !== undefined)
    rows = rows.filter((row) => Object.values(row).some((value) => holds(value, words)));
  for (const name of new Set(asked.keys())) {
    if (RESERVED.includes(name)) continue;
    const suffix = /_(?:lte|gte|ne|like)$/.exec(name)?.[0] ?? "";
    // What no row has is no filter.
    if (suffix === "" && !all.some((row) => Object.hasOwn(row, name))) continue;
    const column = name.slice(0, name.length - suffix.length);
    rows = rows.filter((row) => asked.getAll(name).some((value) => passesZero(row[column], suffix, value)));
  }
  const directions = asked.get("_order")?.split(",") ?? [];
  rows = sortRows(rows, { sort: asked.get("_sort"), directions, isBelow });
  const limit = asked.get("_limit");
  if (limit === null) return { status: 200, body: rows };
  const start = Number(asked.get("_start") ?? 0);
  return { status: 200, body: rows.slice(start, start + Number(limit)), total: rows.length };
}

function passesZero(cell: unknown, suffix: string, value: string): boolean {
  if (cell === undefined || cell === null) return false;
  const held: string | number = typeof cell === "number" ? cell : textOf(cell);
  const wanted = typeof cell === "number" ? Number(value) : value;
  if (suffix === "_gte") return held >= wanted;
  if (suffix === "_lte") return held <= wanted;
  return (textOf(cell) === value) !== (suffix === "_ne");
}

/** As the language writes it. */
const textOf = (value: unknown): string => `${value as string}`;

const holds = (value: unknown, words: string): boolean =>
  typeof value === "object" && value !== null
    ? Object.values(value).some((inner) => holds(inner, words))
    : value !== null && value !== undefined && textOf(value).toLowerCase().includes(words);

function listOne(all: readonly JsonObject[], asked: URLSearchParams): Reply {
  let rows = [...all];
  for (const [name, value] of asked) {
    if (RESERVED.includes(name) || value === "") continue;
    const suffix = /_(?:lte?|gte?|ne)$/.exec(name)?.[0] ?? "";
    const column = name.slice(0, name.length - suffix.length);
    rows = rows.filter((row) => passesOne(row[column], suffix, value));
  }
  const names = asked.get("_sort")?.split(",") ?? [];
  const directions = names.map((name) => (name.startsWith("-") ? "desc" : "asc"));
  const sort = names.map((name) => name.replace(/^-/, "")).join(",");
  rows = sortRows(rows, { sort, directions, isBelow: isBelowInLanguage });
  const page = asked.get("_page");
  if (page === null) return { status: 200, body: rows };
  const size = Number(asked.get("_per_page") ?? 10);
  const pages = Math.max(1, Math.ceil(rows.length / size));
  // A number beyond the last is the last.
  const number = Math.max(1, Math.min(Number(page), pages));
  const body = {
    first: 1,
    last: pages,
    pages,
    items: rows.length,
    data: rows.slice((number - 1) * size, number * size),
  };
  return { status: 200, body };
}

/** Ranges are of numbers alone, which it reads as whole ones; a cell that is null passes equality. */
function passesOne(cell: unknown, suffix: string, value: string): boolean {
  if (typeof cell === "number") {
    const difference = cell - Number.parseInt(value, 10);
    if (suffix === "_gte") return difference >= 0;
    if (suffix === "_gt") return difference > 0;
    if (suffix === "_lte") return difference <= 0;
    return suffix === "_lt" ? difference < 0 : difference === 0;
  }
  if (suffix !== "") return false;
  if (typeof cell === "string") return cell === value;
  return typeof cell === "boolean" ? cell === (value === "true") : true;
}

interface Sorting {
  readonly sort: string | null;
  readonly directions: readonly string[];
  readonly isBelow: (a: unknown, b: unknown) => boolean;
}

/** What is null comes as if it were the highest, absent still higher; else as the language compares. */
function sortRows(rows: JsonObject[], { sort, directions, isBelow: isLess }: Sorting): JsonObject[] {
  const columns = (sort ?? "").split(",").filter((name) => name !== "");
  const rank = (value: unknown): number => (value === undefined ? 2 : value === null ? 1 : 0);
  return rows.toSorted((a, b) => {
    for (const [index, column] of columns.entries()) {
      const [x, y] = [a[column], b[column]];
      const sign = directions[index] === "desc" ? -1 : 1;
      if (rank(x) !== rank(y)) return (rank(x) - rank(y)) * sign;
      if (rank(x) === 0 && x !== y) return (isLess(x, y) ? -1 : 1) * sign;
    }
    return 0;
  });
}

const isBelow = (a: unknown, b: unknown): boolean =>
  typeof a === "number" && typeof b === "number" ? a < b : textOf(a) < textOf(b);

/** 1.0 compares texts as people would. */
const isBelowInLanguage = (a: unknown, b: unknown): boolean =>
  typeof a === "string" && typeof b === "string" ? a.localeCompare(b, "en") < 0 : isBelow(a, b);
