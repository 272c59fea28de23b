import type { Product } from "vantage-diorama/testing";

/** A library that the benches stand beside: the same rows, the same views, the same changes. */
export interface Peer {
  readonly name: string;
  /** The npm package, for its version; none for what Node itself brings. */
  readonly packageName: string | undefined;
  /** What the reader of its figures must know: how it was driven. */
  readonly driven: string;
  /** All is done when a write has returned or its promise has resolved; else the harness waits for a turn of the loop. */
  readonly isSettled?: true;
  /** It is asked again each time: opening prepares nothing. */
  readonly isAskedAgain?: true;
  load(products: readonly Product[]): Promise<PeerStore>;
}

/** Rows loaded into a peer. What a peer can't do is absent, or answered with `undefined`. */
export interface PeerStore {
  write(product: Product): void | Promise<void>;
  /** All at once: one transaction, batch or the like. */
  writeAll(products: readonly Product[]): void | Promise<void>;
  openRows(wanted: WantedRows): Promise<PeerRows | undefined>;
  /** One live view for each of these rows. */
  openRecords?(ids: readonly string[]): Promise<PeerRows>;
  /** Count and sum of the prices by category. */
  openTotals?(): Promise<PeerTotals>;
  /** What it keeps outside of the engine's heap. */
  memoryBytes?(): number;
  close?(): void | Promise<void>;
}

/** Rows by falling price, ties by id: all, those of a category, or a window of 50. */
export interface WantedRows {
  readonly category?: string;
  readonly window?: {
    readonly offset: number;
    /** The row that stands there, for those that start at a row. */
    readonly first: Product;
  };
}

export const WINDOW = 50;

interface Closing {
  close(): void;
}

type Priced = Pick<Product, "price">;

/** As each has it: the row, or something that holds it. */
export type VisibleRow = Priced | { readonly row: Priced } | undefined;

export const priceOf = (shown: VisibleRow): number | undefined =>
  shown !== undefined && "row" in shown ? shown.row.price : shown?.price;

/** The 50 visible rows; of a view of all rows the first 50, of record views 50 of them. */
export interface PeerRows extends Closing {
  visible(): readonly VisibleRow[];
}

export interface PeerTotals extends Closing {
  of(category: string): { readonly count: number; readonly sum: number } | undefined;
}

/** Everything that a write set off and hid in microtasks or in the next turn of the loop has been done. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
