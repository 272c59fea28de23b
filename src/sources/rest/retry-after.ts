/** The longest text that is looked at: a date has 29 characters. */
const MOST_CHARACTERS = 64;
const DAYS = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)";
const MONTHS = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)";
const LONG_DAYS = "(?:Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday)";
/** The three forms of RFC 9110, 5.6.7. */
const HTTP_DATE = new RegExp(
  [
    `^${DAYS}, \\d{2} ${MONTHS} \\d{4} \\d{2}:\\d{2}:\\d{2} GMT$`,
    `^${LONG_DAYS}, \\d{2}-${MONTHS}-\\d{2} \\d{2}:\\d{2}:\\d{2} GMT$`,
    `^${DAYS} ${MONTHS} [ \\d]\\d \\d{2}:\\d{2}:\\d{2} \\d{4}$`,
  ].join("|"),
);

/** The moment that a header names, in milliseconds since 1970; nothing where it names none. */
export function toHttpDateMs(text: string | null): number | undefined {
  if (text === null || text.length > MOST_CHARACTERS || !HTTP_DATE.test(text)) return undefined;
  // The oldest form names no zone; all of them mean the same one.
  const ms = Date.parse(text.endsWith("GMT") ? text : `${text} GMT`);
  return Number.isNaN(ms) ? undefined : ms;
}

/**
 * How long the API asks to be left alone, in milliseconds; nothing where it doesn't say, or not in a way that is
 * known. A date counts from the API's own `Date` where it gives one, whatever this machine's clock shows.
 */
export function retryAfterMs(headers: Headers, nowMs: number): number | undefined {
  const text = headers.get("Retry-After")?.trim();
  if (text === undefined || text.length > MOST_CHARACTERS) return undefined;
  if (/^\d+$/.test(text)) return Number(text) * 1_000;
  const untilMs = toHttpDateMs(text);
  if (untilMs === undefined) return undefined;
  return Math.max(0, untilMs - (toHttpDateMs(headers.get("Date")) ?? nowMs));
}
