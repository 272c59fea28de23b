import type { Value } from "../../record/index.ts";

/** The value as the text of a parameter; `undefined` for what has no text that every API takes for the same. */
export function valueText(value: Value, dates: boolean): string | undefined {
  switch (typeof value) {
    case "string":
      return value;
    case "number":
      return Number.isFinite(value) ? String(value) : undefined;
    case "bigint":
    case "boolean":
      return String(value);
    default:
      return dates && value instanceof Date ? value.toISOString() : undefined;
  }
}
