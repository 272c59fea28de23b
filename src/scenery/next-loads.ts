import type { Range } from "../views/index.ts";
import type { BlockLoad, LoadOrder, LoadPurpose } from "./block-loads.ts";
import { beyondGuess, questionOf } from "./table-end.ts";
import type { TableLayout } from "./table-layout.ts";
import type { View } from "./view-uses.ts";

/** What decides which loads a table makes. */
export interface LoadSituation {
  /** Where blocks belong now. */
  readonly layout: TableLayout;
  readonly views: readonly View[];
  readonly running: readonly BlockLoad[];
  readonly pageSize: number;
  /** Somebody has asked for the page after what is looked at. */
  readonly isMoreWanted: boolean;
  /** It is not asked yet where the table ends. */
  readonly isQuestionWaiting: boolean;
}

/** Whether somebody still wants what a load brings. */
export function isWanted({ layout, purpose, range }: BlockLoad, now: LoadSituation): boolean {
  if (layout !== now.layout) return false;
  return purpose !== "view" || now.views.some((view) => layout.wants(view.range, range));
}

/**
 * The loads to begin beside those that are running. Each view has one at a time that it waits for, and waits for
 * those of others that bring what it misses; the end is asked for when there is nothing else to do.
 */
export function nextLoads(now: LoadSituation): readonly LoadOrder[] {
  const { layout, views, pageSize } = now;
  const running: { readonly range: Range }[] = [...now.running];
  const orders: LoadOrder[] = [];
  const begin = (purpose: LoadPurpose, range: Range | undefined): void => {
    if (range === undefined) return;
    const order = { range, layout, purpose, limit: layout.limitOf(range, pageSize) };
    orders.push(order);
    running.push(order);
  };
  for (const { range, isWaiting } of views) {
    if (isWaiting || running.some((load) => layout.wants(range, load.range))) continue;
    begin("view", layout.plan(range, pageSize));
  }
  if (now.isMoreWanted) {
    const more = layout.more(Math.min(...views.map(({ range }) => range.start)), pageSize);
    if (!running.some(({ range }) => range.start < more.end && more.start < range.end)) begin("more", more);
  }
  const isAnyWaiting = now.isQuestionWaiting || views.some(({ isWaiting }) => isWaiting);
  if (running.length === 0 && !isAnyWaiting) {
    const lookedTo = Math.max(...views.map(({ range }) => range.end));
    const beyond = beyondGuess(layout.end, lookedTo, pageSize);
    begin("question", beyond ?? questionOf(layout.end, pageSize));
  }
  return orders;
}
