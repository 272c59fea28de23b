import { DioramaError, type ErrorCode } from "../../base/index.ts";
import { cut, type Redaction } from "./redact.ts";

/** What an answer of that status means. */
export function codeOf(status: number): ErrorCode {
  switch (status) {
    case 400:
    case 422:
      return "invalid";
    case 404:
    case 410:
      return "notFound";
    case 405:
    case 501:
      return "unsupported";
    case 408:
      return "timeout";
    case 409:
    case 412:
      return "conflict";
    case 429:
      return "unavailable";
    default:
      return status >= 500 && status <= 599 ? "unavailable" : "rejected";
  }
}

const ADVICE: Readonly<Record<number, string>> = {
  400: "the API does not take what was asked or sent",
  401: "check what headers or auth give",
  403: "what headers or auth give does not allow it",
  404: "there is no such thing there; is the URL right?",
  405: "the API does not offer it",
  408: "try again",
  409: "another row or a newer state stands against it",
  410: "it is gone",
  412: "another row or a newer state stands against it",
  413: "send less at once",
  415: "the API wants another Content-Type; set it in headers",
  422: "the API does not take what was sent",
  429: "it is asked too often; set rateLimit or concurrency to what it allows",
  501: "the API does not offer it",
};

/** What the status asks of the reader. */
export function adviceFor(status: number): string {
  const known = ADVICE[status];
  if (known !== undefined) return known;
  if (status >= 500) return "the API is in trouble; try again later";
  return status >= 400 ? "the API refuses it" : "that is no answer to what was asked";
}

/** The API's own words for a refusal, in one short line without what was sent in confidence; empty where it has none. */
export function apiMessage(body: string, redaction: Redaction): string {
  const { title, detail, message, error } = fieldsOf(body);
  const inner = fieldsIn(error).message;
  const words = [textIn(title), textIn(detail)].filter((text) => text !== "");
  const own = words.length > 0 ? words.join(": ") : textIn(message) || textIn(error) || textIn(inner);
  return own === "" ? "" : JSON.stringify(redaction.clean(own));
}

function fieldsOf(body: string): Fields {
  try {
    return fieldsIn(JSON.parse(body));
  } catch {
    return {};
  }
}

interface Fields {
  readonly title?: unknown;
  readonly detail?: unknown;
  readonly message?: unknown;
  readonly error?: unknown;
}

const fieldsIn = (value: unknown): Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? value : {};

const textIn = (value: unknown): string => (typeof value === "string" ? value.trim() : "");

/** Deeper causes tell nothing new. */
const MOST_CAUSES = 4;

/** The error with what was sent in confidence taken out of it and of what caused it. */
export function toSafeCause(error: unknown, redaction: Redaction, depth = 0): Error | undefined {
  if (!(error instanceof Error) || depth === MOST_CAUSES) return undefined;
  const cause = toSafeCause(error.cause, redaction, depth + 1);
  const safe = new Error(redaction.clean(error.message), cause && { cause });
  safe.name = error.name;
  const code = systemCode(error);
  return code === undefined ? safe : Object.assign(safe, { code });
}

/** Why a request did not come through, in a word: the system's code where there is one. */
export function reasonOf(error: unknown, redaction: Redaction): string {
  let reason = "";
  let current = error;
  for (let depth = 0; depth < MOST_CAUSES && current instanceof Error; depth++) {
    const code = systemCode(current);
    if (code !== undefined) return code;
    reason = redaction.clean(current.message) || reason;
    current = current.cause;
  }
  return reason === "" ? "no reason given" : reason;
}

function systemCode(error: Error): string | undefined {
  const { code }: { readonly code?: unknown } = Object(error);
  return typeof code === "string" && /^\w+$/.test(code) ? cut(code, 40) : undefined;
}

/** The same error behind the request that it is about. */
export function about(what: string, error: DioramaError): DioramaError {
  return new DioramaError(error.code, `${what}: ${error.message}`, {
    place: error.place,
    cause: error.cause,
  });
}
