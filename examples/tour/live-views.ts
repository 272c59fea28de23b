import type { Groups, SumValue, TableScenery, ValueScenery } from "vantage-diorama";
import type { Product } from "vantage-diorama/testing";

/** What is on show: two views of one table and two totals, each kept up to date change by change. */
export interface LiveViews {
  readonly all: TableScenery<Product>;
  readonly found: TableScenery<Product>;
  readonly stock: ValueScenery<SumValue>;
  readonly byCategory: ValueScenery<Groups<number>>;
}
