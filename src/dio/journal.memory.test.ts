import { expect, test } from "vitest";
import { FlakyTable } from "../../test/dio/flaky-table.ts";
import { blankMeta } from "../cache/index.ts";
import type { Row } from "../record/index.ts";
import { createManualClock } from "../testing/index.ts";
import { Journal } from "./journal.ts";

async function createRig() {
  const clock = createManualClock();
  const table = await FlakyTable.create([]);
  const rows = new Map<string, Row>();
  const host = {
    stored: (id: string) => {
      const row = rows.get(id);
      return row === undefined ? undefined : { id, row, fetchedAt: 1 };
    },
    allIds: () => rows.keys(),
    meta: () => blankMeta,
    writesBehind: false,
    onFailure: (error: Error) => expect.fail(error.message),
  };
  const journal = new Journal(table, host, clock);
  const set = (id: string, n: number): void => {
    rows.set(id, { n });
    journal.changed(id);
  };
  const stored = (): Map<string, unknown> =>
    new Map([...table.content].map(([id, { row }]) => [id, row["n"]]));
  return { clock, table, rows, journal, set, stored };
}

test("D47 a table that ends with the process is written when it is flushed, and not before", async () => {
  const { clock, table, rows, journal, set, stored } = await createRig();
  set("a", 1);
  set("b", 1);
  await clock.advance(60_000);
  expect([table.attempts, clock.timerCount, journal.backlog]).toEqual([0, 0, 2]);
  await journal.flush();
  expect(stored()).toEqual(new Map(Object.entries({ a: 1, b: 1 })));
  set("a", 2);
  rows.delete("b");
  journal.changed("b");
  await journal.flush();
  expect(table.applied.at(-1)).toEqual({ puts: [{ id: "a", row: { n: 2 }, fetchedAt: 1 }], deletes: ["b"] });
  expect(clock.timerCount).toBe(0);
});

test("D47 more changes than are remembered one by one are written as all rows", async () => {
  const { journal, rows, set, stored } = await createRig();
  for (let n = 0; n < 10_500; n++) set(`${n}`, n);
  expect(journal.backlog).toBe(1);
  rows.delete("7");
  journal.changed("7");
  const flushed = journal.flush();
  // What changes while it is written comes behind.
  set("8", -8);
  await flushed;
  await journal.flush();
  expect([stored().size, stored().has("7"), stored().get("8")]).toEqual([10_499, false, -8]);
  journal.rewritten();
  rows.clear();
  set("z", 1);
  await journal.flush();
  expect([...stored()]).toEqual([["z", 1]]);
});
