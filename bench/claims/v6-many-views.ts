import type { Product } from "vantage-diorama/testing";
import type { Claim, Finding, Scale } from "../claim.ts";
import { LimitTable } from "../limits/limit-table.ts";
import { interleave, TURN_CHANGES, TURNS_A_ROUND } from "../measure.ts";
import { BY_PRICE, openOurs, type Ours, WINDOW } from "../ours.ts";
import { sameRows, Workload } from "../workload.ts";

/** Many views are open, and a change concerns one of them. */
export const claim: Claim = {
  id: "V6",
  title: "many open views, one change",
  left: "of a single record the write itself, as in V7, which takes longer than all that the limit does; a change tells only those that show the row, whatever their number.",
  async run(scale) {
    const size = Math.min(scale.rows, 100_000);
    return { findings: [...(await records(size, scale)), ...(await lists(size, scale))] };
  },
};

async function records(size: number, { smoke, rounds }: Scale): Promise<Finding[]> {
  const count = smoke ? 100 : 1_000;
  const workload = new Workload(size);
  const ids = workload.products.filter((_, at) => at % (size / count) === 0).map(({ id }) => id);
  const [one = ""] = ids;
  const visible = ids.slice(0, WINDOW);
  const limit = new LimitTable(workload.products);
  let told = 0;
  for (const id of ids) limit.openRecord(id, () => (told += 1));
  const many = await openOurs(workload.products);
  const single = await openOurs(workload.products);
  const open = ({ dio }: Ours, id: string): { readonly row: Product | undefined } => {
    const scenery = dio.recordScenery(id);
    scenery.subscribe(() => (told -= 1));
    return scenery;
  };
  const sceneries = ids.map((id) => open(many, id));
  const shown = sceneries.slice(0, WINDOW);
  const alone = open(single, one);

  let batch: Product[] = [];
  const any = await interleave(
    rounds * TURNS_A_ROUND,
    {
      limit: () => {
        for (const product of batch) {
          limit.write(product);
          for (const id of visible) if (limit.rows.get(id) === undefined) throw new Error(`${id} is missing`);
        }
      },
      ours: async () => {
        for (const product of batch) {
          await many.dio.cache.insert(product.id, product);
          for (const scenery of shown) if (scenery.row === undefined) throw new Error("a row is missing");
        }
      },
    },
    { prepare: () => (batch = workload.changesOf(ids, TURN_CHANGES)), warmUps: rounds * TURNS_A_ROUND },
  );
  if (told !== 0) throw new Error(`${told} more calls of the limit than of ours`);
  const untouched = await interleave(
    rounds * TURNS_A_ROUND,
    {
      single: () => changeOne(single, batch, () => alone.row),
      many: () => changeOne(many, batch, () => sceneries[0]?.row),
    },
    { prepare: () => (batch = workload.changesOf([one], TURN_CHANGES)), warmUps: rounds * TURNS_A_ROUND },
  );
  if (alone.row?.price !== batch.at(-1)?.price) throw new Error("a record view is behind");
  await many.lens.close();
  await single.lens.close();
  const views = `${count.toLocaleString("en")} record views open`;
  return [
    {
      ...perChange(any.ours.medianMs, any.limit.medianMs),
      work: `${views}, a change of one of them, ${WINDOW} read`,
      against: "a Map of rows and a Map of callbacks",
      target: 2.5,
    },
    {
      ...perChange(untouched.many.medianMs, untouched.single.medianMs),
      work: `${views}, a change of the first`,
      against: "the same with one open",
      target: 1.2,
    },
  ];
}

async function lists(size: number, { rounds }: Scale): Promise<Finding[]> {
  const workload = new Workload(size);
  const categories = [...new Set(workload.products.map(({ category }) => category))];
  const [one = ""] = categories;
  const ids = workload.products.filter(({ category }) => category === one).map(({ id }) => id);
  const limit = new LimitTable(workload.products);
  const [list] = categories.map((category) => limit.openCategory(category));
  const many = await openOurs(workload.products);
  const single = await openOurs(workload.products);
  const open = ({ dio }: Ours, category: string): ReturnType<ReturnType<typeof dio.tableScenery>["open"]> =>
    dio.tableScenery({ orderBy: BY_PRICE, where: ["category", "=", category] }).open();
  const tables = await Promise.all(categories.map((category) => open(many, category)));
  const alone = await open(single, one);
  for (const each of [...tables, alone]) {
    each.setViewport(0, WINDOW);
    // The whole order, as the limit has it.
    each.rows(each.rowCount - 1, each.rowCount);
  }

  let batch: Product[] = [];
  const times = await interleave(
    rounds * TURNS_A_ROUND,
    {
      limit: () => {
        for (const product of batch) {
          limit.write(product);
          list?.rowsBetween(0, WINDOW);
        }
      },
      single: () => changeOne(single, batch, () => alone.rows(0, WINDOW)),
      many: () => changeOne(many, batch, () => tables[0]?.rows(0, WINDOW)),
    },
    { prepare: () => (batch = workload.changesOf(ids, TURN_CHANGES)), warmUps: rounds * TURNS_A_ROUND },
  );
  const expected = workload.sorted(one).slice(0, WINDOW);
  for (const each of [tables[0], alone]) {
    const rows = each?.rows(0, WINDOW) ?? [];
    sameRows(
      "a category list",
      rows.map((shown) => shown?.row),
      expected,
    );
  }
  await many.lens.close();
  await single.lens.close();
  const views = `${categories.length} category lists open`;
  return [
    {
      ...perChange(times.many.medianMs, times.limit.medianMs),
      work: `${views}, a change in one of them`,
      against: "a Map of order-statistic lists",
      target: 2.5,
    },
    {
      ...perChange(times.many.medianMs, times.single.medianMs),
      work: `${views}, a change in one of them`,
      against: "the same with one open",
      target: 1.2,
    },
  ];
}

async function changeOne({ dio }: Ours, batch: readonly Product[], read: () => unknown): Promise<void> {
  for (const product of batch) {
    await dio.cache.insert(product.id, product);
    if (read() === undefined) throw new Error("nothing is shown");
  }
}

const perChange = (oursMs: number, limitMs: number): Pick<Finding, "ours" | "limit" | "unit" | "ratio"> => ({
  ours: (oursMs * 1_000) / TURN_CHANGES,
  limit: (limitMs * 1_000) / TURN_CHANGES,
  unit: "µs",
  ratio: oursMs / limitMs,
});
