import { expect, test } from "vitest";
import { ChangeLog } from "./change-log.ts";
import type { RowChange } from "./row-change.ts";

const changes = (from: number, count: number): RowChange[] =>
  Array.from({ length: count }, (_, at) => ({
    id: `r${from + at}`,
    before: undefined,
    after: { n: from + at },
  }));

test("I22 the latest changes are kept, those before them are known to be missing", () => {
  const log = new ChangeLog();
  log.append(changes(0, 10));
  expect(log.since(7)?.map(({ id }) => id)).toEqual(["r7", "r8", "r9"]);
  expect(log.since(log.end)).toEqual([]);
  for (let from = 10; from < 40_010; from += 1_000) log.append(changes(from, 1_000));
  expect(log.end).toBe(40_010);
  expect(log.since(7)).toBeUndefined();
  expect(log.since(40_010 - 16_384)).toHaveLength(16_384);
  expect(log.since(40_009)).toEqual(changes(40_009, 1));
});

test("I22 more at once than is kept leaves nothing to catch up with", () => {
  const log = new ChangeLog();
  log.append(changes(0, 10));
  log.append(changes(10, 20_000));
  expect(log.end).toBe(20_010);
  expect(log.since(9)).toBeUndefined();
  expect(log.since(20_010)).toEqual([]);
  log.append(changes(20_010, 1));
  expect(log.since(20_010)).toEqual(changes(20_010, 1));
});
