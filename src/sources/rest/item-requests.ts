import { isDioramaError } from "../../base/index.ts";
import type { Row } from "../../record/index.ts";
import type { HttpClient } from "./http-client.ts";
import { itemUrl } from "./request-url.ts";
import type { RestSettings } from "./rest-settings.ts";
import type { RowReader } from "./row-reader.ts";

export interface FoundItem {
  readonly row: Row;
  /** The JSON object that the row was read from. */
  readonly json: unknown;
}

/** Asks for single rows. */
export class ItemRequests {
  readonly #settings: RestSettings;
  readonly #client: HttpClient;
  readonly #reader: RowReader;

  constructor(settings: RestSettings, client: HttpClient, reader: RowReader) {
    this.#settings = settings;
    this.#client = client;
    this.#reader = reader;
  }

  /** The row's own URL; `undefined` where the API has none, or no path can hold that id. */
  urlOf(id: string): URL | undefined {
    const { item, url } = this.#settings;
    return item === undefined ? undefined : itemUrl(url, item, id);
  }

  /** The row, or none. An API that takes another spelling of the id for it answers with another row: that is none. */
  async get(url: URL, id: string, signal: AbortSignal | undefined): Promise<Row | undefined> {
    return (await this.find(url, id, signal))?.row;
  }

  /** As `get`, with all that the API said of the row, in its own words. */
  async find(url: URL, id: string, signal: AbortSignal | undefined): Promise<FoundItem | undefined> {
    try {
      const { body } = await this.#client.send({ method: "GET", url, signal });
      const [found, row] = this.#reader.entry(body, { vista: this.#settings.name, method: "GET", url });
      return found === id ? { row, json: this.#reader.itemOf(body) } : undefined;
    } catch (error) {
      if (isDioramaError(error, "notFound")) return undefined;
      throw error;
    }
  }
}
