import { createRandom } from "vantage-diorama/testing";

/**
 * Runs the work with `Math.random` drawn from the seed: the product's own jitter comes again with it. For rounds
 * that have their process to themselves.
 */
export async function withSeededChance<T>(seed: number, work: () => Promise<T>): Promise<T> {
  const { random } = Math;
  const seeded = createRandom(seed);
  Math.random = () => seeded.next();
  try {
    return await work();
  } finally {
    Math.random = random;
  }
}
