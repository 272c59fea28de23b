import { errorAt, isDioramaError, type ErrorPlace } from "../../base/index.ts";
import { idOf, type Entry, type Row } from "../../record/index.ts";
import type { WriteOptions } from "../../vista/index.ts";
import type { Asked } from "./bad-answer.ts";
import { badAnswer } from "./bad-answer.ts";
import { readField } from "./field-path.ts";
import type { HttpAnswer, HttpClient, HttpRequest } from "./http-client.ts";
import type { FoundItem, ItemRequests } from "./item-requests.ts";
import type { RestSettings } from "./rest-settings.ts";
import type { RowReader } from "./row-reader.ts";
import { toJson } from "./to-json.ts";

/** Requests of one deleteAll under way at once. */
const DELETES_AT_ONCE = 4;

interface WritesInput {
  readonly settings: RestSettings;
  readonly client: HttpClient;
  readonly reader: RowReader;
  readonly items: ItemRequests;
}

type Method = HttpRequest["method"];
type LookedFirst = "insert" | "replace" | "patch" | "delete";

/** Writes single rows. Each answers with the row as it is stored, read again where the API doesn't say it. */
export class RestWrites {
  readonly #input: WritesInput;

  constructor(input: WritesInput) {
    this.#input = input;
  }

  async insert(id: string, row: Row, call: WriteOptions): Promise<Row> {
    const { writes } = this.#input.settings;
    if (writes.insert === undefined) return (await this.add(this.#withoutId(row), call))[1];
    // A PUT replaces what is there.
    const looks = writes.insert === "PUT" || this.#looksFirst("insert");
    if (looks && (await this.#find(id, call)) !== undefined) {
      throw errorAt("conflict", this.#place(id), "there is such a row already");
    }
    const url = writes.insert === "PUT" ? this.#urlOf(id) : this.#input.settings.url;
    return this.#store({ method: writes.insert, url, id }, row, call);
  }

  /** The API chooses the id, and has to say it. */
  async add(row: Row, call: WriteOptions): Promise<Entry> {
    const { settings, reader } = this.#input;
    const asked: Asked = { vista: settings.name, method: "POST", url: settings.url };
    const answer = await this.#send("POST", settings.url, { row, place: this.#place() }, call);
    if (settings.writes.answersRow !== false && answer.body !== undefined)
      return reader.entry(answer.body, asked);
    const id = this.#newIdOf(answer, asked);
    return [id, await this.#readAdded(id, call)];
  }

  async replace(id: string, row: Row, call: WriteOptions): Promise<Row> {
    const { writes } = this.#input.settings;
    if (writes.replace !== true) return this.#replaceByPatch(id, row, call);
    if (this.#looksFirst("replace") && (await this.#find(id, call)) === undefined)
      return this.#insertMissing(id, row, call);
    try {
      return await this.#store({ method: "PUT", url: this.#urlOf(id), id }, row, call);
    } catch (error) {
      // An API whose PUT makes no rows.
      if (isDioramaError(error, "notFound")) return this.#insertMissing(id, row, call, error);
      throw error;
    }
  }

  async patch(id: string, partial: Row, call: WriteOptions): Promise<Row> {
    const isNothing = Object.keys(partial).length === 0;
    const { patch } = this.#input.settings.writes;
    const current =
      isNothing || this.#looksFirst("patch") || patch !== true ? await this.#existing(id, call) : undefined;
    if (isNothing && current !== undefined) return current.row;
    const url = this.#urlOf(id);
    if (patch === true) return this.#store({ method: "PATCH", url, id }, partial, call);
    // What is not patched goes back as the API wrote it, columns that nobody declared included.
    return this.#store({ method: "PUT", url, id, over: Object(current?.json) }, partial, call);
  }

  async delete(id: string, call: WriteOptions): Promise<void> {
    if (this.#looksFirst("delete")) await this.#existing(id, call);
    const { client } = this.#input;
    await client.send({ method: "DELETE", url: this.#urlOf(id), signal: call.signal, opId: call.opId });
  }

  /** These rows, several at a time; one that is gone is what was wanted. Each has an idempotency key of its own. */
  async deleteEach(ids: readonly string[], call: WriteOptions): Promise<void> {
    for (let start = 0; start < ids.length; start += DELETES_AT_ONCE) {
      const outcomes = await Promise.allSettled(
        ids.slice(start, start + DELETES_AT_ONCE).map((id) => this.#deleteOne(id, call)),
      );
      // Nothing is under way any more when the first failure is told.
      for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
    }
  }

  async #deleteOne(id: string, { opId, signal }: WriteOptions): Promise<void> {
    const own = opId === undefined ? undefined : `${opId}/${encodeURIComponent(id)}`;
    try {
      await this.#input.client.send({ method: "DELETE", url: this.#urlOf(id), signal, opId: own });
    } catch (error) {
      if (!isDioramaError(error, "notFound")) throw error;
    }
  }

  /** Columns that go are set to null, for a merge takes none away. */
  async #replaceByPatch(id: string, row: Row, call: WriteOptions): Promise<Row> {
    const current = await this.#find(id, call);
    if (current === undefined) return this.#insertMissing(id, row, call);
    const gone = Object.keys(current).filter((column) => !Object.hasOwn(row, column));
    const merged: Row = { ...Object.fromEntries(gone.map((column) => [column, null])), ...row };
    return this.#store({ method: "PATCH", url: this.#urlOf(id), id }, merged, call);
  }

  async #insertMissing(id: string, row: Row, call: WriteOptions, cause?: unknown): Promise<Row> {
    const { url, writes } = this.#input.settings;
    if (writes.insert === "POST") return this.#store({ method: "POST", url, id }, row, call);
    if (writes.insert === "PUT" && cause === undefined) {
      return this.#store({ method: "PUT", url: this.#urlOf(id), id }, row, call);
    }
    throw errorAt(
      "notFound",
      this.#place(id),
      "there is no such row, and the API has no way to insert it",
      cause,
    );
  }

  async #store(
    to: { readonly method: Method; readonly url: URL; readonly id: string; readonly over?: object },
    row: Row,
    call: WriteOptions,
  ): Promise<Row> {
    const { settings, reader } = this.#input;
    const sent = { row, over: to.over, place: this.#place(to.id) };
    const answer = await this.#send(to.method, to.url, sent, call);
    if (settings.writes.answersRow === false || answer.body === undefined)
      return this.#readAgain(to.id, call);
    const asked: Asked = { vista: settings.name, method: to.method, url: to.url };
    const [id, stored] = reader.entry(answer.body, asked);
    if (id === to.id) return stored;
    const what = `the row was stored under another id than ${JSON.stringify(to.id)}`;
    throw badAnswer(asked, `${what}; if the API chooses ids, say \`writes: { add: true }\` without insert`, {
      id,
    });
  }

  #send(
    method: Method,
    url: URL,
    {
      row,
      over,
      place,
    }: { readonly row: Row; readonly over?: object | undefined; readonly place: ErrorPlace },
    { signal, opId }: WriteOptions,
  ): Promise<HttpAnswer> {
    const body = { ...over, ...toJson(row, this.#input.reader.types, place) };
    return this.#input.client.send({ method, url, body, signal, opId });
  }

  /** Out of the answer, else the end of its Location. */
  #newIdOf({ body, headers }: HttpAnswer, asked: Asked): string {
    const { row, idColumn } = this.#input.settings;
    const held = readField(body, [...(row ?? []), idColumn]);
    if (typeof held === "string" || typeof held === "number" || typeof held === "bigint") return idOf(held);
    const location = URL.parse(headers.get("Location") ?? "", asked.url.href);
    const last = location?.pathname.split("/").findLast((part) => part !== "");
    const id = headers.has("Location") && last !== undefined ? decodePart(last) : undefined;
    if (id !== undefined) return id;
    throw badAnswer(asked, `it doesn't say the new row's id: neither in "${idColumn}" nor as Location`);
  }

  /** Never an error that says to try again: there would be two rows. */
  async #readAdded(id: string, call: WriteOptions): Promise<Row> {
    try {
      return await this.#readAgain(id, call);
    } catch (error) {
      if (!isDioramaError(error, "unavailable", "timeout")) throw error;
      const what = "the row was added under this id, but could not be read again; don't add it once more";
      throw errorAt("rejected", this.#place(id), what, error);
    }
  }

  async #readAgain(id: string, call: WriteOptions): Promise<Row> {
    const row = await this.#find(id, call);
    if (row !== undefined) return row;
    throw errorAt(
      "unavailable",
      this.#place(id),
      "the row was written, but can't be read yet; read it again later",
    );
  }

  async #existing(id: string, call: WriteOptions): Promise<FoundItem> {
    const found = await this.#input.items.find(this.#urlOf(id), id, call.signal);
    if (found === undefined) throw errorAt("notFound", this.#place(id), "there is no such row");
    return found;
  }

  #find(id: string, call: WriteOptions): Promise<Row | undefined> {
    return this.#input.items.get(this.#urlOf(id), id, call.signal);
  }

  #urlOf(id: string): URL {
    const url = this.#input.items.urlOf(id);
    if (url !== undefined) return url;
    throw errorAt("invalid", this.#place(id), "no path of a URL can hold this id");
  }

  #looksFirst(write: LookedFirst): boolean {
    return this.#input.settings.writes.lookFirst?.includes(write) === true;
  }

  #withoutId(row: Row): Row {
    return Object.fromEntries(
      Object.entries(row).filter(([column]) => column !== this.#input.settings.idColumn),
    );
  }

  #place(id?: string): ErrorPlace {
    return { vista: this.#input.settings.name, id };
  }
}

/** What a part of a path stands for; nothing where it is no text. */
function decodePart(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}
