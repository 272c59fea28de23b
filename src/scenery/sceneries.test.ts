import { expect, test } from "vitest";
import { MapHost } from "../../test/scenery/map-host.ts";
import { DioramaError } from "../base/index.ts";
import type { Row } from "../record/index.ts";
import { Sceneries } from "./sceneries.ts";

const row = (id: string, price: number): Row => ({ id, name: id, category: `c${price % 3}`, price });

const setUp = (count: number) => {
  const host = new MapHost(Array.from({ length: count }, (_, at) => [`r${at}`, row(`r${at}`, at)] as const));
  return { host, sceneries: new Sceneries(host) };
};

test("S19 ten thousand handles leave no listener in the host or the views", async () => {
  const { host, sceneries } = setUp(20);
  const told: unknown[] = [];
  const open = [];
  for (let at = 0; at < 2_500; at++) {
    const orderBy = at % 2 === 0 ? "price" : "name";
    const table = await sceneries.table({ orderBy, where: ["category", "=", `c${at % 3}`] }).open();
    table.setViewport(0, 5);
    const record = sceneries.record(`r${at % 30}`);
    const sum = sceneries.value({ where: ["category", "=", `c${at % 3}`] }).sum("price");
    const groups = sceneries.value({ groupBy: "category" }).count();
    for (const handle of [table, record, sum, groups]) {
      handle.subscribe(() => void told.push(handle));
      open.push(handle);
    }
  }
  expect([sceneries.openCount, open.length]).toEqual([10_000, 10_000]);
  const views = host.views.size;
  expect(views).toBeLessThanOrEqual(12);
  told.length = 0;
  for (const handle of open) handle.close();
  host.put("r1", row("r1", 50));
  await host.clock.advance(0);
  expect([sceneries.openCount, host.listenerCount, host.clock.timerCount, told]).toEqual([0, 0, 0, []]);
  expect(host.views.figures.idle).toBe(host.views.size);
});

test("S19 a handle that could not be opened leaves nothing either", async () => {
  const { host, sceneries } = setUp(3);
  host.feeds.feedOf = () => {
    throw new Error("no feed");
  };
  await expect(sceneries.table().open()).rejects.toThrow("no feed");
  expect([sceneries.openCount, host.listenerCount, host.clock.timerCount]).toEqual([0, 0, 0]);
});

test("S2 the same options, however they are written, are one model; another page size is none for eager tables", async () => {
  const { host, sceneries } = setUp(10);
  const tables = await Promise.all([
    sceneries.table({ orderBy: "price", where: [["category", "=", "c1"]] }).open(),
    sceneries.table({ orderBy: [{ column: "price" }], where: ["category", "=", "c1"], pageSize: 7 }).open(),
    sceneries.table({ orderBy: ["price", "asc"], where: ["category", "=", "c1"], search: " " }).open(),
  ]);
  expect(host.views.size).toBe(1);
  expect(host.listenerCount).toBe(2);
  for (const table of tables) table.close();
  expect([host.listenerCount, host.views.figures.idle]).toEqual([0, 1]);
});

test("S17 a host that refuses before it says that it closes is told of once", async () => {
  const { host, sceneries } = setUp(3);
  host.feeds.isPrepared = () => false;
  const refuse = async (): Promise<void> => {
    throw new DioramaError("closed", "closing");
  };
  const table = sceneries.table().open();
  const [record, total] = [sceneries.record("x"), sceneries.value().count()];
  const told: string[] = [];
  record.subscribe(() => void told.push("record"));
  total.subscribe(() => void told.push("total"));
  host.feeds.prepare = host.feeds.loadRow = refuse;
  host.isClosing = true;
  const opened = [table, record.open(), total.open()].map((open) =>
    expect(open).rejects.toMatchObject({ code: "closed" }),
  );
  await host.clock.advance(600_000);
  expect(told).toEqual([]);
  host.close();
  await Promise.all(opened);
  expect(told.toSorted()).toEqual(["record", "total"]);
});
