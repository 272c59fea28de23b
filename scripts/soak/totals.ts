import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Battery, Counts } from "../../test/promises/battery.ts";

/** A round that broke its promise. */
export interface Broken {
  readonly seed: number;
  /** The first line of what it said. */
  readonly reason: string;
}

/** Everything that one battery did so far. */
export interface BatteryTotals {
  readonly rounds: number;
  readonly minutes: number;
  readonly counts: Counts;
  readonly broken: readonly Broken[];
}

/** What all soaks of one version of the code did. */
export interface Totals {
  readonly format: number;
  /** Of the code: figures of another one prove nothing about this one. */
  readonly version: string;
  /** By the battery's promise. */
  readonly batteries: Readonly<Record<string, BatteryTotals>>;
}

const FORMAT = 1;
const MS_A_MINUTE = 60_000;
const blank: BatteryTotals = { rounds: 0, minutes: 0, counts: {}, broken: [] };

export const totalsOf = (totals: Totals, { promise }: Battery): BatteryTotals =>
  totals.batteries[promise] ?? blank;

/** How a round ended. */
export type Outcome = { readonly counts: Counts } | { readonly reason: string };

export interface Round {
  readonly battery: Battery;
  readonly seed: number;
  readonly ms: number;
  readonly outcome: Outcome;
  /** The last of what it printed. */
  readonly output: string;
}

/** The totals with one round more. A broken round adds its time and its seed, and nothing to what was proven. */
export function addRound(totals: Totals, { battery, seed, ms, outcome }: Omit<Round, "output">): Totals {
  const before = totalsOf(totals, battery);
  const isBroken = "reason" in outcome;
  const counts: Record<string, number> = { ...before.counts };
  if (!isBroken) {
    for (const [name, count] of Object.entries(outcome.counts)) counts[name] = (counts[name] ?? 0) + count;
  }
  const after: BatteryTotals = {
    rounds: before.rounds + 1,
    minutes: before.minutes + ms / MS_A_MINUTE,
    counts,
    broken: isBroken ? [...before.broken, { seed, reason: outcome.reason }] : before.broken,
  };
  return { ...totals, batteries: { ...totals.batteries, [battery.promise]: after } };
}

export interface Resumed {
  readonly totals: Totals;
  /** What happened to a file of another version, for people; absent where there was none. */
  readonly notice?: string;
}

/**
 * The totals so far of this version of the code. A file of another version, or one that can't be read, is kept
 * apart under its version; what was kept apart of this one is gone on with.
 */
export function resumeTotals(file: string, version: string): Resumed {
  const found = existsSync(file) ? parse(readFileSync(file, "utf8")) : undefined;
  if (found?.version === version) return { totals: found };
  let notice: string | undefined;
  if (existsSync(file)) {
    const apart = apartFrom(file, found?.version ?? "unreadable");
    renameSync(file, apart);
    notice = `${file} was of ${found === undefined ? "another format" : `version ${found.version}`}: kept as ${apart}`;
  }
  const own = apartFrom(file, version);
  const kept = existsSync(own) ? parse(readFileSync(own, "utf8")) : undefined;
  const totals = kept?.version === version ? kept : { format: FORMAT, version, batteries: {} };
  return notice === undefined ? { totals } : { totals, notice };
}

/** Whole or not at all: a soak may be killed at any moment. */
export function saveTotals(file: string, totals: Totals): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.new`, `${JSON.stringify(totals, undefined, 2)}\n`);
  renameSync(`${file}.new`, file);
}

function apartFrom(file: string, version: string): string {
  return join(dirname(file), `soak-${version.replaceAll(/[^\w.-]+/g, "-")}.json`);
}

function parse(text: string): Totals | undefined {
  try {
    const read: unknown = JSON.parse(text);
    const isOurs =
      typeof read === "object" &&
      read !== null &&
      "format" in read &&
      read.format === FORMAT &&
      "version" in read;
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- of this format, so written by this program
    return isOurs ? (read as unknown as Totals) : undefined;
  } catch {
    return undefined;
  }
}
