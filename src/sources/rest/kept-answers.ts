import { toHttpDateMs } from "./retry-after.ts";

/** An answer as it came, and what may be asked of it again. */
export interface KeptAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** How many bytes the text was. */
  readonly bytes: number;
}

interface Entry extends KeptAnswer {
  /** What the request said in the headers that the answer depends on. */
  readonly asked: ReadonlyMap<string, string | null>;
  readonly condition: readonly [name: string, value: string];
  readonly sizeBytes: number;
}

/** An answer without an ETag is told from the next by its time, which counts in seconds. */
const LEAST_AGE_MS = 1_000;
/** Every answer may depend on who asks, whether it says so or not. */
const ALWAYS_VARY = ["authorization", "cookie"];
/** Headers of a body, which a 304 hasn't got. */
const OF_BODY = ["content-length", "content-encoding", "transfer-encoding", "content-type"];

/** The last answers of an API, so that it can be asked whether they still stand. The oldest ones make room. */
export class KeptAnswers {
  readonly #limits: { readonly maxEntries: number; readonly maxBytes: number };
  /** By URL; those kept last, also after a 304, are at the end. */
  readonly #entries = new Map<string, Entry>();
  #sizeBytes = 0;
  #edition = 0;

  constructor(limits: { readonly maxEntries: number; readonly maxBytes: number }) {
    this.#limits = limits;
  }

  /** Changes with every `drop`: what was asked before one is not kept after it. */
  get edition(): number {
    return this.#edition;
  }

  /** The answer to a request with these headers, and the header that asks whether it still stands. */
  find(url: URL, headers: Headers): (Pick<Entry, "condition"> & KeptAnswer) | undefined {
    const entry = this.#entries.get(url.href);
    if (entry === undefined) return undefined;
    for (const [name, value] of entry.asked) if (headers.get(name) !== value) return undefined;
    return entry;
  }

  /** Keeps the answer to a GET where it can be asked for again; `edition` is that of when it was asked. */
  keep(url: URL, headers: Headers, answer: KeptAnswer, edition: number): void {
    if (edition !== this.#edition) return;
    this.#remove(url.href);
    const condition = conditionOf(answer.headers);
    const varying = varyingNames(answer.headers);
    if (answer.status !== 200 || condition === undefined || varying === undefined) return;
    const sizeBytes = answer.bytes + url.href.length;
    if (sizeBytes > this.#limits.maxBytes) return;
    const asked = new Map(varying.map((name) => [name, headers.get(name)] as const));
    this.#entries.set(url.href, { ...answer, asked, condition, sizeBytes });
    this.#sizeBytes += sizeBytes;
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#limits.maxEntries && this.#sizeBytes <= this.#limits.maxBytes) return;
      this.#remove(oldest);
    }
  }

  /** Forgets everything: a write may have changed any of it. */
  drop(): void {
    this.#edition++;
    this.#entries.clear();
    this.#sizeBytes = 0;
  }

  #remove(url: string): void {
    this.#sizeBytes -= this.#entries.get(url)?.sizeBytes ?? 0;
    this.#entries.delete(url);
  }
}

/** The kept answer under the headers that came with the 304 for it. */
export function renewed(kept: KeptAnswer, headers: Headers): KeptAnswer {
  const merged = new Headers(kept.headers);
  for (const [name, value] of headers) if (!OF_BODY.includes(name)) merged.set(name, value);
  return { ...kept, headers: merged };
}

function conditionOf(headers: Headers): Entry["condition"] | undefined {
  const directives = headers.get("Cache-Control")?.toLowerCase().split(",") ?? [];
  if (directives.some((directive) => directive.trim() === "no-store")) return undefined;
  const tag = headers.get("ETag");
  if (tag !== null && tag !== "") return ["If-None-Match", tag];
  const modified = headers.get("Last-Modified");
  const modifiedMs = toHttpDateMs(modified);
  const saidMs = toHttpDateMs(headers.get("Date"));
  if (modified === null || modifiedMs === undefined || saidMs === undefined) return undefined;
  return saidMs - modifiedMs >= LEAST_AGE_MS ? ["If-Modified-Since", modified] : undefined;
}

/** The request's headers that the answer depends on; nothing where that can't be told. */
function varyingNames(headers: Headers): readonly string[] | undefined {
  const named = (headers.get("Vary") ?? "")
    .split(",")
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== "");
  if (named.some((name) => !/^[!#$%&'*+\-.^_`|~0-9a-z]+$/.test(name) || name === "*")) return undefined;
  return [...ALWAYS_VARY, ...named];
}
