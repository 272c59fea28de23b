import { errorAt } from "../base/index.ts";
import type { Source } from "./source.ts";

/** Ends with `invalid` unless `value` is a whole number from `least` on. */
export function checkWhole(source: Source<object>, what: string, value: number, least: number): void {
  if (Number.isSafeInteger(value) && value >= least) return;
  const given = typeof value === "number" ? String(value) : `a ${typeof value}`;
  throw errorAt(
    "invalid",
    { vista: source.name },
    `${what} is a whole number from ${least} on, not ${given}`,
  );
}
