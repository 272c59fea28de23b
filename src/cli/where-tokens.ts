import { usageError, type CliError } from "./cli-error.ts";
import { safeText } from "./safe-text.ts";
import { widthOf } from "./text-width.ts";

/** A piece of a `--where`; `start` and `end` are places in its text. */
export interface WhereToken {
  /** `word`: bare; `text`: in quotes; `symbol`: an operator, a parenthesis or a comma. */
  readonly kind: "word" | "text" | "symbol" | "end";
  /** Without quotes. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

const MOST_CHARACTERS = 10_000;
/** Of a long text, so much before and behind the place is shown. */
const SHOWN_AROUND = 40;

const SPACE = /\s/;
const BRACKETS = "(),";
const OPERATOR = /[=!<>]/;
const QUOTE = /['"]/;
const WORD = /[^\s(),=!<>'"]/;

/** Cuts the text into its pieces, the last of them its end. */
export function toTokens(text: string): WhereToken[] {
  if (text.length > MOST_CHARACTERS)
    throw usageError(`--where: it has ${text.length} characters, at most ${MOST_CHARACTERS} are taken`);
  const tokens: WhereToken[] = [];
  let at = 0;
  while (at < text.length) {
    if (SPACE.test(text.charAt(at))) at++;
    else {
      const token = tokenAt(text, at);
      tokens.push(token);
      at = token.end;
    }
  }
  return [...tokens, { kind: "end", text: "", start: text.length, end: text.length }];
}

/** Wrong usage at a place of a `--where`: the text below the message, with a `^` under the place. */
export function errorInWhere(text: string, at: number, message: string): CliError {
  const from = Math.max(0, at - SHOWN_AROUND);
  const to = Math.min(text.length, at + SHOWN_AROUND);
  const before = `${from > 0 ? "…" : ""}${safeText(text.slice(from, at))}`;
  const behind = `${safeText(text.slice(at, to))}${to < text.length ? "…" : ""}`;
  const detail = `  ${before}${behind}\n  ${" ".repeat(widthOf(before))}^`;
  return usageError(`--where, character ${at + 1}: ${message}`, { detail });
}

function tokenAt(text: string, start: number): WhereToken {
  const first = text.charAt(start);
  if (QUOTE.test(first)) return quotedAt(text, start, first);
  if (BRACKETS.includes(first)) return { kind: "symbol", text: first, start, end: start + 1 };
  const run = OPERATOR.test(first) ? OPERATOR : WORD;
  let end = start + 1;
  while (end < text.length && run.test(text.charAt(end))) end++;
  return { kind: run === WORD ? "word" : "symbol", text: text.slice(start, end), start, end };
}

/** A quote is written twice to stand in the text; nothing else is special in it. */
function quotedAt(text: string, start: number, quote: string): WhereToken {
  let content = "";
  let from = start + 1;
  for (;;) {
    const close = text.indexOf(quote, from);
    if (close === -1) throw errorInWhere(text, start, `this ${quote} has no other one that closes it`);
    content += text.slice(from, close);
    if (text.charAt(close + 1) !== quote) return { kind: "text", text: content, start, end: close + 1 };
    content += quote;
    from = close + 2;
  }
}
