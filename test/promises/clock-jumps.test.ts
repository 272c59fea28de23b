import { describe, expect, test } from "vitest";
import { clockJumpsBattery, jumpNames, playStage, stageNames } from "./clock-jumps-battery.ts";
import { seedsOf } from "./seeds.ts";

describe("clocks that jump cause no storm, nothing immortal and no skipped refresh", () => {
  describe.each(jumpNames)("%s", (jump) => {
    test.each(stageNames)("P16 during %s", async (stage) => {
      await playStage(stage, [jump]);
    });
  });

  test("P16 several jumps one after the other", { timeout: 600_000 }, async () => {
    for (const seed of seedsOf(1)) {
      const { stages = 0, jumps = 0 } = await clockJumpsBattery.run(seed);
      expect([stages > 0, jumps > stages]).toEqual([true, true]);
    }
  });
});
