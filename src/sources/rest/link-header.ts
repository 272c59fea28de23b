import { DioramaError } from "../../base/index.ts";

/** One link of a Link header: where it leads, and what it is for. */
interface Link {
  readonly target: string;
  readonly relations: readonly string[];
  /** Whether it is a link of the answer itself, and not of something else that it names. */
  readonly isOwn: boolean;
}

const TARGET = /[\s,]*<([^>]*)>/y;
const PARAMETER = /\s*;\s*(?:([^\s=;,"<>]+)\s*(?:=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;,"]*)))?)?/y;
const END = /\s*(?=,|$)/y;
const NOTHING = /[\s,]*$/y;

/**
 * Where the first link of that relation leads (RFC 8288), resolved against the address that was asked; nothing where
 * there is none. `rejected`: a header that can't be read, for it might hide the link, and a link to another origin.
 */
export function linkOf(headers: Headers, relation: string, asked: URL): URL | undefined {
  const header = headers.get("Link");
  if (header === null) return undefined;
  const link = parseLinks(header).find(({ relations, isOwn }) => isOwn && relations.includes(relation));
  if (link === undefined) return undefined;
  if (!URL.canParse(link.target, asked.href)) throw refusal(`its link to the ${relation} page is no URL`);
  const target = new URL(link.target, asked.href);
  if (target.origin !== asked.origin || target.username !== "" || target.password !== "") {
    throw refusal(`its link to the ${relation} page leads away from ${asked.origin}, to ${target.origin}`);
  }
  return target;
}

function parseLinks(header: string): Link[] {
  const links: Link[] = [];
  let at = 0;
  while (match(NOTHING, header, at) === undefined) {
    const target = match(TARGET, header, at);
    if (target === undefined) throw refusal("its Link header can't be read");
    const read = readParameters(header, at + target[0].length);
    links.push({ target: target[1] ?? "", relations: read.relations, isOwn: read.isOwn });
    at = read.end;
  }
  return links;
}

function readParameters(header: string, from: number): Omit<Link, "target"> & { readonly end: number } {
  let relations: readonly string[] | undefined;
  let isOwn = true;
  let at = from;
  for (;;) {
    const found = match(PARAMETER, header, at);
    if (found === undefined) break;
    at += found[0].length;
    const [, name = "", quoted, token = ""] = found;
    const value = quoted === undefined ? token : quoted.replaceAll(/\\(.)/g, "$1");
    // The first one counts; another is to be ignored.
    if (name.toLowerCase() === "rel") relations ??= value.toLowerCase().split(/\s+/);
    if (name.toLowerCase() === "anchor") isOwn = false;
  }
  const end = match(END, header, at);
  if (end === undefined) throw refusal("its Link header can't be read");
  return { relations: relations ?? [], isOwn, end: at + end[0].length };
}

function match(pattern: RegExp, text: string, at: number): RegExpExecArray | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text) ?? undefined;
}

const refusal = (why: string): DioramaError => new DioramaError("rejected", why);
