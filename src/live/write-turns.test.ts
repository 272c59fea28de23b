import { expect, test } from "vitest";
import { DioramaError } from "../base/index.ts";
import { WriteTurns } from "./write-turns.ts";

test("LT15 LT28 100,000 writes wait, one more is full, and all of them are told of the end", async () => {
  const turns = new WriteTurns("products");
  const begun = Promise.withResolvers<void>();
  const first = turns.run(() => begun.promise, undefined);
  const outcomes = new Map<unknown, number>();
  const count = (error: unknown): void => void outcomes.set(error, (outcomes.get(error) ?? 0) + 1);
  const never = (): Promise<void> => Promise.reject(new Error("its turn never comes"));
  const waiting = Array.from({ length: 100_000 }, () => turns.run(never, undefined).catch(count));
  await expect(turns.run(never, undefined)).rejects.toMatchObject({ code: "full" });
  const reason = new DioramaError("closed", "products is closed");
  const closed = turns.close(reason);
  await Promise.all(waiting);
  expect([...outcomes]).toEqual([[reason, 100_000]]);
  begun.resolve();
  await Promise.all([first, closed]);
  await expect(turns.run(never, undefined)).rejects.toBe(reason);
});
