import type { Product } from "vantage-diorama/testing";
import type { Claim, Finding, Scale } from "../claim.ts";
import { LimitOrder, LimitTable, LimitTotals } from "../limits/limit-table.ts";
import { interleave, TURN_CHANGES, TURNS_A_ROUND } from "../measure.ts";
import { openOurs } from "../ours.ts";
import { Workload } from "../workload.ts";

/** Counts, sums, averages and extremes over all rows and by group, after one change. */
export const claim: Claim = {
  id: "V7",
  title: "values over the rows, one change",
  left: "the write itself: the row is checked, copied, compared and announced before the sum moves, which takes longer than all that the limit does. Without maps, sets and lists of keys for a single changed row, and with one promise for each write, it went from 2.9 to 2.0 µs; among 1,000 rows, which fit the caches, it takes 0.8 µs, so that most of it is waiting for memory: the row that is replaced, its texts, its place in the Map. The sums are exact, which a running number is not.",
  async run(scale) {
    const sizes = scale.smoke ? [scale.rows] : [Math.min(100_000, scale.rows), scale.rows];
    const findings: Finding[] = [];
    for (const size of new Set(sizes)) findings.push(...(await valuesAt(size, scale)));
    return { findings };
  },
};

async function valuesAt(size: number, { rounds }: Scale): Promise<Finding[]> {
  const workload = new Workload(size);
  const { products } = workload;
  const limit = new LimitTable(products);
  const { lens, dio } = await openOurs(products);
  let batch: Product[] = [];
  const work = `${size.toLocaleString("en")} rows, one change:`;
  const compare = async (
    limitRead: () => unknown,
    oursRead: () => unknown,
    changes: () => Product[],
  ): Promise<Pick<Finding, "ours" | "limit" | "unit" | "ratio" | "target">> => {
    const turn = {
      limit: () => {
        for (const product of batch) {
          limit.write(product);
          if (limitRead() === undefined) throw new Error("the limit has no value");
        }
      },
      ours: async () => {
        for (const product of batch) {
          await dio.cache.insert(product.id, product);
          if (oursRead() === undefined) throw new Error("there is no value");
        }
      },
    };
    const turns = rounds * TURNS_A_ROUND;
    const { ours, limit: least } = await interleave(turns, turn, {
      prepare: () => (batch = changes()),
      warmUps: turns,
    });
    return {
      ours: (ours.medianMs * 1_000) / TURN_CHANGES,
      limit: (least.medianMs * 1_000) / TURN_CHANGES,
      unit: "µs",
      ratio: ours.medianMs / least.medianMs,
      target: 3,
    };
  };
  const anywhere = (): Product[] => workload.changes(TURN_CHANGES);
  const findings: Finding[] = [];

  {
    const totals = new LimitTotals(limit.rows, ({ category }) => category);
    const close = limit.open(totals);
    const count = await dio.valueScenery({ groupBy: "category" }).count().open();
    const sum = await dio.valueScenery({ groupBy: "category" }).sum("price").open();
    const found = await compare(
      () => addUp(totals.groups.values()),
      () => readAll(count.value, sum.value),
      anywhere,
    );
    for (const [category, group] of totals.groups) {
      near(`the sum of ${category}`, Number(sum.value?.get(category)), group.sum);
      near(`the count of ${category}`, Number(count.value?.get(category)), group.count);
    }
    findings.push({
      ...found,
      work: `${work} count and sum by category, 50 groups read`,
      against: "running numbers in a Map",
    });
    for (const each of [count, sum]) each.close();
    close();
  }
  {
    const totals = new LimitTotals(limit.rows, () => "");
    const close = limit.open(totals);
    const values = dio.valueScenery();
    const [count, sum, avg] = [
      await values.count().open(),
      await values.sum("price").open(),
      await values.avg("price").open(),
    ];
    const found = await compare(
      () => totals.groups.get("")?.sum,
      () => count.value !== undefined && avg.value !== undefined && sum.value,
      anywhere,
    );
    near("the sum", Number(sum.value), totals.groups.get("")?.sum);
    near("the average", Number(avg.value), (totals.groups.get("")?.sum ?? 0) / size);
    findings.push({ ...found, work: `${work} count, sum and average of all`, against: "running numbers" });
    for (const each of [count, sum, avg]) each.close();
    close();
  }
  {
    const order = new LimitOrder(limit.rows);
    const close = limit.open(order);
    const values = dio.valueScenery();
    const [min, max] = [await values.min("price").open(), await values.max("price").open()];
    const ends = (): [number | undefined, number | undefined] => [
      order.rowsBetween(0, 1)[0]?.price,
      order.rowsBetween(size - 1, size)[0]?.price,
    ];
    const found = await compare(
      () => ends(),
      () => min.value !== undefined && max.value,
      () => workload.changesOfExtremes(TURN_CHANGES),
    );
    const [highest, lowest] = ends();
    near("the maximum", Number(max.value), highest);
    near("the minimum", Number(min.value), lowest);
    findings.push({
      ...found,
      work: `${work} min and max, the extreme leaves`,
      against: "the ends of an order-statistic list",
    });
    for (const each of [min, max]) each.close();
    close();
  }
  await lens.close();
  return findings;
}

/** Every group is read: what a screen shows. */
function addUp(groups: Iterable<{ readonly count: number; readonly sum: number }>): number {
  let all = 0;
  for (const { count, sum } of groups) all += count + sum;
  return all;
}

function readAll(...columns: readonly (ReadonlyMap<unknown, unknown> | undefined)[]): number | undefined {
  let all = 0;
  for (const column of columns) {
    if (column === undefined) return undefined;
    for (const value of column.values()) all += Number(value);
  }
  return all;
}

/** The running numbers of the limit drift in their last digits; ours don't. */
function near(what: string, value: number, expected: number | undefined): void {
  if (expected === undefined || !(Math.abs(value - expected) <= 1e-6 * Math.abs(expected)))
    throw new Error(`${what} is ${value}, not ${expected}`);
}
