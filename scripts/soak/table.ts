import type { Battery } from "../../test/promises/battery.ts";
import { counted, toText } from "./counted.ts";
import { shareOf } from "./plan.ts";
import { type BatteryTotals, type Totals, totalsOf } from "./totals.ts";

/** What became of writes: a column of its own. */
const WRITES = ["acknowledged", "recovered", "duplicated", "lost"] as const;
const PERCENT = 100;

const names = (battery: Battery): readonly string[] => battery.promise.split(/[\s,]+/);

/** The Markdown table of all promises that are played; titles by id, as in docs/spec/promises.md. */
export function toTable(
  batteries: readonly Battery[],
  totals: Totals,
  titles: ReadonlyMap<string, string>,
): string {
  const rows = batteries.map((battery) => {
    const done = totalsOf(totals, battery);
    const title = names(battery)
      .map((id) => `${id} ${titles.get(id) ?? ""}`.trim())
      .join("; ");
    return `| ${title} | ${whatWasDone(done)} | ${writesOf(done)} | ${done.minutes.toFixed(1)} | ${done.broken.length} |`;
  });
  return [
    "| promise | what was done | acknowledged / recovered / duplicated / lost | minutes | broken |",
    "|---|---|---|---|---|",
    ...rows,
  ].join("\n");
}

/** A line for each battery that has not yet done what a release asks for. */
export function belowLeast(batteries: readonly Battery[], totals: Totals): string[] {
  return batteries.flatMap((battery) => {
    const done = totalsOf(totals, battery);
    if (shareOf(battery.least, done) >= 1) return [];
    const missing = Object.entries(battery.least)
      .filter(([name, least]) => (done.counts[name] ?? 0) < least)
      .map(([name, least]) => `${toText(done.counts[name] ?? 0)} of ${counted(least, name)}`);
    return [`${battery.promise}: ${missing.join(", ") || "not played"}`];
  });
}

/** A line for each seed that broke a promise, with the command that plays it again. */
export function brokenSeeds(batteries: readonly Battery[], totals: Totals): string[] {
  return batteries.flatMap((battery) =>
    totalsOf(totals, battery).broken.map(
      ({ seed, reason }) => `${replayCommand(battery, seed)}   # ${battery.promise}: ${reason}`,
    ),
  );
}

const replayCommand = (battery: Battery, seed: number): string =>
  `npm run soak -- --only ${names(battery)[0]} --seed ${seed}`;

/** How far the battery is on the way to its goal, for a progress line. */
export const percentOf = (battery: Battery, totals: Totals): string =>
  `${Math.floor(shareOf(battery.goals, totalsOf(totals, battery)) * PERCENT)} %`;

function whatWasDone({ counts, rounds }: BatteryTotals): string {
  const told = Object.entries(counts).filter(([name]) => !WRITES.some((each) => each === name));
  return [counted(rounds, "rounds"), ...told.map(([name, count]) => counted(count, name))].join(", ");
}

function writesOf({ counts }: BatteryTotals): string {
  if (!WRITES.some((name) => name in counts)) return "–";
  return WRITES.map((name) => (name in counts ? toText(counts[name] ?? 0) : "–")).join(" / ");
}
