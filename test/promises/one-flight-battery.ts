import assert from "node:assert/strict";
import { Lens, memory } from "vantage-diorama";
import { createFaultySource, createRandom } from "vantage-diorama/testing";
import type { Battery, Counts } from "./battery.ts";

const MISSES = 10_000;
const ROWS = 100;
const MOST_LATENCY_MS = 20;

export const oneFlightBattery: Battery = {
  promise: "P14",
  goals: { misses: 1_000_000 },
  least: { misses: 40_000 },
  sharesMachine: true,
  run: runOneFlight,
};

type Ask = (n: number) => Promise<unknown>;

/** Misses of one row and of one query, first with a source that fails, then with one that answers. */
export async function runOneFlight(seed: number): Promise<Counts> {
  const random = createRandom(seed);
  const rows = Array.from({ length: ROWS }, (_, n) => ({ id: `r${n}`, n }));
  const capabilities = { canMatch: false, canFilter: false };
  const source = createFaultySource(memory("rows", { id: "id", rows, capabilities }).source, {
    seed,
    latencyMs: [0, random.integer(0, MOST_LATENCY_MS)],
  });
  const lens = await Lens.builder().build();
  const dio = await lens.makeDio(source);
  const row = random.integer(0, ROWS - 1);
  const below = random.integer(1, ROWS);

  /** Many at once: one call, one outcome for all. */
  const flight = async (method: "get" | "read", ask: Ask): Promise<PromiseSettledResult<unknown>[]> => {
    const before = source.calls(method);
    const results = await Promise.allSettled(Array.from({ length: MISSES }, (_, n) => ask(n)));
    assert.equal(source.calls(method) - before, 1, `${method}, seed ${seed}: calls of the source`);
    return results;
  };
  const isAnswer = (result: PromiseSettledResult<unknown>, answer: unknown): boolean =>
    result.status === "fulfilled" && result.value === answer;

  const get: Ask = async () => (await dio.vista().get(`r${row}`))?.n;
  source.failNext("get", new Error("down"));
  assert.ok(
    (await flight("get", get)).every(({ status }) => status === "rejected"),
    `get, seed ${seed}`,
  );
  assert.ok(
    (await flight("get", get)).every((each) => isAnswer(each, row)),
    `get, seed ${seed}`,
  );

  // Different queries, which the source can answer only by being read whole.
  const count: Ask = async (n) =>
    (await dio
      .vista()
      .where("n", "<", below + (n % 2))
      .count()) -
    (n % 2);
  const most = (n: number): number => Math.min(ROWS, below + (n % 2)) - (n % 2);
  source.failNext("read", new Error("down"));
  assert.ok(
    (await flight("read", count)).every(({ status }) => status === "rejected"),
    `read, seed ${seed}`,
  );
  const counted = await flight("read", count);
  assert.ok(
    counted.every((each, n) => isAnswer(each, most(n))),
    `read, seed ${seed}`,
  );
  await lens.close();
  return { misses: 4 * MISSES, calls: source.calls("get") + source.calls("read") };
}
