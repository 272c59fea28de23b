import type { DioramaError } from "../base/index.ts";
import type { Range, ViewEffect } from "../views/index.ts";
import { Moment } from "./moment.ts";
import { readRow, readRows } from "./read-rows.ts";
import type { SceneryHost } from "./scenery-host.ts";
import { isSameState, LOADING } from "./scenery-state.ts";
import { type TableChange, type TableProperty, toTableChange, ViewportChange } from "./table-change.ts";
import type { SceneryState, TableModel, Total } from "./table-model.ts";
import type { KnownRows, TableRow, TableRows } from "./table-row.ts";

const nobody: KnownRows = { start: 0, rows: [] };
const unknown: Total = Object.freeze({ value: undefined, kind: "unknown" });
/** More changed rows than this are not looked for one by one. */
const MAX_LISTED_CHANGES = 8;
/** Without a viewport, the rows of the last read are kept for the next one, at most so many. */
const MAX_KEPT_ROWS = 1_000;

/**
 * What one handle shows of a model, as its listeners were last told. Reads answer from it while nothing has
 * happened since, and else from the model, so that one in the middle of a stretch is right too.
 */
export class ShownTable {
  readonly #host: SceneryHost;
  #model: TableModel;
  #viewport: Range | undefined;
  #rowCount = 0;
  #total: Total = unknown;
  #hasMore = false;
  #state: SceneryState = LOADING;
  /** Of the properties, and with a viewport of its rows. */
  readonly #told: Moment;
  /** With a viewport: its rows as they were told. Without: those of the last read. */
  #kept: KnownRows = nobody;
  readonly #read: Moment;
  #isOver = false;

  constructor(host: SceneryHost, model: TableModel) {
    this.#host = host;
    this.#model = model;
    this.#told = new Moment(host);
    this.#read = new Moment(host);
  }

  get viewport(): Range | undefined {
    return this.#viewport;
  }

  /** What comes into it this way is taken as told: whoever moves it reads it. */
  setViewport(viewport: Range): void {
    this.#viewport = viewport;
    if (this.#isOver) return;
    this.#host.settle();
    this.#readViewport();
  }

  /** Everything that the model has now, in place of what was shown. */
  show(model: TableModel): TableChange {
    const before = this.#kept;
    this.#model = model;
    this.#told.take();
    const properties = this.#compareProperties(this.#model);
    if (this.#viewport === undefined) {
      this.#read.drop();
      return { reset: true, ranges: [], ids: [], properties };
    }
    this.#readViewport();
    return new ViewportChange(before, this.#kept.rows, { reset: true, properties });
  }

  /** What the effect changed of what is shown; `undefined`: nothing. */
  update(effect: ViewEffect): TableChange | undefined {
    if (this.#isOver) return undefined;
    this.#told.take();
    const properties = this.#compareProperties(this.#model);
    const viewport = this.#viewport;
    if (viewport === undefined) return this.#updateAll(effect, properties);
    const before = this.#kept;
    if (reaches(effect, viewport)) this.#readViewport(this.#changedBy(effect));
    else if (properties.length === 0) return undefined;
    const change = new ViewportChange(before, this.#kept.rows, { reset: false, properties });
    return change.ranges.length > 0 || properties.length > 0 ? change : undefined;
  }

  /** Nothing is shown from now on. */
  end(error: DioramaError): TableChange {
    this.#isOver = true;
    this.#kept = nobody;
    const state = { kind: "error", error } as const;
    const properties = this.#compareProperties({ rowCount: 0, total: unknown, hasMore: false, state });
    return { reset: true, ranges: [], ids: [], properties };
  }

  get rowCount(): number {
    return this.#isCurrent ? this.#rowCount : this.#model.rowCount;
  }

  get total(): Total {
    return this.#isCurrent ? this.#total : this.#model.total;
  }

  get hasMore(): boolean {
    return this.#isCurrent ? this.#hasMore : this.#model.hasMore;
  }

  get state(): SceneryState {
    return this.#isCurrent ? this.#state : this.#model.state;
  }

  row(index: number): TableRow | undefined {
    if (this.#isOver || !Number.isInteger(index) || index < 0) return undefined;
    const known = this.#kept.rows[index - this.#kept.start];
    if (this.#holds({ start: index, end: index + 1 })) return known;
    return readRow(this.#host, this.#model, index, known);
  }

  /** As `slice` of all rows; before the first there is none. */
  rows(from: number, to: number): TableRows {
    const start = Math.max(0, Math.trunc(from));
    const end = Math.min(Math.trunc(to), this.rowCount);
    // What is not a number is neither.
    if (this.#isOver || !(start < end)) return [];
    if (!this.#holds({ start, end })) {
      const rows = this.#readRows({ start, end });
      if (this.#viewport !== undefined || rows.length > MAX_KEPT_ROWS) return rows;
      this.#read.take();
      this.#kept = { start, rows };
    }
    return this.#kept.rows.slice(start - this.#kept.start, end - this.#kept.start);
  }

  indexOf(id: string): number {
    if (this.#isOver) return -1;
    this.#host.settle();
    return this.#model.indexOf(id);
  }

  /** Whether the row is in the viewport, or without one in the table. */
  looksAt(id: string): boolean {
    if (this.#viewport === undefined) return this.indexOf(id) !== -1;
    return this.#kept.rows.some((row) => row?.id === id);
  }

  get #isCurrent(): boolean {
    return this.#isOver || this.#told.holds;
  }

  /** Whether these positions are kept, and still right. */
  #holds({ start, end }: Range): boolean {
    const first = this.#kept.start;
    const isNow = this.#viewport === undefined ? this.#read.holds : this.#told.holds;
    return isNow && start >= first && end <= first + this.#kept.rows.length;
  }

  #updateAll(effect: ViewEffect, properties: readonly TableProperty[]): TableChange | undefined {
    const { start, rows } = this.#kept;
    if (reaches(effect, { start, end: start + rows.length })) this.#read.drop();
    const isNothing = !effect.reset && effect.ranges.length === 0 && effect.ids.length === 0;
    return isNothing && properties.length === 0 ? undefined : toTableChange(effect, properties);
  }

  /** What shows the same stays the same object. */
  #readViewport(changed?: readonly string[]): void {
    if (this.#viewport === undefined) return;
    const { start } = this.#viewport;
    const end = Math.min(this.#viewport.end, this.#model.rowCount);
    this.#kept = { start, rows: start < end ? this.#readRows({ start, end }, changed) : [] };
  }

  /** What is elsewhere has nothing in common with what is kept: to look for it would cost more than to read it. */
  #readRows(range: Range, changed?: readonly string[]): TableRows {
    const { start, rows } = this.#kept;
    const isElsewhere = range.start >= start + rows.length || range.end <= start;
    return readRows(this.#host, this.#model, range, isElsewhere ? nobody : { start, rows, changed });
  }

  /** The rows that alone may show something else, where that is known. */
  #changedBy({ reset, ids }: ViewEffect): readonly string[] | undefined {
    if (reset || ids.length > MAX_LISTED_CHANGES) return undefined;
    // Somebody who was told before has changed something meanwhile.
    return this.#host.settle() === this.#host.telling ? ids : undefined;
  }

  #compareProperties({
    rowCount,
    total,
    hasMore,
    state,
  }: Pick<TableModel, TableProperty>): readonly TableProperty[] {
    const changed: TableProperty[] = [];
    if (rowCount !== this.#rowCount) changed.push("rowCount");
    if (total.value !== this.#total.value || total.kind !== this.#total.kind) changed.push("total");
    if (hasMore !== this.#hasMore) changed.push("hasMore");
    if (!isSameState(state, this.#state)) changed.push("state");
    if (changed.length === 0) return changed;
    this.#rowCount = rowCount;
    this.#total = total;
    this.#hasMore = hasMore;
    this.#state = state;
    return changed;
  }
}

function reaches(effect: ViewEffect, viewport: Range): boolean {
  if (effect.reset) return true;
  for (const range of effect.ranges)
    if (range.start < viewport.end && range.end > viewport.start) return true;
  return false;
}
