import type { DioramaError } from "../base/index.ts";
import type { Range, ViewEffect } from "../views/index.ts";

/** How many rows there are in all, and who says so. */
export interface Total {
  readonly value: number | undefined;
  /** `stated` by the source or by the rows that are there; `estimated`: rows have come or left since. */
  readonly kind: "stated" | "estimated" | "unknown";
}

/**
 * `loading`: the first screen is not there yet; `partial`: what is shown is right, and more is to come;
 * `complete`: nothing is missing; `error`: the last load failed, what is shown stays.
 */
export type SceneryState =
  | { readonly kind: "loading" | "partial" | "complete" }
  | { readonly kind: "error"; readonly error: DioramaError };

/** One handle's interest in a model. */
export interface ModelUse {
  /** A paged model loads what the viewports of its uses miss. */
  setViewport(range: Range): void;
  /** Idempotent; what the last use leaves behind is freed. */
  release(): void;
}

/**
 * The rows of one query by position, shared by the handles that show it. Eager, paged and sequential tables
 * differ behind this, and nowhere in front of it.
 */
export interface TableModel {
  readonly rowCount: number;
  readonly total: Total;
  readonly hasMore: boolean;
  readonly state: SceneryState;
  /** `undefined`: no row stands there, or it has not come yet. */
  idAt(index: number): string | undefined;
  idsBetween(start: number, end: number): readonly (string | undefined)[];
  /** -1 where the row is not in it, or not known to be. */
  indexOf(id: string): number;
  /** Whether a row is on its way to this position. */
  isLoading(index: number): boolean;
  /** Resolves when the first screen can be read, also with an error. */
  whenReady(): Promise<void>;
  loadMore(): Promise<void>;
  /** `onChange` is called once for each publication, or change of state or total, that did something to it. */
  use(onChange: (effect: ViewEffect) => void): ModelUse;
}
