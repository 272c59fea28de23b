/**
 * The long column of the promises: `npm run soak -- --minutes 10` plays random batteries for so long, adds what it
 * did to a totals file, and prints the totals of all runs so far. Ends with code 1 where a promise was broken.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { runViewBattery } from "../test/promises/view-battery.ts";

interface Totals {
  changes: number;
  comparisons: number;
  minutes: number;
  /** Seeds that broke the promise: each is replayed by DIORAMA_SEED, and belongs into a test. */
  readonly failed: number[];
}

const FOLDER = ".tmp";
const FILE = `${FOLDER}/soak.json`;
const CHANGES_A_BATTERY = 20_000;
const MS_A_MINUTE = 60_000;

const { values } = parseArgs({ options: { minutes: { type: "string", default: "1" } } });
const minutes = Number(values.minutes);
if (!(minutes > 0)) {
  console.error(`--minutes ${values.minutes}: give a number above 0`);
  process.exit(2);
}

const totals = readTotals();
const until = performance.now() + minutes * MS_A_MINUTE;
while (performance.now() < until) {
  const startedAt = performance.now();
  const seed = Math.floor(Math.random() * 2 ** 31);
  try {
    const { changes, comparisons } = await runViewBattery(seed, CHANGES_A_BATTERY);
    totals.changes += changes;
    totals.comparisons += comparisons;
  } catch (error) {
    totals.failed.push(seed);
    process.exitCode = 1;
    console.error(error);
  }
  totals.minutes += (performance.now() - startedAt) / MS_A_MINUTE;
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(FILE, JSON.stringify(totals, undefined, 2));
}
console.log(`| promise | changes | comparisons | minutes | differences |
|---|---|---|---|---|
| 9, views equal a recompute | ${totals.changes.toLocaleString("en-US")} | ${totals.comparisons.toLocaleString("en-US")} | ${totals.minutes.toFixed(1)} | ${totals.failed.length} |`);
if (totals.failed.length > 0)
  console.log(
    `Seeds to replay, as in DIORAMA_SEED=${totals.failed[0]} npm test -- views: ${totals.failed.join(" ")}`,
  );

function readTotals(): Totals {
  const blank: Totals = { changes: 0, comparisons: 0, minutes: 0, failed: [] };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by this program
  return existsSync(FILE) ? (JSON.parse(readFileSync(FILE, "utf8")) as Totals) : blank;
}
