/** Timing for claims that are ratios: the candidates take turns, so that a busy machine slows all of them. */

export interface Timed {
  /** Median over the rounds, in milliseconds. */
  readonly medianMs: number;
  readonly roundsMs: readonly number[];
}

type Work = () => unknown;

/** Runs each candidate once a round, in turn; the first round warms up and does not count. */
export async function interleave<Name extends string>(
  rounds: number,
  candidates: Readonly<Record<Name, Work>>,
): Promise<Record<Name, Timed>> {
  const names = namesOf(candidates);
  const times = new Map<Name, number[]>(names.map((name) => [name, []]));
  for (let round = 0; round <= rounds; round++) {
    for (const name of names) {
      const start = performance.now();
      await candidates[name]();
      if (round > 0) times.get(name)?.push(performance.now() - start);
    }
  }
  const timed: Partial<Record<Name, Timed>> = {};
  for (const name of names) {
    const roundsMs = times.get(name) ?? [];
    timed[name] = { medianMs: median(roundsMs), roundsMs };
  }
  // Every name was just set.
  return timed as Record<Name, Timed>;
}

export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? upper)) / 2;
}

function namesOf<Name extends string>(candidates: Readonly<Record<Name, Work>>): Name[] {
  // Object.keys forgets the type of the keys.
  return Object.keys(candidates) as Name[];
}
