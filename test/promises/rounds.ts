import { deriveSeed } from "vantage-diorama/testing";
import type { Counts } from "./battery.ts";
import { withSeededChance } from "./seeded-chance.ts";

/** Many short rounds as one, each from a seed of its own; what breaks names the round. */
export async function playRounds(
  seed: number,
  rounds: number,
  play: (seed: number) => Promise<Counts>,
): Promise<Counts> {
  const sums: Record<string, number> = {};
  for (let round = 0; round < rounds; round++) {
    const own = deriveSeed(seed, round);
    let counts: Counts;
    try {
      counts = await withSeededChance(own, () => play(own));
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new Error(`DIORAMA_SEED=${seed}, round ${round}: ${why}`, { cause: error });
    }
    for (const [name, count] of Object.entries(counts)) sums[name] = (sums[name] ?? 0) + count;
  }
  return sums;
}
