import type { Range, ViewEffect } from "../views/index.ts";
import { effectOfChanges, effectOfSwap, noEffect } from "./position-effect.ts";
import { totalOf, withTotal } from "./table-end.ts";
import { type Block, TableLayout } from "./table-layout.ts";

/** So often one look at rows that keep moving begins again before they are taken as they come. */
const MAX_RESTARTS = 2;

/**
 * What is shown, and beside it what is gathered to take its place in one step: rows as of two states of the source
 * are never mixed.
 */
export class LayoutPair {
  #shown: TableLayout;
  #next: TableLayout | undefined;
  #restarts = 0;

  constructor(shown: TableLayout = new TableLayout()) {
    this.#shown = shown;
  }

  get shown(): TableLayout {
    return this.#shown;
  }

  /** Where blocks belong. */
  get target(): TableLayout {
    return this.#next ?? this.#shown;
  }

  get isGathering(): boolean {
    return this.#next !== undefined;
  }

  /** Rows are gathered from scratch, those gathered so far forgotten. */
  renew(): void {
    this.#next = this.target.renewed();
  }

  /** Takes a block over, or begins again with it where it shows that rows have moved since the others came. */
  land(block: Block, isOutdated: boolean): ViewEffect {
    if (this.target.contradicts(block) && this.#restarts < MAX_RESTARTS) {
      this.#restarts += 1;
      this.renew();
      if (!isOutdated) this.target.land(block);
      return noEffect;
    }
    return this.#change((target) => target.land(block));
  }

  /** Somebody who should know says how many rows there are; what was seen of their end is better. */
  setTotal(total: number): ViewEffect {
    return this.#change((target) => {
      const { kind } = totalOf(target.end);
      if (kind !== "stated") target.end = withTotal(target.end, total);
    });
  }

  /** What is gathered takes its place, once it covers these ranges. */
  swap(ranges: readonly Range[], pageSize: number): ViewEffect | undefined {
    const [before, after] = [this.#shown, this.#next];
    if (after === undefined || ranges.some((range) => after.plan(range, pageSize) !== undefined))
      return undefined;
    this.#shown = after;
    this.#next = undefined;
    this.#restarts = 0;
    after.positions.takeChanges();
    return effectOfSwap(before.positions, after.positions, {
      before: before.rowCount,
      after: after.rowCount,
    });
  }

  #change(act: (target: TableLayout) => void): ViewEffect {
    const { target } = this;
    const before = target.rowCount;
    act(target);
    const changes = target.positions.takeChanges();
    return target === this.#shown
      ? effectOfChanges(changes, target.positions, { before, after: target.rowCount })
      : noEffect;
  }
}
