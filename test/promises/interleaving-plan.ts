import { type Capabilities } from "vantage-diorama";
import { createRandom, type Random } from "vantage-diorama/testing";
import { wholeOnly } from "../dio/setup.ts";

/** Rows that only others change, rows that only this Dio writes, and one that both do. */
export const theirs = ["t1", "t2"] as const;
export const mine = ["m1", "m2"] as const;
export const both = "x";

/** How the cache is filled, and with it what a table is: eager, or `paged`, or in `steps`. */
export type Fill = "seed" | "seed behind" | "read through" | "query" | "paged" | "steps";

const fills: readonly Fill[] = [
  "seed",
  "seed",
  "seed behind",
  "read through",
  "read through",
  "query",
  "paged",
  "steps",
];

export interface Setting {
  /**
   * `numbered`: calls are late there and back, and each row says which call brought it. `snapshot`: calls arrive at
   * once, answers are late, and equal rows stay the same objects.
   */
  readonly mode: "numbered" | "snapshot";
  readonly capabilities: Partial<Capabilities>;
  readonly fill: Fill;
  readonly optimistic: boolean;
  readonly concurrency: number;
  readonly freshForMs: number | undefined;
}

const reads = ["list", "count", "page", "narrowed", "mine"] as const;
const plain = ["refresh", "invalidate all", "invalidated", "clear", "reload", "flush"] as const;
const shows = ["table", "table", "record", "value", "search", "scroll", "scroll", "leave"] as const;
const writeKinds = ["replace", "replace", "patch", "patch", "delete", "insert"] as const;

export type Command =
  | { readonly do: (typeof reads)[number] | (typeof plain)[number] | (typeof shows)[number] }
  | { readonly do: "get" | "invalidate"; readonly id: string }
  /** At the source: in silence, told with the row, or told without it. */
  | {
      readonly do: "change";
      readonly id: string;
      readonly gone: boolean;
      readonly told: "no" | "with row" | "without";
    }
  | { readonly do: "put" | "drop"; readonly id: string }
  | { readonly do: "write"; readonly id: string; readonly kind: (typeof writeKinds)[number] }
  | { readonly do: "time"; readonly ms: number }
  | { readonly do: "close"; readonly what: "dio" | "lens" };

/** A command, and how many turns are drawn before it begins. */
export interface Step {
  readonly turns: number;
  readonly command: Command;
}

/** One interleaving: everything that happens, and the seed of what comes before what. */
export interface Plan {
  readonly seed: number;
  readonly setting: Setting;
  readonly steps: readonly Step[];
}

const MOST_STEPS = 14;

export function drawPlan(seed: number): Plan {
  const random = createRandom(seed);
  const fill = random.pick(fills);
  const setting: Setting = {
    mode: random.pick(["numbered", "snapshot"] as const),
    capabilities: drawCapabilities(random, fill),
    fill,
    optimistic: random.chance(0.8),
    concurrency: random.pick([1, 3]),
    freshForMs: random.chance(0.2) ? 20 : undefined,
  };
  const steps = Array.from({ length: random.integer(3, MOST_STEPS) }, () => ({
    turns: random.pick([0, 0, 0, 1, 1, 2, 3, 5]),
    command: drawCommand(random),
  }));
  if (random.chance(0.4)) {
    const command: Command = { do: "close", what: random.pick(["dio", "lens"] as const) };
    steps.splice(random.integer(1, steps.length), 0, { turns: random.integer(0, 4), command });
  }
  return { seed, setting, steps };
}

function drawCapabilities(random: Random, fill: Fill): Partial<Capabilities> {
  if (fill === "paged") return {};
  if (fill === "steps") return { ...wholeOnly, canFetchNext: true };
  return random.pick([
    {},
    wholeOnly,
    { ...wholeOnly, canMatch: true },
    { ...wholeOnly, canFetchPage: true, canFetchWindow: true, canCount: true },
  ]);
}

function drawCommand(random: Random): Command {
  const kind = random.integer(0, 99);
  if (kind < 20) return { do: random.pick(reads) };
  if (kind < 30) return { do: "get", id: random.pick([...theirs, ...mine, both]) };
  if (kind < 44) return { do: random.pick(plain) };
  if (kind < 52) return { do: "invalidate", id: random.pick([...theirs, ...mine, both]) };
  if (kind < 68) {
    const gone = random.chance(0.2);
    const told = random.pick(["no", "with row", "with row", "without"] as const);
    return { do: "change", id: random.pick([...theirs, both]), gone, told };
  }
  if (kind < 74) return { do: random.pick(["put", "drop"] as const), id: random.pick(theirs) };
  if (kind < 85) return { do: "write", id: random.pick([...mine, both]), kind: random.pick(writeKinds) };
  if (kind < 95) return { do: random.pick(shows) };
  return { do: "time", ms: random.pick([1, 50, 120]) };
}
