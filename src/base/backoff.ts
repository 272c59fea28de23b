/** Growing waits between attempts. */
export interface Backoff {
  readonly minMs: number;
  readonly maxMs: number;
}

/**
 * Full jitter: a random wait between nothing and a ceiling that doubles with each attempt (from 1), so that
 * many clients of one recovering source spread out.
 */
export function backoffDelayMs(
  backoff: Backoff,
  attempt: number,
  random: () => number = Math.random,
): number {
  const ceilingMs = Math.min(backoff.maxMs, backoff.minMs * 2 ** Math.min(attempt - 1, 30));
  return Math.round(random() * ceilingMs);
}
