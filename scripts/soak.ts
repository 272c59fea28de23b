/**
 * The long column of the promises. `npm run soak -- --minutes 10` plays the batteries of
 * test/promises/batteries.ts for so long, goes on where the last soak of the same code stopped, and prints the table
 * of all of them. `--only P1,P9` plays some; `--seed 7` plays that seed again and counts for nothing; `--write`
 * puts the table into docs/guarantees.md. Ends with code 1 where a promise was broken.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Battery } from "../test/promises/battery.ts";
import { numberFrom, readOptions, refuse, wholeNumber } from "./options.ts";
import { codeVersion } from "./soak/code-version.ts";
import { counted } from "./soak/counted.ts";
import { promiseTitles, withFigures } from "./soak/guarantees.ts";
import { readBatteries } from "./soak/read-batteries.ts";
import { Soak } from "./soak/soak.ts";
import { belowLeast, brokenSeeds, toTable } from "./soak/table.ts";
import { resumeTotals, type Totals } from "./soak/totals.ts";

const root = fileURLToPath(new URL("../", import.meta.url));
const SLOTS = Math.min(2, availableParallelism());
const LIMIT_MS = 60_000;
const MS_A_MINUTE = 60_000;
const INTERRUPTED = 130;

const values = readOptions({
  minutes: { type: "string" },
  only: { type: "string" },
  seed: { type: "string" },
  write: { type: "boolean", default: false },
  // For the tests of this program.
  batteries: { type: "string", default: join(root, "test/promises/batteries.ts") },
  totals: { type: "string", default: join(root, ".tmp/soak.json") },
  "code-version": { type: "string" },
  "limit-ms": { type: "string", default: String(LIMIT_MS) },
});

const module = resolve(values.batteries);
const all = await readBatteries(module);
const chosen = choose(all, values.only).filter(isPlayable);
const seed = values.seed === undefined ? undefined : wholeNumber("--seed", values.seed, 0);
const minutes = minutesOf();
const currentVersion = (): string => values["code-version"] ?? codeVersion(root);
const version = currentVersion();
const { totals: before, notice } = resumeTotals(values.totals, version);
if (notice !== undefined) console.log(notice);

const interrupt = new AbortController();
process.once("SIGINT", () => interrupt.abort());
process.once("SIGTERM", () => interrupt.abort());
const soak = new Soak(
  {
    batteries: chosen,
    module,
    seed,
    minutesMs: minutes * MS_A_MINUTE,
    limitMs: numberFrom("--limit-ms", values["limit-ms"], 0),
    slots: SLOTS,
    file: values.totals,
    signal: interrupt.signal,
  },
  before,
);
if (seed !== undefined && values.minutes === undefined) await soak.replay(seed);
else await soak.run();

report(soak.totals);
if (currentVersion() !== version)
  console.log(
    `\nThe code was changed while it was played: these figures are of no version. Delete ${values.totals}.`,
  );
if (soak.broken > 0) process.exitCode = 1;
if (interrupt.signal.aborted) process.exitCode = INTERRUPTED;

function report(totals: Totals): void {
  const page = join(root, "docs/guarantees.md");
  const text = readFileSync(page, "utf8");
  const table = toTable(all, totals, promiseTitles(text));
  const played = Object.values(totals.batteries).reduce((sum, each) => sum + each.minutes, 0);
  const minutes = counted(Math.round(played), "minutes");
  const about = `Code version ${totals.version}, Node ${process.version}: ${minutes} of rounds.`;
  const missing = belowLeast(all, totals);
  const least =
    missing.length === 0
      ? ["Every promise was played as often as a release asks for."]
      : ["Below what a release asks for:", "", ...missing.map((line) => `- ${line}`)];
  console.log(`\n${about}\n\n${table}\n\n${least.join("\n")}`);
  const seeds = brokenSeeds(all, totals);
  if (seeds.length > 0) console.log(`\nBroken, each to be played again with:\n${seeds.join("\n")}`);
  if (!values.write) return;
  writeFileSync(page, withFigures(text, [about, "", table, "", ...least]));
}

function choose(batteries: readonly Battery[], only: string | undefined): readonly Battery[] {
  if (only === undefined) return batteries;
  const wanted = only.split(",").map((id) => id.trim().toUpperCase());
  const idsOf = ({ promise }: Battery): readonly string[] => promise.split(/[\s,]+/);
  const unknown = wanted.filter((id) => !batteries.some((battery) => idsOf(battery).includes(id)));
  if (unknown.length > 0)
    refuse(
      `--only ${only}: there is no battery for ${unknown.join(", ")}; there are ${batteries.flatMap(idsOf).join(", ")}`,
    );
  return batteries.filter((battery) => idsOf(battery).some((id) => wanted.includes(id)));
}

function isPlayable(battery: Battery): boolean {
  const lacking = battery.lacks?.();
  if (lacking !== undefined) console.log(`${battery.promise} is not played: this machine lacks ${lacking}`);
  return lacking === undefined;
}

/** By default a minute; none where only a seed is played again, or only the table is wanted. */
function minutesOf(): number {
  if (values.minutes !== undefined) return numberFrom("--minutes", values.minutes, 0);
  return values.write || seed !== undefined ? 0 : 1;
}
