import fc from "fast-check";
import { createScheduler } from "vantage-diorama/testing";
import { expect, test } from "vitest";
import { runs } from "./runs.ts";

/** The order in which the work is done: each piece is some turns long, and begins when all before it have begun. */
async function play(seed: number, lengths: readonly number[]): Promise<readonly string[]> {
  const scheduler = createScheduler(seed);
  await scheduler.run(async () => {
    const pieces = lengths.map(async (length, piece) => {
      for (let turn = 0; turn < length; turn++) await scheduler.turn(`${piece}.${turn}`);
    });
    await Promise.all(pieces);
  });
  return scheduler.order;
}

test("T31 beside fast-check: every turn comes once, in its own order, and a seed of the property replays it", async () => {
  const lengths = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(fc.integer(), lengths, async (seed, given) => {
      const order = await play(seed, given);
      expect(await play(seed, given)).toEqual(order);
      const expected = given.flatMap((length, piece) =>
        Array.from({ length }, (_, turn) => `${piece}.${turn}`),
      );
      expect(order.toSorted()).toEqual(expected.toSorted());
      const ofPiece = (piece: number): string[] => order.filter((label) => label.startsWith(`${piece}.`));
      for (const piece of given.keys()) expect(ofPiece(piece)).toEqual(ofPiece(piece).toSorted());
    }),
    runs(100),
  );
});
