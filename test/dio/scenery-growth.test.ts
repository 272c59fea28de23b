import { Lens, memory } from "vantage-diorama";
import { createManualClock } from "vantage-diorama/testing";
import { expect, test } from "vitest";
import { openLens, settle } from "./setup.ts";

interface Part {
  readonly id: string;
  readonly rank: number;
}

const part = (rank: number): Part => ({ id: `p${String(rank).padStart(3, "0")}`, rank });

/** Parts by rank, five to a page; the total is known at open. */
async function openParts(count: number) {
  const clock = createManualClock();
  const asked: string[] = [];
  const backend = memory<Part>("parts", {
    id: "id",
    rows: Array.from({ length: count }, (_, rank) => part(rank)),
  });
  const builder = Lens.builder()
    .clock(clock)
    .pageSize(5)
    .totalProvider((dio) => dio.master.count())
    .onLoadChunk(async (dio, { start, end }, sink) => {
      asked.push(`${start}..${end}`);
      const { rows } = await dio.master.orderBy("rank").fetchWindow(start, end - start);
      let index = start;
      for (const [id, row] of rows) sink.push(index++, id, row);
    });
  const lens = await openLens({ builder, clock });
  const dio = await lens.makeDio<Part>(backend);
  const table = await dio.tableScenery({ orderBy: "rank" }).open();
  const insert = async (rank: number): Promise<void> => {
    await backend.insert(part(rank).id, part(rank));
    await dio.handleEvent({ type: "inserted", id: part(rank).id });
    await clock.advance(1_000);
    await settle();
  };
  return { clock, asked, table, insert };
}

test("S22 S30 the first row of an empty paged table shows", async () => {
  const { table, insert } = await openParts(0);
  expect([table.rowCount, table.state.kind]).toEqual([0, "complete"]);
  await insert(1);
  expect([table.rowCount, table.row(0)?.id, table.total]).toEqual([1, "p001", { value: 1, kind: "stated" }]);
});

test("S22 S30 a row behind the last one shows where somebody looks at the end, and nothing more is asked", async () => {
  const { table, insert, asked, clock } = await openParts(10);
  table.setViewport(5, 10);
  await clock.advance(1_000);
  await settle();
  await insert(100);
  expect([table.rowCount, table.row(10)?.id, table.total.kind]).toEqual([11, "p100", "stated"]);
  table.setViewport(0, 3);
  await clock.advance(1_000);
  await settle();
  asked.length = 0;
  await insert(200);
  expect(asked).toEqual(["0..5"]);
  expect(table.total).toEqual({ value: 11, kind: "estimated" });
});
