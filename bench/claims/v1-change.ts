import type { Product } from "vantage-diorama/testing";
import type { Claim, Finding, Scale } from "../claim.ts";
import { inCategory, LimitOrder, LimitTable } from "../limits/limit-table.ts";
import { interleave, median, percentile, TURN_CHANGES, TURNS_A_ROUND } from "../measure.ts";
import { BY_PRICE, openOurs, type Ours, WINDOW } from "../ours.ts";
import { sameRows, Workload } from "../workload.ts";

/** One row changes: to the view that shows it, with its 50 visible rows read. */
export const claim: Claim = {
  id: "V1",
  title: "one change in an open view",
  left: "of one change with a window at the middle about half is the order itself (finding the old and the new place in leaves of packed keys, shifting ids and keys), a third telling the table, which reads its visible rows again and says what changed, and the rest the write: checking and copying the row, comparing it with the one before, the event and the promise. The limit does the first and a plain call. At a million rows the look-ups of ids in Maps outweigh all of it, and ours reads fewer of them, because rows that stay are known.",
  async run(scale) {
    const sizes = scale.smoke ? [scale.rows] : [Math.min(100_000, scale.rows), scale.rows];
    const findings: Finding[] = [];
    for (const size of new Set(sizes)) findings.push(...(await changesAt(size, scale)));
    return { findings };
  },
};

/** A view, and what happens to its rows. */
interface Case {
  readonly work: string;
  readonly category?: string;
  readonly offset: number;
  readonly target: number;
  changes(workload: Workload, count: number): Product[];
}

const SINGLES = 5_000;

async function changesAt(size: number, scale: Scale): Promise<Finding[]> {
  const workload = new Workload(size);
  const category = workload.products[0]?.category ?? "";
  const ids = workload.products.filter((product) => product.category === category).map(({ id }) => id);
  const middle = size / 2;
  const cases: Case[] = [
    {
      work: `the ${ids.length.toLocaleString("en")} rows of a category by price`,
      category,
      offset: 0,
      target: 3,
      changes: (from, count) => from.changesOf(ids, count),
    },
    { work: "all rows by price", offset: 0, target: 3, changes: (from, count) => from.changes(count) },
    {
      work: `${WINDOW} rows at offset 0`,
      offset: 0,
      target: 2.5,
      changes: (from, count) => from.changesAround(0, count),
    },
    {
      work: `${WINDOW} rows at the middle`,
      offset: middle,
      target: 2.5,
      changes: (from, count) => from.changesAround(middle, count),
    },
  ];
  const ours = await openOurs(workload.products);
  const limit = new LimitTable(workload.products);
  const findings: Finding[] = [];
  for (const each of cases) findings.push(...(await measure(each, { workload, ours, limit, scale })));
  await ours.lens.close();
  return findings;
}

interface Setting {
  readonly workload: Workload;
  readonly ours: Ours;
  readonly limit: LimitTable;
  readonly scale: Scale;
}

async function measure(each: Case, { workload, ours, limit, scale }: Setting): Promise<Finding[]> {
  const { category, offset } = each;
  const end = offset + WINDOW;
  const order = new LimitOrder(limit.rows, category === undefined ? undefined : inCategory(category));
  const close = limit.open(order);
  const table = await ours.dio
    .tableScenery({
      orderBy: BY_PRICE,
      ...(category === undefined ? {} : { where: ["category", "=", category] }),
    })
    .open();
  table.setViewport(offset, end);
  // The whole order: else the rows behind the first screens would be put in order later.
  table.rows(table.rowCount - 1, table.rowCount);
  const rowsNow = (): (Product | undefined)[] => table.rows(offset, end).map((shown) => shown?.row);
  rowsNow();

  let batch: Product[] = [];
  let read = 0;
  const times = await interleave(
    scale.rounds * TURNS_A_ROUND,
    {
      limit: () => {
        for (const product of batch) {
          limit.write(product);
          read += order.rowsBetween(offset, end).length;
        }
      },
      ours: async () => {
        for (const product of batch) {
          await ours.dio.cache.insert(product.id, product);
          read -= table.rows(offset, end).length;
        }
      },
    },
    { prepare: () => (batch = each.changes(workload, TURN_CHANGES)), warmUps: scale.rounds * TURNS_A_ROUND },
  );
  const expected = workload.sorted(category).slice(offset, end);
  sameRows("the limit", order.rowsBetween(offset, end), expected);
  sameRows("the table", rowsNow(), expected);
  if (read !== 0) throw new Error("the table showed fewer rows than the limit");

  const singles: number[] = [];
  for (const product of each.changes(workload, scale.smoke ? 100 : SINGLES)) {
    const start = performance.now();
    await ours.dio.cache.insert(product.id, product);
    table.rows(offset, end);
    singles.push(performance.now() - start);
    limit.write(product);
  }
  table.close();
  close();
  const size = `${workload.products.length.toLocaleString("en")} rows`;
  const perChange = 1_000 / TURN_CHANGES;
  return [
    {
      work: `${size}, one change: ${each.work}`,
      against: "a Map and an order-statistic list",
      ours: times.ours.medianMs * perChange,
      limit: times.limit.medianMs * perChange,
      unit: "µs",
      ratio: times.ours.medianMs / times.limit.medianMs,
      target: each.target,
    },
    {
      work: `${size}, the same, p99`,
      against: "our median",
      ours: percentile(singles, 0.99) * 1_000,
      limit: median(singles) * 1_000,
      unit: "µs",
      ratio: percentile(singles, 0.99) / median(singles),
      target: 5,
    },
  ];
}
