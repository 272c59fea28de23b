import type { Row } from "../../record/index.ts";
import { type StandardSchemaV1, Vista } from "../../vista/index.ts";
import { toSettings } from "./check-options.ts";
import type { CsvOptions } from "./csv-options.ts";
import { CsvSource } from "./csv-source.ts";
import { openLayout } from "./open-layout.ts";

/** A vista whose source is a CSV file. */
export class CsvVista<R extends object = Row> extends Vista<R> {
  declare readonly source: CsvSource<R>;

  constructor(source: CsvSource<R>) {
    super(source);
  }
}

/**
 * A vista over a CSV file (`.gz` too), after a look at its header and first 10,000 rows. `notFound` where there is
 * no such file, `invalid` for options or a header that can't be; bad rows end the reads, not this.
 */
export function csv<R extends object>(
  file: string | URL,
  options: CsvOptions<R> & { readonly schema: StandardSchemaV1<unknown, R> },
): Promise<CsvVista<R>>;
// Without a validator or a type argument nothing is known of the rows, wherever the call stands.
export function csv(file: string | URL, options?: CsvOptions): Promise<CsvVista>;
export function csv<R extends object>(file: string | URL, options?: CsvOptions<R>): Promise<CsvVista<R>>;
export async function csv<R extends object = Row>(
  file: string | URL,
  options: CsvOptions<R> = {},
): Promise<CsvVista<R>> {
  const settings = toSettings(file, options);
  const layout = await openLayout(settings, options);
  return new CsvVista(new CsvSource<R>(settings, layout, options.schema));
}
