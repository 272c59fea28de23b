import { expect, test } from "vitest";
import { killHolders } from "./one-process-battery.ts";

const seed = Number(process.env["DIORAMA_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const kills = Number(process.env["DIORAMA_CASES"] ?? 10);

test(
  `P8 one process a folder: ${kills} holders are named at once, killed and taken over from within 2 s`,
  async () => {
    const done = await killHolders(seed, kills);
    console.log(`P8 DIORAMA_SEED=${seed}:`, done);
    expect(done).toMatchObject({ kills, refused: kills, lost: 0 });
    expect(done["acknowledged"]).toBeGreaterThan(0);
  },
  20_000 + kills * 3_000,
);
