import { DioramaError } from "../../base/index.ts";

/**
 * Numbers that a double may not hold: sixteen digits and more that are no fraction, or exponents of three digits. Texts
 * may look the same: then JSON is only read in the slower way.
 */
const MAY_LOSE = /(?<![\d.])\d{16}|\d[eE]\+?\d{3}/;
const INTEGER = /^-?\d+$/;
/** The longest integer that is taken: turning digits into a bigint costs more than their count. */
const MOST_DIGITS = 1_000;

/** Whether JSON.parse tells a reviver how a number was written, and JSON.stringify writes one as it is told. */
export interface JsonHost {
  readonly tellsSource: boolean;
  readonly writesRaw: boolean;
}

const thisHost: JsonHost = {
  tellsSource: sourceOf("1", (text, revive) => JSON.parse(text, revive)) === "1",
  writesRaw: "rawJSON" in JSON,
};

/**
 * What the text stands for. Integers beyond 2^53 are bigints with all their digits; a host that does not tell how
 * they were written refuses them. `rejected`: no JSON, or a number that can't be held; `unavailable`: JSON that ends
 * in the middle, as a lost connection leaves it. No message quotes the text.
 */
export function parseJson(text: string, host: JsonHost = thisHost): unknown {
  try {
    return MAY_LOSE.test(text) ? parseExactly(text, host) : JSON.parse(text);
  } catch (error) {
    if (error instanceof DioramaError) throw error;
    if (error instanceof RangeError) throw refusal("its JSON is nested too deep");
    if (endsEarly(text)) throw new DioramaError("unavailable", "its JSON ends in the middle");
    throw refusal("its body is no JSON");
  }
}

function parseExactly(text: string, host: JsonHost): unknown {
  const revive = (_key: string, value: unknown, ...[context]: readonly unknown[]): unknown => {
    if (typeof value !== "number" || Number.isSafeInteger(value)) return value;
    const { source }: { readonly source?: unknown } = host.tellsSource ? Object(context) : {};
    if (typeof source === "string" && INTEGER.test(source)) return toBigInt(source);
    if (!Number.isFinite(value)) throw refusal("its JSON holds a number that is too large");
    if (host.tellsSource || !Number.isInteger(value)) return value;
    throw refusal("its JSON holds an integer beyond 2^53, which this host can't read without losing digits");
  };
  return JSON.parse(text, revive);
}

function toBigInt(digits: string): bigint {
  if (digits.length > MOST_DIGITS) throw refusal(`its JSON holds an integer of over ${MOST_DIGITS} digits`);
  return BigInt(digits);
}

/** The value as JSON: bigints as integers, larger doubles by their exponents, `-0` as it is. `invalid` for what JSON has no words for. */
export function toJsonText(value: unknown, host: JsonHost = thisHost): string {
  const raw: unknown = Reflect.get(JSON, "rawJSON");
  const exactly = (text: string): unknown => {
    if (!host.writesRaw || typeof raw !== "function") {
      throw new DioramaError("invalid", "this host can't write bigints as JSON; send them as texts");
    }
    return raw(text);
  };
  const text = JSON.stringify(value, (_key, item: unknown) => {
    if (typeof item === "bigint") return exactly(String(item));
    if (item instanceof Uint8Array)
      throw new DioramaError("invalid", "JSON has no bytes; send them as a text");
    if (typeof item !== "number") return item;
    if (!Number.isFinite(item)) throw new DioramaError("invalid", `JSON has no ${item}`);
    if (!host.writesRaw) return item;
    if (Object.is(item, -0)) return exactly("-0");
    // By its exponent it is read as a double again, and not as the integer that it only stands for.
    return Number.isInteger(item) && !Number.isSafeInteger(item) ? exactly(item.toExponential()) : item;
  });
  return text;
}

/** Whether brackets or a text are still open at the end: of no use for judging JSON, but for telling what it lacks. */
function endsEarly(text: string): boolean {
  let depth = 0;
  let inText = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (inText) {
      if (character === "\\") at++;
      else if (character === '"') inText = false;
    } else if (character === '"') inText = true;
    else if (character === "[" || character === "{") depth++;
    else if (character === "]" || character === "}") depth--;
  }
  return inText || depth > 0;
}

/** What a reviver is told of how this was written. */
function sourceOf(
  text: string,
  parse: (
    text: string,
    revive: (key: string, value: unknown, ...rest: readonly unknown[]) => unknown,
  ) => unknown,
): unknown {
  let source: unknown;
  parse(text, (_key, value, context) => {
    ({ source } = Object(context));
    return value;
  });
  return source;
}

const refusal = (why: string): DioramaError => new DioramaError("rejected", why);
