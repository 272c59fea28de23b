import type { Row, Value } from "../record/index.ts";
import type { Frame } from "./frame.ts";
import { rowJsonText, shownText } from "./json-text.ts";
import { safeText } from "./safe-text.ts";
import { padTo, widthOf } from "./text-width.ts";

/** Prints one thing and what is known of it: a line for each fact, or with `--json` one object. */
export async function printFacts(frame: Frame, facts: Row): Promise<void> {
  if (frame.json) return frame.print(rowJsonText(facts));
  const names = Object.keys(facts);
  const width = Math.max(0, ...names.map((name) => widthOf(safeText(name))));
  for (const name of names) {
    const value = facts[name];
    const text = value === null ? frame.styles.dim("null") : safeText(factText(value));
    await frame.print(`${frame.styles.bold(padTo(safeText(name), width, "right"))}  ${text}`);
  }
}

/** A list of words reads better without its quotes. */
function factText(value: Value | undefined): string {
  return isWords(value) ? value.join(", ") || "none" : shownText(value);
}

const isWords = (value: Value | undefined): value is readonly string[] =>
  Array.isArray(value) && value.every((word) => typeof word === "string");
