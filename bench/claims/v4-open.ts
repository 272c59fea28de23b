import type { Product } from "vantage-diorama/testing";
import type * as record from "../../src/record/index.ts";
import type { Claim, Finding } from "../claim.ts";
import { LimitOrder, LimitTable } from "../limits/limit-table.ts";
import { interleave, median } from "../measure.ts";
import { BY_PRICE, openOurs, type Ours, WINDOW } from "../ours.ts";
import { sameRows, Workload } from "../workload.ts";

// The built one, as for everything that is measured; its types are there before it is built.
const { compareStrings, compareValues }: typeof record = await import(
  new URL("../../dist/record/index.js", import.meta.url).href
);

const ROUNDS = 7;

/** An order that nobody has asked for before; and one more window on it. */
export const claim: Claim = {
  id: "V4",
  title: "opening a full order, and a further window on it",
  left: "the order of one number is sorted as packed keys, of text by its first characters as numbers and by the whole text where these are equal; a further window costs its handle and the reading of its rows.",
  async run({ rows, smoke }) {
    const size = Math.min(rows, 100_000);
    const workload = new Workload(size);
    const { rows: map } = new LimitTable(workload.products);
    const middle = size / 2;
    const further: number[] = [];
    const firstScreen: number[] = [];
    let ours: Ours = await openOurs(workload.products);
    const times = await interleave(
      smoke ? 1 : ROUNDS,
      {
        limitNumber: () => new LimitOrder(map),
        oursNumber: async () => {
          const start = performance.now();
          const table = await ours.dio.tableScenery({ orderBy: BY_PRICE }).open();
          table.rows(0, WINDOW);
          firstScreen.push(performance.now() - start);
          // The last row needs the whole order.
          table.rows(size - WINDOW, size);
        },
        limitText: () => sortBy(map, "name"),
        oursText: () => openWhole(ours, "name", size),
        limitDate: () => sortBy(map, "updatedAt"),
        oursDate: () => openWhole(ours, "updatedAt", size),
        further: async () => further.push(...(await furtherWindows(ours, middle, smoke ? 2 : 20))),
      },
      {
        prepare: async () => {
          await ours.lens.close();
          ours = await openOurs(workload.products);
        },
      },
    );
    await checkOrders(ours, workload, map);
    await ours.lens.close();
    const furtherMs = median(further);
    const against = `toSorted by the one total order`;
    return {
      findings: [
        {
          ...opening("a number", {
            oursMs: times.oursNumber.medianMs,
            limitMs: times.limitNumber.medianMs,
            size,
          }),
          against: "the limit's bulk build",
          target: 2,
          note: `the first ${WINDOW} rows after ${median(firstScreen).toFixed(1)} ms`,
        },
        {
          ...opening("a text", { oursMs: times.oursText.medianMs, limitMs: times.limitText.medianMs, size }),
          against,
          target: 1.5,
        },
        {
          ...opening("a date", { oursMs: times.oursDate.medianMs, limitMs: times.limitDate.medianMs, size }),
          against,
          target: 1.5,
        },
        {
          work: `a further window on an open order of ${size.toLocaleString("en")} rows, ${WINDOW} rows of it read`,
          against: "30 µs",
          ours: furtherMs * 1_000,
          limit: 30,
          unit: "µs",
          ratio: furtherMs / 0.03,
          target: 1,
        },
      ],
    };
  },
};

interface Opened {
  readonly oursMs: number;
  readonly limitMs: number;
  readonly size: number;
}

const opening = (
  key: string,
  { oursMs, limitMs, size }: Opened,
): Pick<Finding, "work" | "ours" | "limit" | "unit" | "ratio"> => ({
  work: `opening an order of ${size.toLocaleString("en")} rows by ${key}, to its last row`,
  ours: oursMs,
  limit: limitMs,
  unit: "ms",
  ratio: oursMs / limitMs,
});

type Column = "name" | "updatedAt";

const sortBy = (map: ReadonlyMap<string, Product>, column: Column): Product[] =>
  [...map.values()].toSorted((a, b) => compareValues(a[column], b[column]) || compareStrings(a.id, b.id));

async function openWhole({ dio }: Ours, column: Column, size: number): Promise<void> {
  const table = await dio.tableScenery({ orderBy: [[column, "asc"]] }).open();
  table.rows(0, WINDOW);
  table.rows(size - WINDOW, size);
}

/** How long each takes. */
async function furtherWindows({ dio }: Ours, offset: number, count: number): Promise<number[]> {
  const times: number[] = [];
  for (let n = 0; n < count; n++) {
    const start = performance.now();
    const table = await dio.tableScenery({ orderBy: BY_PRICE }).open();
    table.setViewport(offset, offset + WINDOW);
    table.rows(offset, offset + WINDOW);
    times.push(performance.now() - start);
    table.close();
  }
  return times;
}

async function checkOrders(
  { dio }: Ours,
  workload: Workload,
  map: ReadonlyMap<string, Product>,
): Promise<void> {
  const sorted = { price: workload.sorted(), name: sortBy(map, "name"), updatedAt: sortBy(map, "updatedAt") };
  const shown = async (column: string, direction: "asc" | "desc"): Promise<(Product | undefined)[]> => {
    const table = await dio.tableScenery({ orderBy: [[column, direction]] }).open();
    return table.rows(0, map.size).map((each) => each?.row);
  };
  sameRows("the order by price", await shown("price", "desc"), sorted.price);
  sameRows("the order by name", await shown("name", "asc"), sorted.name);
  sameRows("the order by date", await shown("updatedAt", "asc"), sorted.updatedAt);
  sameRows("the limit", new LimitOrder(map).rowsBetween(0, map.size), sorted.price);
}
