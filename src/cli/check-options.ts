import { usageError } from "./cli-error.ts";
import type { SourceLocation } from "./source-location.ts";
import type { SourceOptions } from "./source-options.ts";

type Kind = Exclude<SourceLocation["kind"], "live">;

const ONE: Readonly<Record<Kind, string>> = { csv: "a CSV file", rest: "an API", demo: "a demo database" };
const MANY: Readonly<Record<Kind, string>> = { csv: "CSV files", rest: "APIs", demo: "demo databases" };

/** Options that not every kind of source has a use for. */
const USES: readonly (readonly [option: keyof SourceOptions, flag: string, kinds: readonly Kind[]])[] = [
  ["id", "--id", ["csv", "rest"]],
  ["type", "--type", ["csv", "rest"]],
  ["delimiter", "--delimiter", ["csv"]],
  ["restPreset", "--rest-preset", ["rest"]],
  ["rowsAt", "--rows-at", ["rest"]],
  ["header", "--header", ["rest"]],
  ["sourceOptions", "--source-options", ["csv", "rest"]],
];

/** Wrong usage where an option says how another kind of source is read: it would change nothing but the copy's folder. */
export function checkOptions(location: SourceLocation, options: SourceOptions): void {
  if (location.kind === "live") return checkOptions(location.inner, options);
  const { kind } = location;
  for (const [option, flag, kinds] of USES) {
    if (options[option] === undefined || kinds.includes(kind)) continue;
    throw usageError(`${flag} is for ${kinds.map((own) => MANY[own]).join(" and ")}; this is ${ONE[kind]}`);
  }
}
