import type { Vista } from "vantage-diorama";
import type { Product } from "vantage-diorama/testing";
import type { Claim, Finding } from "../claim.ts";
import { LimitOrder, LimitTable, type Matching } from "../limits/limit-table.ts";
import { interleave } from "../measure.ts";
import { openOurs, type Ours, WINDOW } from "../ours.ts";
import { sameRows, Workload } from "../workload.ts";

const MOST_STOCK = 300;
const inStock: Matching = ({ stock }) => stock < MOST_STOCK;
const READS = 20;

/** A page of the facade, filtered and ordered: once an index serves it, nothing is scanned. */
export const claim: Claim = {
  id: "R2",
  title: "a page of the facade, filtered and ordered",
  left: "an answer is a Map of its own with 50 entries, which alone takes longer than the range read; the rest is asking for capabilities, planning and the promise.",
  async run({ rows, rounds, smoke }) {
    const size = Math.min(rows, 100_000);
    const workload = new Workload(size);
    const { rows: map } = new LimitTable(workload.products);
    const order = new LimitOrder(map, inStock);
    const expected = workload.sorted().filter(inStock);
    const ours = await openOurs(workload.products);
    const findings: Finding[] = [];
    for (const page of [1, smoke ? 5 : 1_000]) {
      const start = (page - 1) * WINDOW;
      const vista = inStockByPrice(ours);
      const { rows: first } = await vista.fetchPage(page, WINDOW);
      sameRows("the facade", [...first.values()], expected.slice(start, start + WINDOW));
      const times = await interleave(
        rounds * 5,
        {
          limit: () => {
            for (let n = 0; n < READS; n++) order.rowsBetween(start, start + WINDOW);
          },
          ours: async () => {
            for (let n = 0; n < READS; n++) await vista.fetchPage(page, WINDOW);
          },
        },
        { warmUps: rounds * 5 },
      );
      findings.push({
        work: `page ${page.toLocaleString("en")} of ${expected.length.toLocaleString("en")} rows, filtered and ordered, again`,
        against: "the limit's range read",
        ours: (times.ours.medianMs * 1_000) / READS,
        limit: (times.limit.medianMs * 1_000) / READS,
        unit: "µs",
        ratio: times.ours.medianMs / times.limit.medianMs,
        target: 10,
      });
    }
    await ours.lens.close();
    findings.push(await firstTime(workload, map, smoke ? 1 : 5));
    return { findings };
  },
};

async function firstTime(
  workload: Workload,
  map: ReadonlyMap<string, Product>,
  rounds: number,
): Promise<Finding> {
  let ours = await openOurs(workload.products);
  const times = await interleave(
    rounds,
    {
      limit: () =>
        [...map.values()]
          .filter(inStock)
          .sort((a, b) => b.price - a.price || (a.id < b.id ? -1 : 1))
          .slice(0, WINDOW),
      ours: () => inStockByPrice(ours).fetchPage(1, WINDOW),
    },
    {
      prepare: async () => {
        await ours.lens.close();
        ours = await openOurs(workload.products);
      },
    },
  );
  await ours.lens.close();
  return {
    work: "page 1, for the first time",
    against: "one scan and sort",
    ours: times.ours.medianMs,
    limit: times.limit.medianMs,
    unit: "ms",
    ratio: times.ours.medianMs / times.limit.medianMs,
    target: 1,
  };
}

const inStockByPrice = ({ dio }: Ours): Vista<Product> =>
  dio.vista().where("stock", "<", MOST_STOCK).orderBy("price", "desc");
