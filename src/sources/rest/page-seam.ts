import type { Entry } from "../../record/index.ts";
import type { ApiPage, PageRequests } from "./page-requests.ts";
import type { RestPlan } from "./plan-query.ts";

/** Sees to it that each page goes on where the one before ended: an API may order nothing but the rows of a page. */
export class PageSeam {
  readonly #requests: PageRequests;
  readonly #plan: RestPlan;
  #before: readonly Entry[] = [];

  constructor(requests: PageRequests, plan: RestPlan) {
    this.#requests = requests;
    this.#plan = plan;
  }

  /** `rejected`: the page begins before the last row of the one before. */
  check(page: ApiPage): void {
    const [first] = page.entries;
    const last = this.#before.at(-1);
    if (first === undefined) return;
    const which = "its first row, behind the page before,";
    if (!this.#hasMoved(page))
      this.#requests.checkOrder(this.#plan, [last, first], { asked: page.asked, which });
    this.#before = page.entries;
  }

  /** A row that comes again shows that rows came in between: then new ones may stand anywhere. */
  #hasMoved(page: ApiPage): boolean {
    const ids = new Set(this.#before.map(([id]) => id));
    return page.entries.some(([id]) => ids.has(id));
  }
}
