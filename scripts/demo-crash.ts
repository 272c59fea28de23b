/**
 * `npm run demo:crash`: kills processes that write, a hundred times, and counts before your eyes what became of the
 * writes that they had been told were kept. `--kills N`, `--seed S`. Ends with code 1 where one was lost.
 * Ctrl-C ends it after the lives that are under way.
 */
import { randomInt } from "node:crypto";
import { type CrashCounts, runCrashTrial } from "../test/promises/crash-trial.ts";
import { readOptions, wholeNumber } from "./options.ts";

const SEEDS = 2 ** 31;
const INTERRUPTED = 130;

const options = readOptions({ kills: { type: "string", default: "100" }, seed: { type: "string" } });
const kills = wholeNumber("--kills", options.kills, 1);
const seed = options.seed === undefined ? randomInt(SEEDS) : wholeNumber("--seed", options.seed, 0);
const interrupt = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => interrupt.abort());

const isTerminal = process.stdout.isTTY;
/** Of a terminal that does not say how wide it is. */
const COLUMNS = 80;
/** On a pipe: a line for so many kills. */
const KILLS_A_LINE = 10;

/** Two destinations, each with a writer of its own, side by side. */
const destinations = [
  { sink: "once", name: "stores the opId with its effect" },
  { sink: "log", name: "a plain log" },
] as const;

const none: CrashCounts = {
  kills: 0,
  "kills during recovery": 0,
  acknowledged: 0,
  recovered: 0,
  duplicated: 0,
  lost: 0,
};
const counted: CrashCounts[] = destinations.map(() => none);
let told = 0;

console.log(
  `Killing two writers ${kills} times (--seed ${seed}). Each writes through a Lens whose copy and queue stand in a folder,\nand says so when a write is acknowledged; then it gets SIGKILL at a random moment; some get one more while they recover.\n`,
);
const outcomes = await Promise.allSettled(
  destinations.map(({ sink }, index) =>
    runCrashTrial({
      seed: seed + index,
      kills: index === 0 ? Math.ceil(kills / 2) : Math.floor(kills / 2),
      recoveryKills: 0,
      setting: { sink, durability: "fsync", concurrency: 1, hasPoison: true },
      signal: interrupt.signal,
      onProgress: (counts) => {
        counted[index] = counts;
        showProgress();
      },
    }),
  ),
);
if (isTerminal) process.stdout.write("\n");
showTable();

if (interrupt.signal.aborted) {
  // The terminal's Ctrl-C ends the writers too: what they say of that is no failure.
  console.log("\nStopped: what is counted is what was looked at by then.");
  process.exitCode = INTERRUPTED;
} else {
  const failures = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason] : []));
  for (const failure of failures) console.error(failure);
  if (failures.length > 0) process.exitCode = 1;
  else
    console.log(`
Nothing acknowledged was lost. Recovered: acknowledged, not yet settled at the kill, and there at the next start.
Duplicated: sent again after a kill or a lost answer, with the same opId; the first destination had each effect once.`);
}

function sum(of: (counts: CrashCounts) => number): number {
  return counted.reduce((total, counts) => total + of(counts), 0);
}

function showProgress(): void {
  const done = sum((each) => each.kills + each["kills during recovery"]);
  const counts = [
    `${done} kills`,
    `${sum((each) => each.acknowledged)} acknowledged`,
    `${sum((each) => each.recovered)} recovered`,
    `${sum((each) => each.duplicated)} duplicated`,
    `${sum((each) => each.lost)} lost`,
  ];
  const line = counts.join(" · ");
  if (isTerminal) process.stdout.write(`\r\u001B[K${line.slice(0, (process.stdout.columns || COLUMNS) - 1)}`);
  else if (done >= told + KILLS_A_LINE) {
    told = done;
    console.log(line);
  }
}

function showTable(): void {
  const heads = [
    "destination",
    "kills",
    "during recovery",
    "acknowledged",
    "recovered",
    "duplicated",
    "lost",
  ];
  const cells = (name: string, numbers: readonly number[]): string[] => [name, ...numbers.map(String)];
  const numbersOf = (counts: CrashCounts): number[] => [
    counts.kills,
    counts["kills during recovery"],
    counts.acknowledged,
    counts.recovered,
    counts.duplicated,
    counts.lost,
  ];
  const rows = [
    ...destinations.map(({ name }, index) => cells(name, numbersOf(counted[index] ?? none))),
    cells(
      "together",
      heads.slice(1).map((_, column) => sum((counts) => numbersOf(counts)[column] ?? 0)),
    ),
  ];
  const widths = heads.map((head, column) =>
    Math.max(head.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  for (const row of [heads, ...rows]) {
    const shown = row.map((cell, column) =>
      column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
    );
    console.log(shown.join("  "));
  }
}
