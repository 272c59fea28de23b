import { BY_PRICE, openOurs } from "../ours.ts";
import { type Peer, WINDOW } from "./peer.ts";

/** Sceneries of a Dio, as the libraries beside it. */
export const ours: Peer = {
  name: "ours",
  packageName: undefined,
  driven: "a Dio in memory and its Sceneries",
  isSettled: true,
  async load(products) {
    const { lens, dio } = await openOurs(products);
    return {
      write: async (product) => {
        await dio.cache.insert(product.id, product);
      },
      writeAll: async (changed) => {
        await dio.cache.insertAll(changed.map((product) => [product.id, product] as const));
      },
      async openRows({ category, window }) {
        const where = category === undefined ? {} : { where: ["category", "=", category] as const };
        const table = await dio.tableScenery({ orderBy: BY_PRICE, ...where }).open();
        const offset = window?.offset ?? 0;
        table.setViewport(offset, offset + WINDOW);
        table.subscribe(() => {});
        // Without the last row the order would still be made, behind.
        if (window === undefined) table.rows(table.rowCount - 1, table.rowCount);
        return {
          visible: () => table.rows(offset, offset + WINDOW),
          close: () => table.close(),
        };
      },
      async openRecords(ids) {
        const sceneries = ids.map((id) => dio.recordScenery(id));
        for (const each of sceneries) each.subscribe(() => {});
        const visible = sceneries.slice(0, WINDOW);
        return {
          visible: () => visible.map((each) => each.row),
          close: () => sceneries.forEach((each) => each.close()),
        };
      },
      async openTotals() {
        const values = dio.valueScenery({ groupBy: "category" });
        const [count, sum] = [await values.count().open(), await values.sum("price").open()];
        return {
          of: (category) => ({
            count: Number(count.value?.get(category)),
            sum: Number(sum.value?.get(category)),
          }),
          close: () => [count, sum].forEach((each) => each.close()),
        };
      },
      close: () => lens.close(),
    };
  },
};
