/** Timing for claims that are ratios: the candidates take turns, so that a busy machine slows all of them. */

export interface Timed {
  /** Median over the rounds, in milliseconds. */
  readonly medianMs: number;
  readonly roundsMs: readonly number[];
}

type Work = () => unknown;

/** Changes come in short turns, many of them: what interrupts a turn stays out of the median. */
export const TURN_CHANGES = 20;
export const TURNS_A_ROUND = 10;

interface Rounds {
  /** Before each round, outside of what is timed. */
  readonly prepare?: Work;
  /** Rounds that don't count: one, unless the compiler needs more to get warm. */
  readonly warmUps?: number;
}

/** Runs each candidate once a round, in turn. */
export async function interleave<Name extends string>(
  rounds: number,
  candidates: Readonly<Record<Name, Work>>,
  { prepare = () => undefined, warmUps = 1 }: Rounds = {},
): Promise<Record<Name, Timed>> {
  const names = namesOf(candidates);
  const times = new Map<Name, number[]>(names.map((name) => [name, []]));
  for (let round = 0; round < warmUps + rounds; round++) {
    await prepare();
    for (const name of names) {
      const start = performance.now();
      await candidates[name]();
      if (round >= warmUps) times.get(name)?.push(performance.now() - start);
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

/** The value that this share of the numbers does not exceed. */
export function percentile(numbers: readonly number[], share: number): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

/** The e for which time ~ size^e, through the logarithms of the points. */
export function growthExponent(points: readonly { readonly size: number; readonly ms: number }[]): number {
  const xs = points.map(({ size }) => Math.log(size));
  const ys = points.map(({ ms }) => Math.log(ms));
  const mean = (values: readonly number[]): number =>
    values.reduce((sum, each) => sum + each, 0) / values.length;
  const [meanX, meanY] = [mean(xs), mean(ys)];
  const slope = xs.reduce((sum, x, at) => sum + (x - meanX) * ((ys[at] ?? 0) - meanY), 0);
  return slope / xs.reduce((sum, x) => sum + (x - meanX) ** 2, 0);
}

function namesOf<Name extends string>(candidates: Readonly<Record<Name, Work>>): Name[] {
  // Object.keys forgets the type of the keys.
  return Object.keys(candidates) as Name[];
}
