/** Which rows were declared out of date, one by one or all at once, and not read again since. */
export class Staleness {
  readonly #ids = new Set<string>();
  #isAll = false;
  /** While all are: the rows that have been read again since. */
  readonly #freshAgain = new Set<string>();

  has(id: string): boolean {
    return this.#isAll ? !this.#freshAgain.has(id) : this.#ids.has(id);
  }

  get isAny(): boolean {
    return this.#isAll || this.#ids.size > 0;
  }

  get isAll(): boolean {
    return this.#isAll;
  }

  /** Those that were declared so one by one. */
  get ids(): ReadonlySet<string> {
    return this.#ids;
  }

  add(id: string): void {
    this.#ids.add(id);
    this.#freshAgain.delete(id);
  }

  /** False: they were already. */
  addAll(): boolean {
    const isNew = !this.#isAll || this.#freshAgain.size > 0;
    this.#isAll = true;
    this.#freshAgain.clear();
    return isNew;
  }

  /** The row was read again. False: nobody knows it as out of date. */
  remove(id: string): boolean {
    const wasOneOfAll = this.#isAll && !this.#freshAgain.has(id);
    if (this.#isAll) this.#freshAgain.add(id);
    return (this.#ids.size > 0 && this.#ids.delete(id)) || wasOneOfAll;
  }

  /** Ends the declaration of all; single ones stay. False: there was none. */
  removeAll(): boolean {
    const was = this.#isAll;
    this.#isAll = false;
    this.#freshAgain.clear();
    return was;
  }
}
