import type { Entry } from "../../record/index.ts";
import { CursorGuard } from "./cursor-guard.ts";
import { KnownIds } from "./known-ids.ts";
import type { ApiPage, PageRequests } from "./page-requests.ts";
import { PageSeam } from "./page-seam.ts";
import type { RestPlan } from "./plan-query.ts";

type Signal = AbortSignal | undefined;
type Pages = AsyncGenerator<readonly Entry[], void, undefined>;

/**
 * The rows that the API answers, page after page, one request at a time; none is asked for before it is wanted. A
 * row that comes twice, for rows moved between two pages, is given as it came first.
 */
export function walkPages(requests: PageRequests, plan: RestPlan, signal: Signal): Pages {
  switch (requests.settings.paging.kind) {
    case "none":
      return walkWhole(requests, plan, signal);
    case "page":
      return walkNumbers(requests, plan, signal);
    case "offset":
      return walkOffsets(requests, plan, signal);
    case "cursor":
    case "link":
      return walkCursors(requests, plan, signal);
  }
}

async function* walkWhole(requests: PageRequests, plan: RestPlan, signal: Signal): Pages {
  const { entries } = await requests.all(plan, signal);
  if (entries.length > 0) yield entries;
}

/** The end is a page without rows, or a short one that the total agrees with. */
async function* walkNumbers(requests: PageRequests, plan: RestPlan, signal: Signal): Pages {
  const { pageSize: size, paging } = requests.settings;
  const known = new KnownIds(requests.settings.idColumn);
  const seam = new PageSeam(requests, plan);
  const guard = new CursorGuard();
  let before: ApiPage | undefined;
  for (let skip = 0; ; skip += size) {
    const page = await requests.at(plan, { skip, size }, signal);
    const isLastAgain = paging.kind === "page" && paging.clamps === true && sameIds(page, before);
    if (page.entries.length === 0 || isLastAgain) return;
    // Without a total, only this one shows that the short page before was not the end.
    if (before !== undefined && before.entries.length < size) throw requests.shortPage(before, size);
    seam.check(page);
    const fresh = known.fresh(page, page.entries);
    if (fresh.length > 0) yield fresh;
    if (page.entries.length < size && page.total !== undefined) return;
    guard.check(page, String(skip), fresh.length);
    before = page;
  }
}

/** The API may give fewer rows than asked for: the walk goes on behind the last one that came. */
async function* walkOffsets(requests: PageRequests, plan: RestPlan, signal: Signal): Pages {
  const { pageSize: size } = requests.settings;
  const known = new KnownIds(requests.settings.idColumn);
  const seam = new PageSeam(requests, plan);
  const guard = new CursorGuard();
  for (let skip = 0; ;) {
    const page = await requests.at(plan, { skip, size }, signal);
    if (page.entries.length === 0) return;
    seam.check(page);
    const fresh = known.fresh(page, page.entries);
    if (fresh.length > 0) yield fresh;
    skip += page.entries.length;
    if (page.total !== undefined && skip >= page.total && page.entries.length < size) return;
    guard.check(page, String(skip), fresh.length);
  }
}

async function* walkCursors(requests: PageRequests, plan: RestPlan, signal: Signal): Pages {
  const { pageSize: size } = requests.settings;
  const known = new KnownIds(requests.settings.idColumn);
  const seam = new PageSeam(requests, plan);
  const guard = new CursorGuard();
  let cursor: string | undefined;
  do {
    const page = await requests.next(plan, { cursor, size }, signal);
    seam.check(page);
    const fresh = known.fresh(page, page.entries);
    if (fresh.length > 0) yield fresh;
    cursor = page.next;
    if (cursor !== undefined) guard.check(page, cursor, fresh.length);
  } while (cursor !== undefined);
}

/** Whether it is that page again. */
export function sameIds(page: ApiPage, other: ApiPage | undefined): boolean {
  if (other === undefined || page.entries.length !== other.entries.length) return false;
  return page.entries.every(([id], index) => id === other.entries[index]?.[0]);
}
