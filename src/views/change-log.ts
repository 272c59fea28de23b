import type { RowChange } from "./row-change.ts";

/** So many changes can be slept through. Each holds on to two rows. */
const MAX_CHANGES = 16_384;

/** The latest changes, for views that nobody uses: they catch up when somebody does, and cost nothing meanwhile. */
export class ChangeLog {
  #changes: RowChange[] = [];
  /** The number of the first one. */
  #start = 0;

  /** Stands behind the last change. */
  get end(): number {
    return this.#start + this.#changes.length;
  }

  append(changes: readonly RowChange[]): void {
    if (changes.length > MAX_CHANGES) {
      this.clear();
      this.#start += changes.length;
      return;
    }
    for (const change of changes) this.#changes.push(change);
    // Twice as many, so that dropping the older half comes to one copy for each change.
    if (this.#changes.length > 2 * MAX_CHANGES) this.#drop(this.#changes.length - MAX_CHANGES);
  }

  /** What has happened since; `undefined`: more than is kept. */
  since(position: number): readonly RowChange[] | undefined {
    return position < this.#start ? undefined : this.#changes.slice(position - this.#start);
  }

  /** Nobody who sleeps can follow. */
  clear(): void {
    this.#drop(this.#changes.length);
  }

  #drop(count: number): void {
    this.#changes = this.#changes.slice(count);
    this.#start += count;
  }
}
