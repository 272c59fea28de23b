import { DioramaError } from "./errors.ts";

/** Milliseconds, or a number with a unit: `"250ms"`, `"5s"`, `"5m"`, `"1.5h"`, `"7d"`. */
export type Duration = number | string;

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** The duration in milliseconds; `invalid`, naming `what`, for anything that is none. Infinity means never. */
export function toMilliseconds(duration: Duration, what: string): number {
  if (typeof duration === "number" && duration >= 0) return duration;
  if (typeof duration === "string") {
    const match = /^\s*(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)\s*$/.exec(duration);
    const unitMs = UNIT_MS[match?.[2] ?? ""];
    if (match !== null && unitMs !== undefined) return Number(match[1]) * unitMs;
  }
  const given = typeof duration === "string" ? JSON.stringify(duration) : String(duration);
  throw new DioramaError(
    "invalid",
    `${what}: ${given} is no duration; give milliseconds or a text such as "250ms", "30s", "5m", "2h", "1d"`,
  );
}
