import { type Query, queryKey } from "../query/index.ts";
import type { Range } from "../views/index.ts";
import { Positions } from "./positions.ts";
import type { SceneryHost } from "./scenery-host.ts";
import { asGuess } from "./table-end.ts";
import { TableLayout } from "./table-layout.ts";

/** Of so many tables of one host, those closed last, what was on screen is kept. */
const MAX_TABLES = 8;
const MAX_POSITIONS = 1_000;

const keptByHost = new WeakMap<SceneryHost, Map<string, TableLayout>>();

/** Keeps what stands at these ranges, so that a table opened again has something to show at once. */
export function keepLayout(
  host: SceneryHost,
  key: string,
  layout: TableLayout,
  ranges: readonly Range[],
): void {
  const positions = new Positions();
  for (const { start, end } of ranges) {
    for (let index = start; index < Math.min(end, layout.rowCount, start + MAX_POSITIONS); index++) {
      if (positions.known < MAX_POSITIONS) positions.put(index, layout.positions.idAt(index) ?? null);
    }
  }
  if (positions.size === 0) return;
  positions.takeChanges();
  const kept = keptByHost.get(host) ?? new Map<string, TableLayout>();
  keptByHost.set(host, kept);
  kept.delete(key);
  kept.set(key, new TableLayout({ ...asGuess(layout.end), seen: positions.end }, positions));
  const [oldest] = kept.keys();
  if (kept.size > MAX_TABLES && oldest !== undefined) kept.delete(oldest);
}

/** What was kept, where all of its rows are still there. */
export function takeLayout(host: SceneryHost, key: string): TableLayout | undefined {
  const layout = keptByHost.get(host)?.get(key);
  keptByHost.get(host)?.delete(key);
  if (layout === undefined) return undefined;
  for (const [id] of layout.positions.entries()) if (host.row(id) === undefined) return undefined;
  return layout;
}

/** Stands for a table among those of its host. */
export function layoutKey(query: Query, pageSize: number): string {
  return `${pageSize} ${queryKey(query, { order: true })}`;
}
