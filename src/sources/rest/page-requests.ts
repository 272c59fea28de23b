import { isDioramaError } from "../../base/index.ts";
import { compareStrings, type Entry } from "../../record/index.ts";
import { badAnswer, type Asked } from "./bad-answer.ts";
import { jsonKind, readField } from "./field-path.ts";
import type { HttpAnswer, HttpClient } from "./http-client.ts";
import { linkOf } from "./link-header.ts";
import type { RestPlan } from "./plan-query.ts";
import { withParameters } from "./request-url.ts";
import type { RestParameter } from "./rest-options.ts";
import type { RestSettings } from "./rest-settings.ts";
import type { RowReader } from "./row-reader.ts";

/** One answer with rows, checked. */
export interface ApiPage {
  readonly entries: readonly Entry[];
  readonly total: number | undefined;
  /** Where the next page is: a cursor, or a URL as text. */
  readonly next: string | undefined;
  readonly asked: Asked;
}

type Signal = AbortSignal | undefined;

/** Asks the API for one page at a time, and takes no answer that can't be right. */
export class PageRequests {
  readonly settings: RestSettings;
  readonly #client: HttpClient;
  readonly #reader: RowReader;

  constructor(settings: RestSettings, client: HttpClient, reader: RowReader) {
    this.settings = settings;
    this.#client = client;
    this.#reader = reader;
  }

  /** The whole list. */
  async all(plan: RestPlan, signal: Signal): Promise<ApiPage> {
    return this.#fetch(plan, withParameters(this.settings.url, plan.parameters), Infinity, signal);
  }

  /** `size` rows from `skip` on, by number or offset; a numbered page begins at a multiple of its size. */
  async at(
    plan: RestPlan,
    { skip, size }: { readonly skip: number; readonly size: number },
    signal: Signal,
  ): Promise<ApiPage> {
    const url = withParameters(this.settings.url, [...plan.parameters, ...this.#placeOf(skip, size)]);
    const page = await this.#fetch(plan, url, size, signal);
    const { paging } = this.settings;
    if (page.total === undefined || page.entries.length === 0) return page;
    if (skip >= page.total && paging.kind === "page" && paging.clamps === true)
      return { ...page, entries: [] };
    if (skip + page.entries.length > page.total) {
      throw badAnswer(
        page.asked,
        `its total is ${page.total}, but ${page.entries.length} rows came from ${skip} on`,
      );
    }
    const isCut = page.entries.length < size && skip + page.entries.length < page.total;
    if (isCut && paging.kind === "page") throw this.#shortPage(page, size);
    return page;
  }

  /** The page behind a cursor or link; without one, the first. */
  async next(
    plan: RestPlan,
    { cursor, size }: { readonly cursor: string | undefined; readonly size: number },
    signal: Signal,
  ): Promise<ApiPage> {
    const { paging, url } = this.settings;
    if (paging.kind === "link" && cursor !== undefined)
      return this.#fetch(plan, new URL(cursor, url), Infinity, signal);
    const place = [...this.#sizeOf(size)];
    if (paging.kind === "cursor" && cursor !== undefined) place.push([paging.cursor, cursor]);
    const isSized = place.some(([name]) => "size" in paging && name === paging.size);
    const asked = withParameters(url, [...plan.parameters, ...place]);
    return this.#fetch(plan, asked, isSized ? size : Infinity, signal);
  }

  /** Where a read begins. */
  firstPlace(): readonly RestParameter[] {
    const { paging, pageSize } = this.settings;
    const isPlaced = paging.kind === "page" || paging.kind === "offset";
    return isPlaced ? this.#placeOf(0, pageSize) : this.#sizeOf(pageSize);
  }

  #sizeOf(size: number): readonly RestParameter[] {
    const { paging } = this.settings;
    const isWalked = paging.kind === "cursor" || paging.kind === "link";
    return isWalked && paging.size !== undefined ? [[paging.size, String(size)]] : [];
  }

  /** The parameters of a page at a place. */
  #placeOf(skip: number, size: number): readonly RestParameter[] {
    const { paging } = this.settings;
    if (paging.kind === "page") {
      const number: RestParameter = [paging.page, String(skip / size + (paging.first ?? 1))];
      return paging.size === undefined ? [number] : [number, [paging.size, String(size)]];
    }
    if (paging.kind !== "offset") return [];
    const offset: RestParameter = [paging.offset, String(skip)];
    return paging.limit === undefined ? [offset] : [offset, [paging.limit, String(size)]];
  }

  /** `rejected`: fewer rows than asked for, though there are more. */
  #shortPage({ asked, entries }: ApiPage, size: number): Error {
    const what = `${size} rows were asked for and ${entries.length} came, though there are more`;
    return badAnswer(asked, `${what}: if the API gives no more at once, set maxPageSize: ${entries.length}`);
  }

  /** As above, where only the next page shows that there are more. */
  shortPage(page: ApiPage, size: number): Error {
    return this.#shortPage(page, size);
  }

  async #fetch(plan: RestPlan, url: URL, size: number, signal: Signal): Promise<ApiPage> {
    const answer = await this.#client.send({ method: "GET", url, signal });
    const asked: Asked = { vista: this.settings.name, method: "GET", url };
    const entries = this.#reader.entries(answer.body, asked);
    if (entries.length > size) {
      const what = `${size} rows were asked for and ${entries.length} came`;
      throw badAnswer(asked, `${what}: is the parameter for the size right?`);
    }
    this.#checkClaims(plan, entries, asked);
    return { entries, total: this.totalOf(answer, asked), next: this.#nextOf(answer, asked), asked };
  }

  #checkClaims(plan: RestPlan, entries: readonly Entry[], asked: Asked): void {
    let before: Entry | undefined;
    for (const [index, entry] of entries.entries()) {
      const [id, row] = entry;
      const which = `row ${index + 1}`;
      if (plan.claims?.(id, row) === false) {
        const what = `${which} doesn't match what was asked for: the API's filter or search means something else`;
        throw badAnswer(
          asked,
          `${what}; say \`loose: true\` where it finds too much, else leave \`filter\` or \`search\` out`,
          { id },
        );
      }
      this.checkOrder(plan, [before, entry], { asked, which });
      before = entry;
    }
  }

  /** `rejected` where the API was asked for an order in which the second of two rows stands before the first. */
  checkOrder(
    { order, byRank }: RestPlan,
    [earlier, entry]: readonly [earlier: Entry | undefined, entry: Entry],
    { asked, which }: { readonly asked: Asked; readonly which: string },
  ): void {
    if (earlier === undefined || (order !== "api" && order !== "ties")) return;
    const rank = byRank(entry[1], earlier[1]);
    if (rank > 0 || (rank === 0 && (order === "ties" || compareStrings(entry[0], earlier[0]) > 0))) return;
    const what = `${which} is out of order: the API orders otherwise`;
    const advice = "leave the column out of `order`, or say with `nulls` where nulls go";
    throw badAnswer(asked, `${what}; ${advice}`, { id: entry[0] });
  }

  /** How many rows there are in all, where the answer says; `rejected` where what it says is no count. */
  totalOf({ headers, body }: HttpAnswer, asked: Asked): number | undefined {
    const { total } = this.settings;
    if (total === undefined) return undefined;
    if ("field" in total) {
      const found = readField(body, total.field);
      if (found === undefined || found === null) return undefined;
      if (typeof found === "number" && Number.isSafeInteger(found) && found >= 0) return found;
      throw badAnswer(asked, `its field "${total.field.join(".")}" is ${jsonKind(found)} that is no count`);
    }
    const text = headers.get(total.header);
    if (text === null || text.endsWith("/*")) return undefined;
    // `Content-Range` says it behind a slash.
    const count = Number(/^\s*(?:.*\/)?(\d+)\s*$/.exec(text)?.[1] ?? Number.NaN);
    if (Number.isSafeInteger(count)) return count;
    throw badAnswer(asked, `its header ${total.header} is no count`);
  }

  #nextOf(answer: HttpAnswer, asked: Asked): string | undefined {
    const { paging, nextField } = this.settings;
    if (paging.kind === "link") return nextLink(answer, asked);
    if (paging.kind !== "cursor") return undefined;
    const found = readField(answer.body, nextField);
    if (found === undefined || found === null || found === "") return undefined;
    if (typeof found === "string" || typeof found === "number" || typeof found === "bigint")
      return String(found);
    throw badAnswer(asked, `its field "${nextField.join(".")}" is ${jsonKind(found)}, no cursor`);
  }
}

function nextLink({ headers }: HttpAnswer, asked: Asked): string | undefined {
  try {
    return linkOf(headers, "next", asked.url)?.href;
  } catch (error) {
    if (isDioramaError(error, "rejected")) throw badAnswer(asked, error.message);
    throw error;
  }
}
