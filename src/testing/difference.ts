import { equalRows, type Row } from "../record/index.ts";

/** Differences that one message tells. */
const MOST_LINES = 10;
const MOST_CHARACTERS = 300;

/** What one differs in from the other, a line for each row; empty: nothing. */
export function rowDifferences(
  what: string,
  found: ReadonlyMap<string, Row>,
  expected: ReadonlyMap<string, Row>,
): string[] {
  const lines: string[] = [];
  for (const id of new Set([...expected.keys(), ...found.keys()])) {
    const [is, was] = [found.get(id), expected.get(id)];
    if (is === undefined && was === undefined) continue;
    if (is === undefined || was === undefined || !equalRows(is, was))
      lines.push(`${what} ${JSON.stringify(id)}: found ${shown(is)}, expected ${shown(was)}`);
  }
  return lines;
}

export function difference(what: string, found: unknown, expected: unknown): string[] {
  const [is, was] = [shown(found), shown(expected)];
  return is === was ? [] : [`${what}: found ${is}, expected ${was}`];
}

/** One message of them all; `undefined`: there is none. */
export function toMessage(lines: readonly string[]): string | undefined {
  if (lines.length === 0) return undefined;
  const left = lines.length - MOST_LINES;
  return [
    "The Dio differs from what it must show:",
    ...lines.slice(0, MOST_LINES).map((line) => `  ${line}`),
    ...(left > 0 ? [`  and ${left} more`] : []),
  ].join("\n");
}

function shown(value: unknown): string {
  if (value === undefined) return "nothing";
  const text = JSON.stringify(value, replaced);
  return text.length <= MOST_CHARACTERS ? text : `${text.slice(0, MOST_CHARACTERS)}…`;
}

/** What JSON has no form for. */
function replaced(this: unknown, key: string, value: unknown): unknown {
  // JSON turns dates into text before it asks.
  const own = (this as Record<string, unknown>)[key];
  if (own instanceof Date) return `Date ${own.toISOString()}`;
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "number" && (!Number.isFinite(value) || Object.is(value, -0)))
    return Object.is(value, -0) ? "-0" : String(value);
  return value instanceof Uint8Array ? `${value.length} bytes ${value.join(" ")}` : value;
}
