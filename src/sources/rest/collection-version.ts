import { errorAt, isDioramaError } from "../../base/index.ts";
import type { HttpClient } from "./http-client.ts";
import type { RestSettings } from "./rest-settings.ts";

/** Last-Modified is cut to the second: a change may follow within the same one. */
const SETTLED_MS = 1_000;

/** What the headers say of the collection's state. */
interface Validators {
  readonly etag: string | null;
  readonly lastModified: string | null;
  /** A change that is not told by Last-Modified may still come. */
  readonly isYoung: boolean;
}

/** Asks for the headers of the whole collection, without its rows. */
export class CollectionVersion {
  readonly #settings: RestSettings;
  readonly #client: HttpClient;
  #known: string | undefined;

  constructor(settings: RestSettings, client: HttpClient) {
    this.#settings = settings;
    this.#client = client;
  }

  /** The last stamp that was given, as `read` or as `stamp`. */
  get known(): string | undefined {
    return this.#known;
  }

  /** Changes whenever the collection does; `undefined` where the API doesn't say, or can't tell yet. */
  async read(signal: AbortSignal | undefined): Promise<string | undefined> {
    if (!this.#settings.version) return undefined;
    try {
      const validators = await this.#ask(signal);
      if (validators.etag === null && validators.isYoung) return undefined;
      this.#known = toStamp(validators);
      return this.#known;
    } catch (error) {
      // An API that refuses a HEAD says nothing of its state; one that is out of order is another matter.
      if (isDioramaError(error, "unsupported", "notFound", "invalid", "rejected")) return undefined;
      throw error;
    }
  }

  /** As `read`, for comparing with the one before: a young one differs from the same when it is settled. */
  async stamp(signal: AbortSignal): Promise<string> {
    this.#known = toStamp(await this.#ask(signal));
    if (this.#known !== undefined) return this.#known;
    const what =
      "the API sends neither ETag nor Last-Modified, so no change can be told; leave `pollEvery` out";
    throw errorAt("rejected", { vista: this.#settings.name }, what);
  }

  async #ask(signal: AbortSignal | undefined): Promise<Validators> {
    const { url, http } = this.#settings;
    const { headers } = await this.#client.send({ method: "HEAD", url, signal });
    const lastModified = headers.get("Last-Modified");
    const now = Date.parse(headers.get("Date") ?? "");
    const nowMs = Number.isNaN(now) ? http.clock.now() : now;
    return {
      etag: headers.get("ETag"),
      lastModified,
      isYoung: lastModified !== null && !(Date.parse(lastModified) + SETTLED_MS < nowMs),
    };
  }
}

function toStamp({ etag, lastModified, isYoung }: Validators): string | undefined {
  if (etag !== null) return `etag ${etag}`;
  return lastModified === null ? undefined : `modified ${lastModified}${isYoung ? " young" : ""}`;
}
