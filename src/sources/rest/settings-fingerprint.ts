import { rowChecksum } from "../../record/index.ts";
import type { RestSettings } from "./rest-settings.ts";

/** What parameters that log in are called: they say who asks, not what for. */
const SECRET_NAME = /key|token|secret|pass|auth|sig|session|jwt|credential/i;

const utf8 = new TextEncoder();

/** Kind, location and schema. Of the URL's own parameters only checksums, and nothing of those that log in. */
export function settingsFingerprint({ url, idColumn, rows, schema }: RestSettings): string {
  const parameters = [...url.searchParams]
    .filter(([name]) => !SECRET_NAME.test(name))
    .map(([name, value]) => [name, rowChecksum("rest", name, utf8.encode(value))]);
  const columns = schema.columns.map(({ name, type }) => [name, type]);
  const location = [url.origin, url.pathname, parameters];
  return `rest:${JSON.stringify([location, idColumn, rows ?? null, columns, schema.open])}`;
}
