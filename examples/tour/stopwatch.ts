import type { ComparisonReport, Spread } from "./report.ts";

/** Readings of the file: more while they are quick. */
const FILE_ROUNDS = 3;
const FILE_BUDGET_MS = 1_000;
/** Readings of the copy between two of the file. */
const COPY_ROUNDS = 100;
const COPY_BUDGET_MS = 40;

/** A comparison, and what both sides answered the last time. */
export interface Compared<Answer> {
  readonly times: Omit<ComparisonReport, "what">;
  readonly file: Answer;
  readonly copy: Answer;
}

/** Times two ways to one answer, interleaved. The copy goes first, so that its first time is one. */
export async function sideBySide<Answer>(
  ways: { readonly file: () => Promise<Answer>; readonly copy: () => Promise<Answer> },
  signal: AbortSignal,
): Promise<Compared<Answer>> {
  const first = await timed(ways.copy);
  let copy = first.answer;
  let file = first.answer;
  const fileTimes: number[] = [];
  const copyTimes: number[] = [];
  for (let spentMs = 0; fileTimes.length < FILE_ROUNDS && spentMs < FILE_BUDGET_MS;) {
    signal.throwIfAborted();
    const round = await timed(ways.file);
    file = round.answer;
    fileTimes.push(round.ms);
    spentMs += round.ms;
    for (let left = COPY_ROUNDS, leftMs = COPY_BUDGET_MS; left > 0 && leftMs > 0; left--) {
      const again = await timed(ways.copy);
      copy = again.answer;
      copyTimes.push(again.ms);
      leftMs -= again.ms;
    }
  }
  const times = {
    fileMs: median(fileTimes),
    fileRounds: fileTimes.length,
    copyFirstMs: first.ms,
    copyMs: median(copyTimes),
    copyRounds: copyTimes.length,
  };
  return { times, file, copy };
}

/** The answer of some work and how long it took. */
export async function timed<Answer>(
  work: () => Promise<Answer>,
): Promise<{ readonly answer: Answer; readonly ms: number }> {
  const startedAt = performance.now();
  const answer = await work();
  return { answer, ms: performance.now() - startedAt };
}

/** What half of the times, and 99 of 100, are not above. */
export function spread(times: readonly number[]): Spread {
  const sorted = Float64Array.from(times).sort();
  const at = (share: number): number => sorted[Math.floor(sorted.length * share)] ?? Number.NaN;
  return { median: at(0.5), p99: at(0.99) };
}

function median(times: readonly number[]): number {
  return spread(times).median;
}
