import type { Product } from "vantage-diorama/testing";
import type { Claim } from "../claim.ts";
import { LimitOrder, LimitTable } from "../limits/limit-table.ts";
import { interleave } from "../measure.ts";
import { BY_PRICE, openOurs, WINDOW } from "../ours.ts";
import { turn } from "../peers/peer.ts";
import { sameRows, Workload } from "../workload.ts";

/** Many rows change at once: one publication, one repaint. */
export const claim: Claim = {
  id: "V2",
  title: "1,000 changes in one publication",
  left: "each row is checked, copied and compared before it is put, which the limit does not do; the order takes the changes in one pass, sorted.",
  async run({ rows, rounds, smoke }) {
    const size = Math.min(rows, 100_000);
    const changes = smoke ? 100 : 1_000;
    const workload = new Workload(size);
    const limit = new LimitTable(workload.products);
    const order = new LimitOrder(limit.rows);
    limit.open(order);
    const ours = await openOurs(workload.products);
    const table = await ours.dio.tableScenery({ orderBy: BY_PRICE }).open();
    // Without a viewport it is told of every row. Complete before it is counted.
    table.rows(0, size);
    await turn();
    const warmUps = rounds * 2;
    let repaints = 0;
    table.subscribe(() => (repaints += 1));

    let batch: Product[] = [];
    const times = await interleave(
      rounds,
      {
        limit: () => {
          for (const product of batch) limit.write(product);
          return order.rowsBetween(0, WINDOW);
        },
        ours: async () => {
          await ours.dio.cache.insertAll(batch.map((product) => [product.id, product] as const));
          return table.rows(0, WINDOW);
        },
      },
      { prepare: () => (batch = workload.changesAtOnce(changes)), warmUps },
    );
    const expected = workload.sorted();
    sameRows("the limit", order.rowsBetween(0, size), expected);
    sameRows(
      "the table",
      table.rows(0, size).map((shown) => shown?.row),
      expected,
    );
    if (repaints !== warmUps + rounds)
      throw new Error(`${repaints} repaints after ${warmUps + rounds} publications`);
    await ours.lens.close();
    return {
      findings: [
        {
          work: `${size.toLocaleString("en")} rows, ${changes.toLocaleString("en")} changes at once, all rows by price`,
          against: "as many writes to a Map and an order-statistic list",
          ours: times.ours.medianMs,
          limit: times.limit.medianMs,
          unit: "ms",
          ratio: times.ours.medianMs / times.limit.medianMs,
          target: 2,
          note: "a view repaints once",
        },
      ],
    };
  },
};
