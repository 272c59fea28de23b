import type { Value } from "../../record/index.ts";
import type { RestParameter } from "./rest-options.ts";

/** What a query may add to a URL: servers take some 8,000 characters in all. */
const MAX_PARAMETERS_LENGTH = 6_000;

/** Whether a URL can hold these parameters. */
export function fitsUrl(parameters: readonly RestParameter[]): boolean {
  let length = 0;
  for (const part of parameters.flat()) length += encodeURIComponent(part).length + 1;
  return length <= MAX_PARAMETERS_LENGTH;
}

/**
 * The value as the text of a parameter; `undefined` for what has no text that every API takes for the same. To many
 * of them an empty one is no filter at all.
 */
export function valueText(value: Value, dates: boolean): string | undefined {
  switch (typeof value) {
    case "string":
      return value === "" ? undefined : value;
    case "number":
      return Number.isFinite(value) ? String(value) : undefined;
    case "bigint":
    case "boolean":
      return String(value);
    default:
      return dates && value instanceof Date ? value.toISOString() : undefined;
  }
}
