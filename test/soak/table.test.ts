import { expect, test } from "vitest";
import { counted } from "../../scripts/soak/counted.ts";
import { toTable } from "../../scripts/soak/table.ts";
import type { Battery } from "../promises/battery.ts";

const battery: Battery = { promise: "P1", goals: {}, least: {}, run: async () => ({}) };

const rowFor = (rounds: number, counts: Readonly<Record<string, number>>): string | undefined =>
  toTable(
    [battery],
    { format: 1, version: "one", batteries: { P1: { rounds, minutes: 0.5, counts, broken: [] } } },
    new Map([["P1", "Kept"]]),
  )
    .split("\n")
    .at(-1);

test("the table counts one of a thing in the singular", () => {
  const counts = { kills: 1, "kills at named points": 1, acknowledged: 1, lost: 0 };
  expect(rowFor(1, counts)).toBe(
    "| P1 Kept | 1 round, 1 kill, 1 kill at named points | 1 / – / – / 0 | 0.5 | 0 |",
  );
  expect(rowFor(1_000, { kills: 0 })).toBe("| P1 Kept | 1,000 rounds, 0 kills | – | 0.5 | 0 |");
});

test.each([
  ["deliveries", "1 delivery", "2 deliveries"],
  ["crashes", "1 crash", "2 crashes"],
  ["misses", "1 miss", "2 misses"],
  ["closes", "1 close", "2 closes"],
  ["ops", "1 op", "2 ops"],
  ["killsDuringRecovery", "1 kill during recovery", "2 kills during recovery"],
  ["duringRefresh", "1 during refresh", "2 during refresh"],
  ["refused", "1 refused", "2 refused"],
])("what is counted as %s is %s or %s", (name, one, two) => {
  expect([counted(1, name), counted(2, name)]).toEqual([one, two]);
});
