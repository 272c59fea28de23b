import { basename, resolve } from "node:path";
import { usageError } from "./cli-error.ts";

/** What SOURCE names, told by how it is written. */
export type SourceLocation =
  | { readonly kind: "csv"; readonly path: string }
  | { readonly kind: "demo"; readonly path: string }
  | { readonly kind: "rest"; readonly url: URL }
  | { readonly kind: "live"; readonly inner: SourceLocation };

const LIVE = "live:";
const CSV_FILE = /\.(?:csv|tsv|gz)$/i;
const DEMO_FILE = /\.(?:db|sqlite)$/i;
const SCHEME = /^[a-z][a-z0-9+.-]+:\/\//i;

export function toLocation(source: string, folder: string): SourceLocation {
  if (source.startsWith(LIVE)) {
    const inner = toLocation(source.slice(LIVE.length), folder);
    if (inner.kind === "live")
      throw usageError("live:live: is one too many; live:SOURCE puts pages in front of a source");
    return { kind: "live", inner };
  }
  if (/^https?:\/\//i.test(source)) return { kind: "rest", url: toUrl(source) };
  if (SCHEME.test(source))
    throw usageError("SOURCE has a scheme that nothing here speaks; http:// and https:// are");
  if (CSV_FILE.test(source)) return { kind: "csv", path: resolve(folder, source) };
  if (DEMO_FILE.test(source)) return { kind: "demo", path: resolve(folder, source) };
  // What may be a URL without its scheme is not repeated: it may hold a password.
  const shown = /[@?]/.test(source) ? "SOURCE" : source;
  throw usageError(
    `${source === "" ? "SOURCE is empty" : `${shown} doesn't say what it is`}; a CSV file ends in .csv, .tsv or .gz, an API begins with https://, a demo database ends in .db`,
  );
}

/** For people and for `source.json`: without credentials and without the values of a query string. */
export function shownLocation(location: SourceLocation): string {
  switch (location.kind) {
    case "live":
      return `${LIVE}${shownLocation(location.inner)}`;
    case "rest":
      return shownUrl(location.url);
    case "csv":
    case "demo":
      return location.path;
  }
}

/** Of which its folder's name says a word. */
export function titleOf(location: SourceLocation): string {
  switch (location.kind) {
    case "live":
      return `live-${titleOf(location.inner)}`;
    case "rest":
      return `${location.url.host}${location.url.pathname}`;
    case "csv":
    case "demo":
      return basename(location.path);
  }
}

/** Everything of it, credentials included: never to be shown. */
export function wholeLocation(location: SourceLocation): string {
  switch (location.kind) {
    case "live":
      return `${LIVE}${wholeLocation(location.inner)}`;
    case "rest":
      return location.url.href;
    case "csv":
    case "demo":
      return location.path;
  }
}

function shownUrl(url: URL): string {
  const names = [...new Set(url.searchParams.keys())].map((name) => `${encodeURIComponent(name)}=?`);
  return `${url.origin}${url.pathname}${names.length === 0 ? "" : `?${names.join("&")}`}`;
}

function toUrl(source: string): URL {
  try {
    return new URL(source);
  } catch {
    // What was given is not repeated: it may hold a password.
    throw usageError("SOURCE begins like a URL and is none; give https://host/path");
  }
}
