import { expect, test } from "vitest";
import { nextBattery, shareOf } from "../../scripts/soak/plan.ts";
import { addRound, type Totals } from "../../scripts/soak/totals.ts";
import { withFigures } from "../../scripts/soak/guarantees.ts";
import type { Battery } from "../promises/battery.ts";

const made = (promise: string, least: number, goal: number, sharesMachine = true): Battery => ({
  promise,
  goals: { cases: goal },
  least: { cases: least },
  sharesMachine,
  run: async () => ({ cases: 1 }),
});

const none: Totals = { format: 1, version: "one", batteries: {} };

/** Plays by the plan, one at a time: a round of a battery takes so long and does so many cases. */
function playAll(batteries: ReadonlyMap<Battery, { ms: number; cases: number }>, totalMs: number): Totals {
  let totals = none;
  const playedMs = new Map<Battery, number>();
  for (let at = 0; at < totalMs;) {
    const battery = nextBattery({ batteries: [...batteries.keys()], totals, running: [], playedMs });
    if (battery === undefined) expect.fail("there is always one to play");
    const { ms = 0, cases = 0 } = batteries.get(battery) ?? {};
    totals = addRound(totals, { battery, seed: 1, ms, outcome: { counts: { cases } } });
    playedMs.set(battery, (playedMs.get(battery) ?? 0) + ms);
    at += ms;
  }
  return totals;
}

test("what a release asks for comes first, then the goals, by share", () => {
  const a = made("P1", 10, 1_000);
  const b = made("P2", 100, 200);
  const rounds = { ms: 100, cases: 1 };
  const early = playAll(
    new Map([
      [a, rounds],
      [b, rounds],
    ]),
    100 * 110,
  );
  expect(early.batteries["P1"]?.counts["cases"]).toBeGreaterThanOrEqual(10);
  expect(early.batteries["P2"]?.counts["cases"]).toBeGreaterThanOrEqual(60);
  const late = playAll(
    new Map([
      [a, rounds],
      [b, rounds],
    ]),
    100 * 1_200,
  );
  for (const battery of [a, b]) {
    const done = late.batteries[battery.promise];
    expect(done && shareOf(battery.goals, done)).toBeGreaterThanOrEqual(1);
  }
});

test("a slow battery leaves the others a quarter of the time that an even share would be", () => {
  const slow = made("P15", 3_600, 3_600);
  const quick = [made("P1", 1_000, 5_000), made("P9", 1_000, 5_000)];
  const rounds = new Map([
    [slow, { ms: 10_000, cases: 1 }],
    ...quick.map((each) => [each, { ms: 1_000, cases: 1 }] as const),
  ]);
  const { batteries } = playAll(rounds, 600_000);
  for (const { promise } of quick) expect(batteries[promise]?.minutes).toBeGreaterThan(10 / 3 / 4);
  expect(batteries["P15"]?.minutes).toBeGreaterThan(10 / 3);
});

test("only batteries that share the machine play beside others, another one where there is one", () => {
  const [a, b, alone] = [made("P1", 1, 1), made("P2", 9, 9), made("P3", 1_000, 1_000, false)];
  const next = (batteries: readonly Battery[], running: readonly Battery[]): Battery | undefined =>
    nextBattery({ batteries, totals: none, running, playedMs: new Map() });
  expect(next([a, b], [])).toBe(a);
  expect(next([a, b], [a])).toBe(b);
  expect(next([a], [a])).toBe(a);
  expect(next([alone, a], [a])).toBe(undefined);
  expect(next([a, alone], [alone])).toBe(undefined);
  expect(next([alone, a], [])).toBe(alone);
});

test("a broken round adds its time and its seed, and nothing to what was proven", () => {
  const battery = made("P1", 1, 1);
  const outcome = { reason: "it was wrong" };
  expect(addRound(none, { battery, seed: 7, ms: 60_000, outcome }).batteries["P1"]).toEqual({
    rounds: 1,
    minutes: 1,
    counts: {},
    broken: [{ seed: 7, reason: "it was wrong" }],
  });
});

test("figures replace what stood between the marks of the page and touch nothing else", () => {
  const page =
    "# Guarantees\n\n<!-- soak: the lines up to the next mark are written by `npm run soak -- --write` -->\n\nold\n\n<!-- soak: end -->\n\nrest\n";
  const once = withFigures(page, ["new $& line"]);
  expect(once).toContain("-->\n\nnew $& line\n\n<!-- soak: end -->\n\nrest\n");
  expect(once).not.toContain("old");
  expect(withFigures(once, ["new $& line"])).toBe(once);
  expect(() => withFigures("no marks", [])).toThrow("no place for figures");
});
