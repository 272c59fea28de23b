/**
 * What has changed since a read of the master began, so that its answer overwrites nothing that came later.
 * Costs memory only for changes made while a read is under way.
 */
export class ReadMark {
  readonly #touched = new Set<string>();
  readonly #markedStale = new Set<string>();
  #everything = false;

  touch(id: string): void {
    this.#touched.add(id);
  }

  /** An invalidation: whatever the read brings is old already, if better than nothing. */
  touchEverything(): void {
    this.#everything = true;
  }

  /** As `touchEverything`, for one row. */
  touchStale(id: string): void {
    this.#markedStale.add(id);
  }

  /** Whether what the read brings of this row is old already. */
  isOutdated(id: string): boolean {
    return this.#everything || this.#markedStale.has(id);
  }

  isNewer(id: string): boolean {
    return this.#touched.has(id);
  }

  get wasInvalidated(): boolean {
    return this.#everything;
  }

  get hasTouched(): boolean {
    return this.#touched.size > 0;
  }
}
