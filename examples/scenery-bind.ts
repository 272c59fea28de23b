import { Lens, memory } from "vantage-diorama";
import type { TableRow, TableScenery } from "vantage-diorama";

interface Product {
  readonly id: string;
  readonly name: string;
  readonly price: number;
}

const products = memory<Product>("products", {
  id: "id",
  columns: { id: "text", name: "text", price: "integer" },
  rows: Array.from({ length: 1_000 }, (_, n) => ({ id: `p${n}`, name: `Product ${n}`, price: n })),
});
const lens = await Lens.builder().build();
const dio = await lens.makeDio(products);
const table = await dio.tableScenery({ orderBy: "price" }).open();

// #region store
/** What a UI library wants of a store: call me when it is another one, and say which one it is. */
function toStore(scenery: TableScenery<Product>) {
  return {
    subscribe: (onChange: () => void) => scenery.subscribe(onChange),
    getSnapshot: () => scenery.generation,
  };
}
// #endregion

// #region component
let top = 0; // the list's own state: the first row in sight
function scrollTo(row: number): void {
  top = row;
  table.setViewport(top, top + 3); // as many as are in sight
  render();
}
function render(): void {
  const shown = table.rows(top, top + 3).map((item) => `${item?.row.name} (${item?.status})`);
  console.log(`${table.rowCount} rows, from ${top}:`, shown.join(", "));
}
scrollTo(500);
const stop = toStore(table).subscribe(render);
await dio.vista().patch("p501", { name: "Lemon tart" }); // in sight: rendered
await dio.flush(); // and again, when it is confirmed
await dio.vista().patch("p7", { name: "Bun" }); // out of sight: nothing to do
stop();
// #endregion
await dio.flush();

// #region patch
const cells: (TableRow<Product> | undefined)[] = [];
function paint(start: number, end: number): void {
  for (let at = start; at < end; at++) {
    const item = table.row(at);
    if (item === cells[at]) continue; // the same object shows the same
    cells[at] = item;
    console.log("cell", at, item?.row.name, item?.row.price);
  }
}
paint(500, 503);
table.subscribe(({ reset, ranges, properties }) => {
  if (reset) paint(500, 503);
  for (const { start, end } of ranges) paint(start, end);
  if (properties.includes("rowCount")) console.log("height:", table.rowCount);
});
await dio.cache.insert("p501", { id: "p501", name: "Lime tart", price: 501 }); // one cell
await dio.cache.delete("p0"); // all move up by one
// #endregion

table.close();
await lens.close();
