const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** How long something took: `0.31 ms`, `42 ms`, `1.5 s`. */
export function tookText(ms: number): string {
  if (ms < 10) return `${ms.toFixed(2)} ms`;
  return ms < SECOND_MS ? `${Math.round(ms)} ms` : `${(ms / SECOND_MS).toFixed(1)} s`;
}

/** How old something is, in the one unit that says most: `3s`, `12m`, `5h`, `9d`. */
export function ageText(ms: number): string {
  if (ms < MINUTE_MS) return `${Math.floor(ms / SECOND_MS)}s`;
  if (ms < HOUR_MS) return `${Math.floor(ms / MINUTE_MS)}m`;
  return ms < DAY_MS ? `${Math.floor(ms / HOUR_MS)}h` : `${Math.floor(ms / DAY_MS)}d`;
}

/** How a hit compares with the miss that was there before it. */
export function comparisonText(hitMs: number, missMs: number): string {
  const factor = missMs / hitMs;
  const miss = `the miss (${tookText(missMs)})`;
  if (!(factor >= 1.05)) return `no faster than ${miss}`;
  return `${factor < 10 ? factor.toFixed(1) : Math.round(factor)} times faster than ${miss}`;
}
