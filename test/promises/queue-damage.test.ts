import { expect, test } from "vitest";
import { runQueueDamage } from "./queue-damage-battery.ts";

const seed = Number(process.env["DIORAMA_SEED"] ?? Math.floor(Math.random() * 2 ** 32));
const cases = Number(process.env["DIORAMA_CASES"] ?? 100);

test(
  `P6 ${cases} damaged queue files: every op that is whole is kept, none is wrong, each loss is told by its place`,
  async () => {
    const counts = await runQueueDamage(seed, cases);
    console.log(`P6 DIORAMA_SEED=${seed}: ${JSON.stringify(counts)}`);
    expect(counts.files).toBe(cases);
    if (cases >= 100) expect(Math.min(counts.kept, counts.reported)).toBeGreaterThan(0);
  },
  120_000 + cases * 1_000,
);
