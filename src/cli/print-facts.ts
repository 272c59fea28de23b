import type { Row } from "../record/index.ts";
import type { Frame } from "./frame.ts";
import { cellText, rowJsonText } from "./json-text.ts";
import { safeText } from "./safe-text.ts";
import { padTo, widthOf } from "./text-width.ts";

/** Prints one thing and what is known of it: a line for each fact, or with `--json` one object. */
export async function printFacts(frame: Frame, facts: Row): Promise<void> {
  if (frame.json) return frame.print(rowJsonText(facts));
  const names = Object.keys(facts);
  const width = Math.max(0, ...names.map((name) => widthOf(safeText(name))));
  for (const name of names) {
    const value = facts[name];
    const text = value === null ? frame.styles.dim("null") : safeText(cellText(value));
    await frame.print(`${frame.styles.bold(padTo(safeText(name), width, "right"))}  ${text}`);
  }
}
