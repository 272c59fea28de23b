import { expect, test } from "vitest";
import { type DamageCase, damageCases, runCacheDamage } from "./cache-damage-battery.ts";

const seed = Number(process.env["DIORAMA_SEED"] ?? Math.floor(Math.random() * 2 ** 32));
const cases = Number(process.env["DIORAMA_CASES"] ?? 200);

/** Cases that failed once. */
const failedOnce: readonly DamageCase[] = [
  // A structure so damaged that an emptied table was damaged again.
  [1_956_160_221, 124],
  // The index of the list of tables, or the list itself, lost its entries: tables opened as though they were new.
  [1_524_763_806, 717],
  [1_629_479_039, 128],
];

test(
  `P5 ${cases} damaged cache files: no wrong row, no crash, and the tables are filled again`,
  async () => {
    const { files, ...outcomes } = await runCacheDamage([...failedOnce, ...damageCases(seed, cases)]);
    console.log(`P5 DIORAMA_SEED=${seed}: ${files} files, tables: ${JSON.stringify(outcomes)}`);
    if (cases >= 100) expect(Math.min(...Object.values(outcomes))).toBeGreaterThan(0);
  },
  120_000 + cases * 1_000,
);
