import { nearestName } from "../base/index.ts";
import { jsonServer, rest } from "../sources/rest/index.ts";
import { columnNamesOf, type Vista } from "../vista/index.ts";
import { apiResources } from "./api-resources.ts";
import { usageError } from "./cli-error.ts";
import type { Frame } from "./frame.ts";
import { toLiveKey } from "./live-key.ts";
import { type LiveOptions, LiveSession, type LiveSessionInput } from "./live-session.ts";
import { type MockApi, openMockApi } from "./mock-api.ts";
import { mockResources, type MockResource } from "./mock-data.ts";
import { type ListOptions, printLiveInfo, printLivePage, printLiveRow } from "./print-live.ts";
import { safeText } from "./safe-text.ts";
import { shownLocation } from "./source-location.ts";
import { readValue } from "./where-value.ts";

export interface LiveApiOptions extends LiveOptions {
  readonly baseUrl?: string;
}

export interface ApiListOptions extends LiveApiOptions, ListOptions {
  readonly filter?: readonly string[];
}

/** The bundled server under a name that stays, whatever port it has: so what is cached of it stays right. */
const MOCK_BASE = "http://mock-api.localhost/";
const TIMEOUT = "10s";
const RETRIES = 1;

/** `diorama live api … list`. */
export async function runApiList(
  frame: Frame,
  resource: MockResource,
  options: ApiListOptions,
): Promise<void> {
  const { session } = await open(frame, resource, options);
  await printLivePage(frame, session, options);
}

/** `diorama live api … get`. */
export async function runApiGet(
  frame: Frame,
  resource: MockResource,
  id: string,
  options: LiveApiOptions,
): Promise<void> {
  const { session } = await open(frame, resource, options);
  await printLiveRow(frame, session, id);
}

/** `diorama live api … info`. */
export async function runApiInfo(
  frame: Frame,
  resource: MockResource,
  options: ApiListOptions,
): Promise<void> {
  const { session, master, shown } = await open(frame, resource, options, { make: false });
  await printLiveInfo(frame, session, { api: shown, resource, "a miss asks": master.explain() });
}

/** `diorama live api serve`: until it is interrupted. */
export async function runApiServe(frame: Frame, { port }: { readonly port: number }): Promise<void> {
  const api = await openMockApi({ port });
  frame.defer(() => api.close());
  const urls = mockResources.map((resource) => new URL(resource, api.base).href);
  if (frame.json) await frame.print(JSON.stringify({ base: api.base.href, resources: urls }));
  else for (const url of urls) await frame.print(url);
  frame.note("made-up data, on this machine only; what is written is gone at the end. Ctrl-C ends it.");
  await new Promise((resolve) => frame.signal.addEventListener("abort", resolve, { once: true }));
}

interface Opened {
  readonly session: LiveSession;
  readonly master: Vista;
  /** The API, for people. */
  readonly shown: string;
}

async function open(
  frame: Frame,
  resource: MockResource,
  options: ApiListOptions,
  more: Pick<LiveSessionInput, "make"> = {},
): Promise<Opened> {
  const base = options.baseUrl === undefined ? undefined : toBaseUrl(options.baseUrl);
  const { columns, title } = apiResources[resource];
  const whole = rest(resourceUrl(base ?? new URL(MOCK_BASE), resource), {
    ...jsonServer(),
    name: resource,
    columns,
    title,
    open: true,
    timeout: TIMEOUT,
    retries: RETRIES,
    clock: frame.clock,
    ...(base === undefined ? { fetch: createMockFetch(frame) } : {}),
  });
  const master = filtered(whole, options.filter ?? []);
  const cacheKey = toLiveKey(
    resource,
    base?.href ?? MOCK_BASE,
    JSON.stringify((options.filter ?? []).toSorted()),
  );
  const shown = base === undefined ? "the bundled mock server" : shownLocation({ kind: "rest", url: base });
  return { shown, master, session: await LiveSession.open(frame, { ...options, ...more, master, cacheKey }) };
}

/** Starts the bundled server with the first request: a hit needs none. */
function createMockFetch(frame: Frame): (url: URL, init: RequestInit) => Promise<Response> {
  let api: Promise<MockApi> | undefined;
  frame.defer(async () => (await api)?.close());
  return async (url, init) => {
    api ??= openMockApi();
    const { base } = await api;
    return fetch(new URL(`${url.pathname}${url.search}`, base), init);
  };
}

/** Each filter is `field=value`; all must hold. */
function filtered(master: Vista, filters: readonly string[]): Vista {
  const names = columnNamesOf(master.schema);
  return filters.reduce((narrowed, filter) => {
    const at = filter.indexOf("=");
    const name = filter.slice(0, at);
    if (at < 1) throw usageError(`--filter ${safeText(filter)}: give field=value`);
    if (!names.has(name)) {
      const near = nearestName(name, names);
      const hint = near === undefined ? `there are ${[...names].join(", ")}` : `did you mean ${near}?`;
      throw usageError(`--filter: ${master.name} has no field ${JSON.stringify(name)}; ${hint}`);
    }
    const column = master.schema.columns.find((known) => known.name === name);
    const read = readValue({ text: filter.slice(at + 1), isQuoted: false }, column, "=");
    if ("problem" in read) throw usageError(`--filter ${safeText(name)}: ${read.problem}`);
    return narrowed.where(name, read.value);
  }, master);
}

function resourceUrl(base: URL, resource: MockResource): URL {
  const url = new URL(base);
  url.pathname = `${base.pathname.replace(/\/$/, "")}/${resource}`;
  return url;
}

function toBaseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === "http:" || url?.protocol === "https:") return url;
  // What was given is not repeated: it may hold a password.
  throw usageError("--base-url is the address of an API, such as https://api.example.com");
}
