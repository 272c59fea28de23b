import { DioramaError } from "../../base/index.ts";
import type { Row } from "../../record/index.ts";
import { type StandardSchemaV1, Vista } from "../../vista/index.ts";
import { toSettings } from "./check-options.ts";
import { createHttpClient } from "./fetch-client.ts";
import type { HttpClient } from "./http-client.ts";
import type { RestOptions } from "./rest-options.ts";
import { RestSource } from "./rest-source.ts";

/** A vista whose source is a collection of a REST API. */
export class RestVista<R extends object = Row> extends Vista<R> {
  declare readonly source: RestSource<R>;

  constructor(source: RestSource<R>) {
    super(source);
  }
}

/**
 * A vista over the collection at that URL, such as `https://example.com/api/posts`. Nothing is asked before the first
 * read; `invalid` for options that can't be, all of them at once.
 */
export function rest<R extends object>(
  url: string | URL,
  options: RestOptions<R> & { readonly schema: StandardSchemaV1<unknown, R> },
): RestVista<R>;
// Without a validator or a type argument nothing is known of the rows, wherever the call stands.
export function rest(url: string | URL, options?: RestOptions): RestVista;
export function rest<R extends object>(url: string | URL, options?: RestOptions<R>): RestVista<R>;
export function rest<R extends object = Row>(url: string | URL, options: RestOptions<R> = {}): RestVista<R> {
  const settings = toSettings(url, options);
  const client = inName(settings.name, createHttpClient(settings.base, settings.http));
  return new RestVista(new RestSource<R>(settings, client, options.schema));
}

/** The client, whose errors name the vista that asked. */
function inName(vista: string, client: HttpClient): HttpClient {
  return {
    send: async (request) => {
      try {
        return await client.send(request);
      } catch (error) {
        if (!(error instanceof DioramaError) || error.place.vista !== undefined) throw error;
        const { cause, place } = error;
        throw new DioramaError(error.code, `${vista}, ${error.message}`, {
          cause,
          place: { ...place, vista },
        });
      }
    },
  };
}
