import type { Product } from "vantage-diorama/testing";
import type { Claim, Scale, TableLine } from "../claim.ts";
import { LimitOrder, LimitTable } from "../limits/limit-table.ts";
import { growthExponent, interleave, TURN_CHANGES, TURNS_A_ROUND } from "../measure.ts";
import { BY_PRICE, openOurs, WINDOW } from "../ours.ts";
import { sameRows, Workload } from "../workload.ts";

/** What one change costs as the rows become more. */
export const claim: Claim = {
  id: "V3",
  title: "growth of one change with the number of rows",
  left: "nothing of it grows but the depth of the search and the processor's misses, for ours as for the limit.",
  async run(scale) {
    const sizes = scale.smoke ? [200, scale.rows] : [1_000, 10_000, 100_000, scale.rows];
    const points: Point[] = [];
    for (const size of sizes) points.push(await changeAt(size, scale));
    const grown = points.filter(({ size }) => scale.smoke || size >= 10_000);
    const [first, last] = [grown[0], grown.at(-1)];
    if (first === undefined || last === undefined) throw new Error("nothing was measured");
    const exponent = growthExponent(grown.map(({ size, oursMs }) => ({ size, ms: oursMs })));
    const limitExponent = growthExponent(grown.map(({ size, limitMs }) => ({ size, ms: limitMs })));
    return {
      findings: [
        {
          work: `one change of all rows by price, at ${last.size.toLocaleString("en")} rows`,
          against: `the same at ${first.size.toLocaleString("en")}`,
          ours: last.oursMs * 1_000,
          limit: first.oursMs * 1_000,
          unit: "µs",
          ratio: exponent,
          target: 0.3,
          note: `judged is the exponent e of N^e; the limit's own is ${limitExponent.toFixed(2)}`,
        },
      ],
      tables: [
        {
          title: "One change of all rows by price",
          columns: ["limit", "ours"],
          rows: points.map(toLine),
          notes: [],
        },
      ],
    };
  },
};

interface Point {
  readonly size: number;
  readonly oursMs: number;
  readonly limitMs: number;
}

const toLine = ({ size, oursMs, limitMs }: Point): TableLine => ({
  work: `${size.toLocaleString("en")} rows`,
  unit: "time",
  cells: [limitMs, oursMs],
});

async function changeAt(size: number, scale: Scale): Promise<Point> {
  const workload = new Workload(size);
  const limit = new LimitTable(workload.products);
  const order = new LimitOrder(limit.rows);
  limit.open(order);
  const ours = await openOurs(workload.products);
  const table = await ours.dio.tableScenery({ orderBy: BY_PRICE }).open();
  table.setViewport(0, WINDOW);
  // The whole order, as the limit has it.
  table.rows(size - 1, size);
  let batch: Product[] = [];
  const turn = {
    limit: () => {
      for (const product of batch) {
        limit.write(product);
        order.rowsBetween(0, WINDOW);
      }
    },
    ours: async () => {
      for (const product of batch) {
        await ours.dio.cache.insert(product.id, product);
        table.rows(0, WINDOW);
      }
    },
  };
  const turns = scale.rounds * TURNS_A_ROUND;
  const times = await interleave(turns, turn, {
    prepare: () => (batch = workload.changes(TURN_CHANGES)),
    warmUps: turns,
  });
  sameRows(
    "the table",
    table.rows(0, WINDOW).map((shown) => shown?.row),
    workload.sorted().slice(0, WINDOW),
  );
  await ours.lens.close();
  return {
    size,
    oursMs: times.ours.medianMs / TURN_CHANGES,
    limitMs: times.limit.medianMs / TURN_CHANGES,
  };
}
