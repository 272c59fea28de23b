import { type DioramaError, errorAt } from "../base/index.ts";
import type { Entry } from "../record/index.ts";
import type { CachedRows } from "./cache.ts";
import type { CachedReads } from "./cached-reads.ts";
import type { LiveSteps } from "./live-steps.ts";
import type { MasterPages } from "./master-pages.ts";
import type { Seats } from "./seats.ts";
import type { Shelf } from "./shelf.ts";
import { entriesOf } from "./page-entries.ts";
import { pageKey } from "./sub-keys.ts";

/** How often an answer is put together anew because its parts were not of one state. */
const MAX_ATTEMPTS = 3;

/** Rows by their places. */
export interface Stretch {
  readonly rows: readonly Entry[];
  readonly total: number | undefined;
  /** Nothing stands behind it, as far as the master says. */
  readonly isEnd: boolean;
}

export interface PageWindowsHost {
  readonly shelf: Shelf;
  readonly reads: CachedReads;
  readonly pages: MasterPages;
  readonly seats: Seats;
  readonly steps: LiveSteps;
  readonly pageSize: number;
  readonly name: string;
}

/** Stretches of rows of any size, glued of cached pages and split where they are smaller. */
export class PageWindows {
  readonly #host: PageWindowsHost;

  constructor(host: PageWindowsHost) {
    this.#host = host;
  }

  async window(offset: number, limit: number, signal: AbortSignal | undefined): Promise<Stretch> {
    const { pageSize, shelf, steps, seats } = this.#host;
    const first = Math.floor(offset / pageSize) + 1;
    const last = Math.floor((offset + limit - 1) / pageSize) + 1;
    if (!Number.isSafeInteger(offset + limit)) throw this.#isTooFar();
    if (offset === 0 && limit === 1 && pageSize > 1) {
      seats.assertOpen();
      const held = await seats.waitAlone(shelf.get(pageKey(1), steps), signal);
      if (held === undefined) return this.#first(signal);
    }
    const parts = first === last ? [await this.#page(first, signal)] : await this.#parts(first, last, signal);
    return this.#stretch(parts, first, offset, limit);
  }

  async #first(signal: AbortSignal | undefined): Promise<Stretch> {
    const { reads, pages, shelf } = this.#host;
    const entry = await reads.read(pages.first(), signal);
    return { rows: [...entry.rows], total: shelf.totalOf(entry), isEnd: entry.rows.size === 0 };
  }

  #page(number: number, signal: AbortSignal | undefined): Promise<CachedRows> {
    const { reads, pages } = this.#host;
    return reads.read(pages.page(number), signal);
  }

  /** Pages of one state: read again together where they disagree or something was dropped in between. */
  async #parts(first: number, last: number, signal: AbortSignal | undefined): Promise<readonly CachedRows[]> {
    const { shelf, reads, pages, seats } = this.#host;
    let isAnew = false;
    for (let attempt = 1; ; attempt++) {
      const { generation } = shelf;
      const parts = await this.#collect(first, last, (number) =>
        isAnew ? seats.wait(reads.refresh(pages.page(number)), signal) : this.#page(number, signal),
      );
      const isOneState = shelf.generation === generation;
      if (isOneState && (shelf.disagrees || agree(parts, shelf))) return parts;
      if (isOneState && isAnew) shelf.disagrees = true;
      if (attempt === MAX_ATTEMPTS || (isOneState && isAnew)) return parts;
      isAnew = isOneState;
    }
  }

  async #collect(
    first: number,
    last: number,
    read: (number: number) => Promise<CachedRows>,
  ): Promise<readonly CachedRows[]> {
    const parts: CachedRows[] = [];
    for (let number = first; number <= last; number++) {
      const part = await read(number);
      parts.push(part);
      if (isLastPage(part, number, this.#host)) break;
    }
    return parts;
  }

  #stretch(parts: readonly CachedRows[], first: number, offset: number, limit: number): Stretch {
    const { pageSize, shelf } = this.#host;
    const seen = parts.length > 1 ? new Set<string>() : undefined;
    const cuts: Entry[][] = [];
    let newest: CachedRows | undefined;
    let isEnd = false;
    for (const [at, part] of parts.entries()) {
      const start = (first - 1 + at) * pageSize;
      const from = Math.max(0, offset - start);
      const to = Math.min(pageSize, offset + limit - start);
      const cut = cutOf(part, from, to);
      cuts.push(seen === undefined ? cut : cut.filter(([id]) => seen.size < seen.add(id).size));
      if (newest === undefined || part.fetchedAt >= newest.fetchedAt) newest = part;
      isEnd = to >= part.rows.size && isLastPage(part, first + at, this.#host);
    }
    const [only = []] = cuts;
    const total = newest === undefined ? undefined : shelf.totalOf(newest);
    return { rows: cuts.length === 1 ? only : cuts.flat(), total, isEnd };
  }

  #isTooFar(): DioramaError {
    return errorAt("invalid", { vista: this.#host.name }, "the window ends beyond the largest whole number");
  }
}

/** The rows of a page from one place up to, and without, another. */
function cutOf(page: CachedRows, from: number, to: number): Entry[] {
  if (from === 0 && to >= page.rows.size) return entriesOf(page).slice();
  const cut: Entry[] = [];
  let at = 0;
  for (const entry of page.rows) {
    if (at >= to) break;
    if (at >= from) cut.push(entry);
    at += 1;
  }
  return cut;
}

/**
 * Whether no page stands behind this one. A full page never says so: the next one is asked for, since a total may be
 * wrong; a short one may be followed by others where the total says so.
 */
export function isLastPage(
  page: CachedRows,
  number: number,
  { pageSize, shelf }: { readonly pageSize: number; readonly shelf: Shelf },
): boolean {
  if (page.rows.size === 0) return true;
  const total = shelf.totalOf(page);
  const met = (number - 1) * pageSize + page.rows.size;
  return page.rows.size < pageSize && (total === undefined || total <= met);
}

/** No id on two of them, and no two different totals: then they can be of one state of the master. */
export function agree(parts: readonly CachedRows[], shelf: Shelf): boolean {
  const ids = new Set<string>();
  let rowCount = 0;
  let stated: number | undefined;
  for (const part of parts) {
    const total = shelf.totalOf(part);
    if (total !== undefined && stated !== undefined && total !== stated) return false;
    stated ??= total;
    rowCount += part.rows.size;
    for (const id of part.rows.keys()) ids.add(id);
    if (ids.size !== rowCount) return false;
  }
  return true;
}
