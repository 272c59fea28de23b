import { errorAt } from "../../base/index.ts";
import { queryKey, type Query } from "../../query/index.ts";
import type { Entry } from "../../record/index.ts";
import { parseToken, type TokenPage } from "../../vista/index.ts";
import { CursorGuard } from "./cursor-guard.ts";
import type { PageRequests } from "./page-requests.ts";
import type { RestPlan } from "./plan-query.ts";
import type { RestReads } from "./rest-reads.ts";

type Signal = AbortSignal | undefined;

/** Where a walk goes on: behind a cursor of the API, so many of the page's rows later. Without one, at its start. */
interface WalkPlace {
  readonly cursor: string | undefined;
  readonly skip: number;
  /** How large the page was asked for: the same rows are skipped only on the same page. */
  readonly pageSize: number;
}

interface Step {
  readonly place: WalkPlace;
  readonly size: number;
}

interface Stepped {
  readonly rows: readonly Entry[];
  readonly next: WalkPlace | undefined;
}

const start: WalkPlace = { cursor: undefined, skip: 0, pageSize: 0 };

/** One step of a walk by cursors or links: pages that are larger than the step are shared among several steps. */
export class NextReader {
  readonly #requests: PageRequests;
  readonly #reads: RestReads;

  constructor(requests: PageRequests, reads: RestReads) {
    this.#requests = requests;
    this.#reads = reads;
  }

  async step(
    query: Query,
    { token, size }: { readonly token: string | undefined; readonly size: number },
    signal: Signal,
  ): Promise<TokenPage> {
    const plan = this.#reads.plan(query);
    const key = queryKey(query, { order: true });
    const place = token === undefined ? start : this.#placeOf(token, key);
    // What has no cursor of the API's is counted off from the first row.
    const isWalked =
      !plan.isEmpty && plan.ids === undefined && (plan.order === "none" || plan.order === "api");
    const { rows, next } = isWalked
      ? await this.#walk(plan, { place, size }, signal)
      : await this.#countOff(plan, { place, size }, signal);
    if (next === undefined) return { rows };
    return { rows, token: JSON.stringify([key, next.cursor ?? null, next.skip, next.pageSize]) };
  }

  async #walk(plan: RestPlan, { place, size }: Step, signal: Signal): Promise<Stepped> {
    const rows: Entry[] = [];
    const guard = new CursorGuard();
    let { cursor, skip, pageSize } = place;
    for (;;) {
      if (skip === 0) pageSize = this.#pageSize(plan, size - rows.length);
      const page = await this.#requests.next(plan, { cursor, size: pageSize }, signal);
      for (; skip < page.entries.length; skip++) {
        if (rows.length === size) return { rows, next: { cursor, skip, pageSize } };
        const entry = page.entries[skip];
        if (entry !== undefined && plan.leftover?.(entry[0], entry[1]) !== false) rows.push(entry);
      }
      if (page.next === undefined) return { rows, next: undefined };
      guard.check(page, page.next, page.entries.length);
      cursor = page.next;
      skip = 0;
      if (rows.length === size) return { rows, next: { cursor, skip, pageSize } };
    }
  }

  /** As many rows as are still missing; where some are left out here, more come with one request. */
  #pageSize(plan: RestPlan, missing: number): number {
    const { maxPageSize, pageSize } = this.#requests.settings;
    return Math.min(maxPageSize, plan.leftover === undefined ? missing : Math.max(missing, pageSize));
  }

  async #countOff(plan: RestPlan, { place: { skip }, size }: Step, signal: Signal): Promise<Stepped> {
    const rows: Entry[] = [];
    let passed = 0;
    for await (const batch of this.#reads.rows(plan, signal)) {
      rows.push(...batch.slice(Math.max(0, skip - passed), Math.max(0, skip + size + 1 - passed)));
      passed += batch.length;
      if (rows.length > size) return { rows: rows.slice(0, size), next: { ...start, skip: skip + size } };
    }
    return { rows, next: undefined };
  }

  #placeOf(token: string, key: string): WalkPlace {
    const [tokenKey, cursor, skip, pageSize] = parseToken(token);
    if (tokenKey === key && this.#isCursor(cursor) && isCount(skip) && isCount(pageSize)) {
      return { cursor: cursor ?? undefined, skip, pageSize };
    }
    const what = "the token is none of this query's; begin again without one";
    throw errorAt("invalid", { vista: this.#requests.settings.name }, what);
  }

  /** A token comes from outside: it leads to no other server. */
  #isCursor(cursor: unknown): cursor is string | null {
    if (typeof cursor !== "string") return cursor === null;
    const { paging, url } = this.#requests.settings;
    return paging.kind !== "link" || URL.parse(cursor)?.origin === url.origin;
  }
}

const isCount = (value: unknown): value is number =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
