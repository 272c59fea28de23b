import { createRandom } from "vantage-diorama/testing";
import type { Claim } from "../claim.ts";
import { LimitOrder, LimitTable } from "../limits/limit-table.ts";
import { interleave } from "../measure.ts";
import { BY_PRICE, openOurs, WINDOW } from "../ours.ts";
import { sameRows, Workload } from "../workload.ts";

const JUMPS = 200;

/** A viewport that goes anywhere. */
export const claim: Claim = {
  id: "V5",
  title: "a viewport jump to any offset",
  left: "fifty rows far from each other are fifty look-ups of an id in a Map of a million, for the limit too: that alone takes longer than 5 µs. Ours took twice the time of the limit until its look-ups stood in a loop of their own, in which the processor waits for the memory of several at once. Rows that are found by a number instead of by their id would leave two misses of the cache for each row.",
  async run({ rows, rounds }) {
    const workload = new Workload(rows);
    const { rows: map } = new LimitTable(workload.products);
    const order = new LimitOrder(map);
    const ours = await openOurs(workload.products);
    const table = await ours.dio.tableScenery({ orderBy: BY_PRICE }).open();
    table.rows(rows - WINDOW, rows);
    const random = createRandom(3);
    let offsets: number[] = [];
    const times = await interleave(
      rounds * 2,
      {
        limit: () => {
          for (const offset of offsets) order.rowsBetween(offset, offset + WINDOW);
        },
        ours: () => {
          for (const offset of offsets) {
            table.setViewport(offset, offset + WINDOW);
            table.rows(offset, offset + WINDOW);
          }
        },
      },
      {
        prepare: () => (offsets = Array.from({ length: JUMPS }, () => random.integer(0, rows - WINDOW))),
        warmUps: rounds,
      },
    );
    for (const offset of offsets.slice(0, 3))
      sameRows(
        "the table",
        table.rows(offset, offset + WINDOW).map((shown) => shown?.row),
        order.rowsBetween(offset, offset + WINDOW),
      );
    await ours.lens.close();
    const oursUs = (times.ours.medianMs * 1_000) / JUMPS;
    return {
      findings: [
        {
          work: `${rows.toLocaleString("en")} rows, a jump to any offset, ${WINDOW} rows read`,
          against: "5 µs",
          ours: oursUs,
          limit: 5,
          unit: "µs",
          ratio: oursUs / 5,
          target: 1,
          note: `the limit takes ${((times.limit.medianMs * 1_000) / JUMPS).toFixed(1)} µs`,
        },
      ],
    };
  },
};
