import { cut } from "./redact.ts";

/** Bytes that are UTF-8 too. */
const CHARSETS = ["utf-8", "utf8", "us-ascii"];

/** What is wrong with a body of this type; nothing where it says that it is JSON in UTF-8. */
export function typeProblem(header: string | null): string | undefined {
  if (header === null || header.trim() === "") {
    return "answered without a Content-Type; if its bodies are JSON all the same, set acceptAnyType";
  }
  const [type = "", ...parameters] = header.split(";").map((part) => part.trim().toLowerCase());
  if (!/^application\/(?:[\w!#$&^.-]+\+)?json$/.test(type)) {
    return `answered ${shown(type)} instead of JSON; is the URL right?`;
  }
  const charset = parameters.find((parameter) => parameter.startsWith("charset="))?.slice("charset=".length);
  const name = charset?.replaceAll('"', "");
  return name === undefined || CHARSETS.includes(name)
    ? undefined
    : `answered JSON in ${shown(name)}; only UTF-8 is read`;
}

const shown = (text: string): string => JSON.stringify(cut(text, 60));
