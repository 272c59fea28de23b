/** What a mark stands for: rows that are asked of the master, or rows that somebody hands over. */
export type MarkKind = "asked" | "told";

/**
 * What has changed since a read of the master began, so that its answer overwrites nothing that came later.
 * Costs memory only for changes made while a read is under way.
 */
export class ReadMark {
  readonly #kind: MarkKind | undefined;
  readonly #begun: number;
  readonly #touched = new Set<string>();
  readonly #outdated = new Set<string>();
  #everythingOutdated = false;
  #wasEmptied = false;
  #isDropped = false;

  /** `begun` counts marks. Without a kind, what it brings is as new as the moment in which it is confirmed. */
  constructor(begun: number, kind: MarkKind | undefined) {
    this.#begun = begun;
    this.#kind = kind;
  }

  /**
   * Whether what the other one brings is older than what this one will bring, though it is confirmed while this
   * one is under way: it began earlier. What was told is newer than any question that is still open.
   */
  outranks(other: ReadMark | undefined): boolean {
    if (other === undefined || other.#kind === undefined || this.#kind === undefined) return false;
    if (this.#begun <= other.#begun) return false;
    return this.#kind === "told" || other.#kind === "asked";
  }

  touch(id: string): void {
    this.#touched.add(id);
  }

  /** An invalidation: what the read brings is old already, if better than nothing. */
  outdate(id: string): void {
    this.#outdated.add(id);
  }

  outdateEverything(): void {
    this.#everythingOutdated = true;
  }

  /** Every row was dropped by hand: what is there at the end is not all that was read. */
  noteEmptied(): void {
    this.#wasEmptied = true;
  }

  /** What it asked is of no interest any more: whatever it brings is dropped. */
  drop(): void {
    this.#isDropped ||= this.#kind === "asked";
  }

  /** Whether the row of this id has changed since, so that the read says nothing of it any more. */
  isNewer(id: string): boolean {
    return this.#isDropped || this.#touched.has(id);
  }

  /** Whether the row of this id was declared out of date since. */
  isOutdated(id: string): boolean {
    return this.#everythingOutdated || this.#outdated.has(id);
  }

  get wasInvalidated(): boolean {
    return this.#everythingOutdated;
  }

  get wasEmptied(): boolean {
    return this.#wasEmptied;
  }

  get hasTouched(): boolean {
    return this.#isDropped || this.#touched.size > 0;
  }

  /** The ids whose rows have changed since. */
  touched(): ReadonlySet<string> {
    return this.#touched;
  }
}
