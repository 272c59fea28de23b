import type { Battery, Counts } from "../../test/promises/battery.ts";
import { type BatteryTotals, type Totals, totalsOf } from "./totals.ts";

/** The lowest share that was reached of what was asked for; 1 and more: all of it. */
export function shareOf(asked: Counts, { counts, rounds }: BatteryTotals): number {
  const shares = Object.entries(asked).map(([name, count]) => (counts[name] ?? 0) / count);
  return shares.length === 0 ? rounds : Math.min(...shares);
}

/** What the choice of the next battery is made from. */
export interface Situation {
  readonly batteries: readonly Battery[];
  readonly totals: Totals;
  readonly running: readonly Battery[];
  /** Time that each has had in this soak. */
  readonly playedMs: ReadonlyMap<Battery, number>;
}

/**
 * The battery to play now, if any may run beside those that do. First comes who had less than half of an even
 * share of this soak's time, so that a slow one can't starve the others; then who is furthest from what a release
 * asks for, then from its goal.
 */
export function nextBattery({ batteries, totals, running, playedMs }: Situation): Battery | undefined {
  const evenMs = batteries.reduce((sum, battery) => sum + (playedMs.get(battery) ?? 0), 0) / batteries.length;
  const rank = (battery: Battery): readonly number[] => {
    const done = totalsOf(totals, battery);
    const least = shareOf(battery.least, done);
    const goal = shareOf(battery.goals, done);
    const isStarved = goal < 1 && (playedMs.get(battery) ?? 0) < evenMs / 2;
    return [running.includes(battery) ? 1 : 0, isStarved ? 0 : 1, least < 1 ? least : 1 + goal];
  };
  const ranked = batteries
    .map((battery) => ({ battery, rank: rank(battery) }))
    .toSorted((a, b) => compare(a.rank, b.rank));
  const first = ranked[0]?.battery;
  if (first === undefined) return undefined;
  const mayStart =
    running.length === 0 || [first, ...running].every(({ sharesMachine }) => sharesMachine === true);
  return mayStart ? first : undefined;
}

function compare(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((each, index) => each !== b[index]);
  return at === -1 ? 0 : (a[at] ?? 0) - (b[at] ?? 0);
}
