import type { Row } from "../record/index.ts";

/** Rows on their way in, cut into pages: readers take the full ones while others still come. */
export class GrowingPages {
  readonly #pageSize: number;
  readonly #pages: ReadonlyMap<string, Row>[] = [];
  #last = new Map<string, Row>();
  #growth = Promise.withResolvers<void>();

  constructor(pageSize: number) {
    this.#pageSize = pageSize;
  }

  /** The full ones so far; after `end` all of them, the last one short, or empty. */
  get pages(): readonly ReadonlyMap<string, Row>[] {
    return this.#pages;
  }

  /** Resolves when there are more pages than now. */
  get growth(): Promise<void> {
    return this.#growth.promise;
  }

  add(id: string, row: Row): void {
    this.#last.set(id, row);
    if (this.#last.size === this.#pageSize) this.#cut();
  }

  end(): void {
    this.#cut();
  }

  #cut(): void {
    this.#pages.push(this.#last);
    this.#last = new Map();
    this.#growth.resolve();
    this.#growth = Promise.withResolvers();
  }
}
