import { expect, test } from "vitest";
import { seedsOf } from "./seeds.ts";
import { upstreamBattery } from "./upstream-events-battery.ts";

test(
  "P13 changes told twice, late, out of order, never or again converge at the next refresh",
  { timeout: 600_000 },
  async () => {
    for (const seed of seedsOf(1)) {
      const counts = await upstreamBattery.run(seed);
      const met = ["replayed", "duringRefresh", "writes", "feeds"].filter((name) => counts[name]);
      expect([met.length, counts["seeds"]]).toEqual([4, 200]);
    }
  },
);
