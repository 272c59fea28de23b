import type { Query } from "../../query/index.ts";
import type { Entry, Row } from "../../record/index.ts";
import type { Page } from "../../vista/index.ts";
import { badAnswer, type Asked } from "./bad-answer.ts";
import { jsonKind, readField } from "./field-path.ts";
import type { HttpClient } from "./http-client.ts";
import type { ItemRequests } from "./item-requests.ts";
import { inOrder } from "./ordered-rows.ts";
import type { ApiPage, PageRequests } from "./page-requests.ts";
import { planQuery, type RestPlan } from "./plan-query.ts";
import { withParameters } from "./request-url.ts";
import type { RestSettings } from "./rest-settings.ts";
import type { RowReader } from "./row-reader.ts";
import { walkPages } from "./walk-pages.ts";
import { readWindow } from "./read-window.ts";

type Signal = AbortSignal | undefined;

/** Single rows that are asked for at the same time. */
const ITEMS_AT_ONCE = 4;

interface ReadsInput {
  readonly settings: RestSettings;
  readonly client: HttpClient;
  readonly reader: RowReader;
  readonly pages: PageRequests;
  readonly items: ItemRequests;
}

/** Answers queries whole: the API does what it can, the rest is done with what it answers. */
export class RestReads {
  readonly #input: ReadsInput;

  constructor(input: ReadsInput) {
    this.#input = input;
  }

  plan(query: Query): RestPlan {
    return planQuery(this.#input.settings, this.#input.reader.types, query);
  }

  /** The rows of the plan in its order. */
  rows(plan: RestPlan, signal: Signal): AsyncIterable<readonly Entry[]> {
    return inOrder(this.#kept(plan, signal), plan);
  }

  async count(query: Query, signal: Signal): Promise<number> {
    const plan = this.plan({ ...query, order: [] });
    if (plan.isEmpty) return 0;
    if (plan.leftover === undefined && plan.ids === undefined) return this.#askCount(plan, signal);
    let count = 0;
    for await (const batch of this.#kept(plan, signal)) count += batch.length;
    return count;
  }

  /** At most `limit` rows from `offset` on. What the API can't place itself is counted off from the first row. */
  async window(
    plan: RestPlan,
    { offset, limit }: { readonly offset: number; readonly limit: number },
    signal: Signal,
  ): Promise<Page> {
    if (plan.isEmpty) return { rows: [], total: 0 };
    const isPlaced = plan.leftover === undefined && plan.ids === undefined && plan.order !== "here";
    if (isPlaced) return readWindow(this.#input.pages, plan, { offset, limit }, signal);
    const rows: Entry[] = [];
    let passed = 0;
    for await (const batch of this.rows(plan, signal)) {
      rows.push(...batch.slice(Math.max(0, offset - passed), Math.max(0, offset + limit - passed)));
      passed += batch.length;
      if (passed >= offset + limit) return { rows };
    }
    return { rows, total: passed };
  }

  /** The API's rows without those that don't match; a batch is never empty. */
  async *#kept(plan: RestPlan, signal: Signal): AsyncGenerator<readonly Entry[], void, undefined> {
    if (plan.isEmpty) return;
    const { leftover } = plan;
    const batches =
      plan.ids === undefined ? walkPages(this.#input.pages, plan, signal) : this.#single(plan.ids, signal);
    for await (const batch of batches) {
      const kept = leftover === undefined ? batch : batch.filter(([id, row]) => leftover(id, row));
      if (kept.length > 0) yield kept;
    }
  }

  /** Several at a time, in the order of the ids. */
  async *#single(ids: readonly string[], signal: Signal): AsyncGenerator<readonly Entry[], void, undefined> {
    for (let start = 0; start < ids.length; start += ITEMS_AT_ONCE) {
      const some = ids.slice(start, start + ITEMS_AT_ONCE);
      const found = await Promise.all(some.map((id) => this.get(id, signal)));
      yield some.flatMap((id, index): Entry[] => {
        const row = found[index];
        return row === undefined ? [] : [[id, row]];
      });
    }
  }

  /** The row of that id, or none. One that no URL leads to is looked for among all of them. */
  get(id: string, signal: Signal): Promise<Row | undefined> {
    const url = this.#input.items.urlOf(id);
    return url === undefined ? this.#find(id, signal) : this.#input.items.get(url, id, signal);
  }

  async #find(id: string, signal: Signal): Promise<Row | undefined> {
    const { settings, reader } = this.#input;
    const plan = planQuery(settings, reader.types, { conditions: [], order: [], search: undefined });
    for await (const batch of this.#kept(plan, signal)) {
      const found = batch.find((entry) => entry[0] === id);
      if (found !== undefined) return found[1];
    }
    return undefined;
  }

  async #askCount(plan: RestPlan, signal: Signal): Promise<number> {
    const { count } = this.#input.settings;
    if (count !== undefined) return this.#askCountPath(count, plan, signal);
    const page = await this.#firstPage(plan, signal);
    if (page.total !== undefined) return page.total;
    throw badAnswer(page.asked, "it doesn't say how many rows there are in all: see `total`");
  }

  /** As small as the API lets it be: only the total is of interest. */
  async #firstPage(plan: RestPlan, signal: Signal): Promise<ApiPage> {
    const { pages, settings } = this.#input;
    const { paging, pageSize } = settings;
    switch (paging.kind) {
      case "none":
        return pages.all(plan, signal);
      case "page":
        return pages.at(plan, { skip: 0, size: paging.size === undefined ? pageSize : 1 }, signal);
      case "offset":
        return pages.at(plan, { skip: 0, size: paging.limit === undefined ? pageSize : 1 }, signal);
      case "cursor":
      case "link":
        return pages.next(
          plan,
          { cursor: undefined, size: paging.size === undefined ? pageSize : 1 },
          signal,
        );
    }
  }

  async #askCountPath(
    count: NonNullable<RestSettings["count"]>,
    plan: RestPlan,
    signal: Signal,
  ): Promise<number> {
    const { client, settings } = this.#input;
    const url = withParameters(count.url, plan.parameters);
    const { body } = await client.send({ method: "GET", url, signal });
    const asked: Asked = { vista: settings.name, method: "GET", url };
    const found = count.field === undefined ? body : readField(body, count.field);
    if (typeof found === "number" && Number.isSafeInteger(found) && found >= 0) return found;
    throw badAnswer(asked, `a count was due, ${jsonKind(found)} came that is none`);
  }
}
