import type { Entry, Row } from "../../record/index.ts";
import type { Page } from "../../vista/index.ts";
import { KnownIds } from "./known-ids.ts";
import { sortEntries } from "./ordered-rows.ts";
import type { ApiPage, PageRequests } from "./page-requests.ts";
import { PageSeam } from "./page-seam.ts";
import type { RestPlan } from "./plan-query.ts";
import { sameIds } from "./walk-pages.ts";

type Signal = AbortSignal | undefined;

interface Range {
  readonly offset: number;
  readonly limit: number;
}

interface Place {
  readonly skip: number;
  readonly size: number;
}

interface Found {
  readonly entries: readonly Entry[];
  readonly total: number | undefined;
}

/** Rows at places that the API counts itself, put together of as many pages as it takes. */
export async function readWindow(
  requests: PageRequests,
  plan: RestPlan,
  range: Range,
  signal: Signal,
): Promise<Page> {
  const reader = new WindowReader(requests, plan, signal);
  const { entries, total } = plan.order === "ties" ? await reader.withTies(range) : await reader.read(range);
  return total === undefined ? { rows: entries } : { rows: entries, total };
}

class WindowReader {
  readonly #requests: PageRequests;
  readonly #plan: RestPlan;
  readonly #signal: Signal;

  constructor(requests: PageRequests, plan: RestPlan, signal: Signal) {
    this.#requests = requests;
    this.#plan = plan;
    this.#signal = signal;
  }

  read(range: Range): Promise<Found> {
    return this.#requests.settings.paging.kind === "page"
      ? this.#readNumbered(range)
      : this.#readOffset(range);
  }

  /** Rows of one rank come in any order: the ranks at both ends are read whole before they are put in theirs. */
  async withTies({ offset, limit }: Range): Promise<Found> {
    const { entries, total } = await this.read({ offset, limit });
    const [first] = entries;
    const last = entries.at(-1);
    if (first === undefined || last === undefined) return { entries, total };
    // A rank may be long: it is read by whole pages, however few rows were asked for.
    const step = Math.max(limit, this.#requests.settings.pageSize);
    const before = await this.#rankBefore(offset, first[1], step);
    const behind = entries.length < limit ? [] : await this.#rankBehind(offset + limit, last[1], step);
    const whole = new Map([...before, ...entries, ...behind]);
    const ordered = sortEntries([...whole], this.#plan.query.order);
    return { entries: ordered.slice(before.length, before.length + limit), total };
  }

  /** The rows of that rank, and perhaps of earlier ones, that stand before the offset. */
  async #rankBefore(offset: number, row: Row, step: number): Promise<readonly Entry[]> {
    const found: Entry[] = [];
    for (let end = offset; end > 0;) {
      const start = Math.max(0, end - step);
      const { entries } = await this.read({ offset: start, limit: end - start });
      found.unshift(...entries);
      end = start;
      const [first] = entries;
      if (first === undefined || this.#plan.byRank(first[1], row) !== 0) break;
    }
    return found;
  }

  async #rankBehind(offset: number, row: Row, step: number): Promise<readonly Entry[]> {
    const found: Entry[] = [];
    for (let start = offset; ; start += step) {
      const { entries } = await this.read({ offset: start, limit: step });
      found.push(...entries);
      const last = entries.at(-1);
      if (entries.length < step || last === undefined || this.#plan.byRank(last[1], row) !== 0) return found;
    }
  }

  /** Numbered pages begin at multiples of their size: where the window does too, one of its own size fits. */
  async #readNumbered({ offset, limit }: Range): Promise<Found> {
    const { paging, maxPageSize, pageSize } = this.#requests.settings;
    const hasSize = paging.kind === "page" && paging.size !== undefined;
    const size = hasSize ? Math.min(limit, maxPageSize) : pageSize;
    const known = new KnownIds(this.#requests.settings.idColumn);
    const seam = new PageSeam(this.#requests, this.#plan);
    const rows: Entry[] = [];
    let total: number | undefined;
    let before: ApiPage | undefined;
    const start = Math.floor(offset / size) * size;
    for (let skip = start; skip < offset + limit; skip += size) {
      const page = await this.#requests.at(this.#plan, { skip, size }, this.#signal);
      total = page.total;
      if (await this.#isLastAgain(page, before, { skip, size })) break;
      seam.check(page);
      const inside = page.entries.slice(Math.max(0, offset - skip), offset + limit - skip);
      rows.push(...known.fresh(page, inside));
      if (page.entries.length < size) {
        await this.#requireEnd(page, { skip, size });
        break;
      }
      if (total !== undefined && skip + size >= total) break;
      before = page;
    }
    return { entries: rows, total };
  }

  /** Without a total, only the page before tells that the last page came again for a number beyond it. */
  async #isLastAgain(page: ApiPage, before: ApiPage | undefined, { skip, size }: Place): Promise<boolean> {
    const { paging } = this.#requests.settings;
    if (paging.kind !== "page" || paging.clamps !== true || page.total !== undefined) return false;
    if (skip === 0 || page.entries.length === 0) return false;
    const earlier = { skip: skip - size, size };
    return sameIds(page, before ?? (await this.#requests.at(this.#plan, earlier, this.#signal)));
  }

  /** Without a total, only the next page tells that a short one was the last, and not cut off by the API. */
  async #requireEnd(page: ApiPage, { skip, size }: Place): Promise<void> {
    if (page.total !== undefined || page.entries.length === 0) return;
    const next = await this.#requests.at(this.#plan, { skip: skip + size, size }, this.#signal);
    if (await this.#isLastAgain(next, page, { skip: skip + size, size })) return;
    if (next.entries.length > 0) throw this.#requests.shortPage(page, size);
  }

  async #readOffset({ offset, limit }: Range): Promise<Found> {
    const { paging, maxPageSize, pageSize } = this.#requests.settings;
    const hasSize = paging.kind === "offset" && paging.limit !== undefined;
    const known = new KnownIds(this.#requests.settings.idColumn);
    const seam = new PageSeam(this.#requests, this.#plan);
    const rows: Entry[] = [];
    let total: number | undefined;
    for (let skip = offset; skip < offset + limit;) {
      const size = hasSize ? Math.min(offset + limit - skip, maxPageSize) : pageSize;
      const page = await this.#requests.at(this.#plan, { skip, size }, this.#signal);
      total = page.total;
      seam.check(page);
      rows.push(...known.fresh(page, page.entries.slice(0, offset + limit - skip)));
      skip += page.entries.length;
      if (page.entries.length === 0 || (total !== undefined && skip >= total)) break;
    }
    return { entries: rows, total };
  }
}
