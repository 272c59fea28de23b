import { expect, test } from "vitest";
import { PagedRig, settle } from "../../test/scenery/paged-rig.ts";
import { must } from "../base/index.ts";
import { Sceneries } from "./sceneries.ts";
import type { TableScenery } from "./table-scenery.ts";

const idsOf = (table: TableScenery, start: number, end: number): (string | undefined)[] =>
  table.rows(start, end).map((row) => row?.id);

test("S20 S27 a handle reads what its viewport loads, and is told of that alone", async () => {
  const rig = new PagedRig(1_000);
  const sceneries = new Sceneries(rig.host);
  const table = await sceneries.table().open();
  expect([table.rowCount, table.total.kind, table.state.kind, table.hasMore]).toEqual([
    1_000,
    "stated",
    "partial",
    true,
  ]);
  expect([table.row(5)?.id, table.row(500), table.rows(995, 1_005).length]).toEqual(["r5", undefined, 5]);
  let told = 0;
  table.subscribe(() => (told += 1));
  table.setViewport(547, 550);
  await rig.host.clock.advance(50);
  await settle();
  expect([idsOf(table, 547, 550), told, table.generation]).toEqual([["r547", "r548", "r549"], 1, 1]);
  const other = await sceneries.table().open();
  other.setViewport(200, 220);
  await rig.host.clock.advance(50);
  await settle();
  expect([told, table.indexOf("r201"), other.row(201)?.id]).toEqual([1, 201, "r201"]);
  table.close();
  other.close();
  expect([rig.host.listenerCount, rig.host.clock.timerCount]).toEqual([0, 0]);
});

test("S26 S29 rows of a load that was begun before a new order or search never land", async () => {
  const rig = new PagedRig(1_000);
  const asked: string[] = [];
  const { loadChunk } = rig.host.feeds;
  rig.host.feeds.loadChunk = (range, sink, query, signal) => {
    asked.push(query.order.map(({ direction }) => direction).join());
    return loadChunk(range, sink, query, signal);
  };
  const table = await new Sceneries(rig.host).table().open();
  table.setViewport(200, 220);
  rig.isHolding = true;
  await rig.host.clock.advance(50);
  await settle();
  const before = must(rig.held.shift(), "the viewport is loaded");
  const ordered = table.setOrder([["name", "desc"]]);
  await settle();
  const after = must(rig.held.shift(), "the first screen of the new order is loaded");
  expect(idsOf(table, 0, 2)).toEqual(["r0", "r1"]);
  rig.source.reverse();
  await after.answer();
  await rig.host.clock.advance(50);
  await settle();
  for (const load of rig.held.splice(0)) await load.answer();
  await ordered;
  expect(before.signal.aborted).toBe(true);
  await before.answer(Array.from({ length: 100 }, (_, at) => `old${at}`));
  expect([idsOf(table, 200, 202), table.indexOf("old0"), asked.slice(0, 2), asked.at(-1)]).toEqual([
    ["r799", "r798"],
    -1,
    ["", ""],
    "desc",
  ]);
  table.close();
});

test("S31 a row that a queued delete hides is no row of a handle, at its place", async () => {
  const rig = new PagedRig(30);
  const table = await new Sceneries(rig.host).table().open();
  rig.host.setStatus("r7", "pending");
  rig.host.put("r7", undefined);
  expect([idsOf(table, 6, 9), table.rowCount]).toEqual([["r6", undefined, "r8"], 30]);
  rig.host.put("r8", { id: "r8", name: "patched" });
  rig.host.setStatus("r8", "pending");
  rig.host.publish();
  expect(table.row(8)).toMatchObject({ status: "pending", row: { name: "patched" } });
  table.close();
});

test("S37 a sequential table grows by pages", async () => {
  const rig = new PagedRig(250);
  rig.host.feeds.feedOf = () => "sequential";
  rig.host.feeds.loadNext = async (token, size) => {
    const start = Number(token ?? 0);
    const ids = rig.source.slice(start, start + size);
    for (const id of ids) rig.host.set(id, { id });
    rig.host.publish();
    return { ids, token: start + size < 250 ? String(start + size) : undefined };
  };
  const table = await new Sceneries(rig.host).table().open();
  expect([table.rowCount, table.hasMore, table.row(99)?.id]).toEqual([100, true, "r99"]);
  await table.loadMore();
  await table.loadMore();
  expect([table.rowCount, table.hasMore, table.state.kind, table.total]).toEqual([
    250,
    false,
    "complete",
    { value: 250, kind: "stated" },
  ]);
  table.close();
  expect([rig.host.listenerCount, rig.host.clock.timerCount]).toEqual([0, 0]);
});
