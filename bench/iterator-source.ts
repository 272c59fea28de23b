import { createCapabilities, createSchema, type Source } from "vantage-diorama";
import { type Product, productColumns } from "vantage-diorama/testing";

const BATCH_ROWS = 1_000;

/** A source that has its rows at hand: what is measured is the copying. */
export function iteratorSource(
  products: Iterable<Product>,
  columns: typeof productColumns = productColumns,
): Source<Product> {
  return {
    name: "products",
    schema: createSchema({ id: "id", columns }),
    capabilities: createCapabilities({}),
    fingerprint: () => "iterator",
    async *read() {
      let batch: (readonly [string, Product])[] = [];
      for (const product of products) {
        batch.push([product.id, product]);
        if (batch.length < BATCH_ROWS) continue;
        yield batch;
        batch = [];
      }
      if (batch.length > 0) yield batch;
    },
  };
}
