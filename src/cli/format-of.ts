import { usageError } from "./cli-error.ts";
import type { Frame } from "./frame.ts";
import type { FormatOptions } from "./query-options.ts";
import type { RowFormat } from "./row-format.ts";

/** The format that `--format` and `--json` ask for; a table where neither is given. */
export function formatOf(frame: Frame, { format }: FormatOptions): RowFormat {
  if (frame.json && format !== undefined && format !== "json" && format !== "ndjson")
    throw usageError(`--json and --format ${format} don't go together`);
  return format ?? (frame.json ? "json" : "table");
}
