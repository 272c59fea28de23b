import { inCategory, LimitOrder, LimitTable, LimitTotals } from "../limits/limit-table.ts";
import { type Peer, WINDOW } from "./peer.ts";

/** What the libraries stand beside: the practical limit. */
export const limit: Peer = {
  name: "limit",
  packageName: undefined,
  driven: "a Map and one order-statistic list, told synchronously",
  isSettled: true,
  async load(products) {
    const table = new LimitTable(products);
    const write = table.write.bind(table);
    // A window on an order that is there is a range of it.
    let whole: LimitOrder | undefined;
    return {
      write,
      writeAll: (changed) => changed.forEach(write),
      async openRows({ category, window }) {
        const order = category === undefined ? whole : undefined;
        const used =
          order ?? new LimitOrder(table.rows, category === undefined ? undefined : inCategory(category));
        const close = order === undefined ? table.open(used) : () => {};
        if (category === undefined) whole ??= used;
        const offset = window?.offset ?? 0;
        return {
          visible: () => used.rowsBetween(offset, offset + WINDOW),
          close: () => {
            close();
            if (order === undefined && category === undefined) whole = undefined;
          },
        };
      },
      async openRecords(ids) {
        for (const id of ids) table.openRecord(id, () => {});
        const visible = ids.slice(0, WINDOW);
        return { visible: () => visible.map((id) => table.rows.get(id)), close: () => {} };
      },
      async openTotals() {
        const totals = new LimitTotals(table.rows, ({ category }) => category);
        return { of: (category) => totals.groups.get(category), close: table.open(totals) };
      },
    };
  },
};
