import type { OrderTerm } from "../query/index.ts";
import type { Row } from "../record/index.ts";
import { KeyTerm } from "./key-term.ts";
import { extractKeys } from "./key-vector.ts";
import { LazyOrder } from "./lazy-order.ts";
import { OrderAssembler } from "./order-assembler.ts";

/** The order of rows that stand in it already, without sorting them. */
export function orderSorted(
  order: readonly OrderTerm[],
  ids: readonly string[],
  rows: readonly Row[],
): LazyOrder {
  const vectors = order.map((term) => extractKeys(new KeyTerm(term), rows));
  const assembler = new OrderAssembler(
    order,
    vectors.map(({ form }) => form),
  );
  const isSorted = assembler.append({ ids, keys: vectors.map(({ keys }) => keys) });
  return isSorted ? new LazyOrder(assembler.finish()) : LazyOrder.over(order, ids, rows);
}
