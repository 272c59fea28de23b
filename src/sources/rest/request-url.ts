import type { RestParameter } from "./rest-options.ts";

/** The collection's URL with these parameters behind its own. */
export function withParameters(url: URL, parameters: readonly RestParameter[]): URL {
  const asked = new URL(url);
  for (const [name, value] of parameters) asked.searchParams.append(name, value);
  return asked;
}

/** What stands for the id where a path is only looked at. */
const SAMPLE_ID = "x";

/** The URL of one row; `undefined` where no path can hold that id (`..`). */
export function itemUrl(collection: URL, template: string, id: string): URL | undefined {
  const [path = ""] = template.split("?");
  const isLost = path
    .split("/")
    .some((part) => part.includes("{id}") && isDots(part.replaceAll("{id}", () => id)));
  return isLost ? undefined : fillItem(collection, template, id);
}

/** What a path takes for a step up, or for nothing. */
const isDots = (part: string): boolean => part === "." || part === "..";

function fillItem(collection: URL, template: string, id: string): URL {
  const path = template.replaceAll("{id}", () => encodeURIComponent(id));
  const isQuery = path.startsWith("?");
  const below = new URL(collection);
  if (!isQuery && !below.pathname.endsWith("/")) below.pathname += "/";
  // As a path, whatever it looks like: an id `a:b` is no scheme.
  const url = new URL(path.startsWith("/") || isQuery ? path : `./${path}`, below);
  for (const [name, value] of collection.searchParams) url.searchParams.append(name, value);
  return url;
}

/** Whether the path stays with the API's own server. */
export function isOwnPath(collection: URL, path: string): boolean {
  // A URL of its own is none below this one, however it is written.
  if (/^(?:[a-z][a-z\d+.-]*:|\/\/)/i.test(path)) return false;
  // Behind a `#` nothing is sent: every row would be asked for at one address.
  if (path.includes("#")) return false;
  try {
    return fillItem(collection, path, SAMPLE_ID).origin === collection.origin;
  } catch {
    // No path at all.
    return false;
  }
}

/** Another path below the collection. */
export function pathUrl(collection: URL, path: string): URL {
  return fillItem(collection, path, SAMPLE_ID);
}
