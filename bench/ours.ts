import { type Dio, Lens, seedFromMaster } from "vantage-diorama";
import type { Product, productColumns } from "vantage-diorama/testing";
import { iteratorSource } from "./iterator-source.ts";

/** The rows that a screen shows. */
export const WINDOW = 50;

/** By falling price; ties by id, as everywhere. */
export const BY_PRICE = [["price", "desc"]] as const;

export interface Ours {
  readonly lens: Lens;
  readonly dio: Dio<Product>;
}

/** A Dio that holds all of them, in memory. */
export async function openOurs(products: Iterable<Product>, columns?: typeof productColumns): Promise<Ours> {
  const lens = await Lens.builder().onStart(seedFromMaster).build();
  return { lens, dio: await lens.makeDio(iteratorSource(products, columns)) };
}
