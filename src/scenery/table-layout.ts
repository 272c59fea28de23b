import type { Range } from "../views/index.ts";
import { planLoad } from "./plan-load.ts";
import { Positions } from "./positions.ts";
import { afterLoad, asGuess, reachOf, rowCountOf, type TableEnd, unknownEnd, withSeen } from "./table-end.ts";

/** What one load brought. */
export interface Block {
  readonly range: Range;
  /** By position; those of the range that are not among them and lie before `last` have no row. */
  readonly ids: ReadonlyMap<number, string>;
  readonly last: number;
}

/** Where rows stand, all of it as of one state of the source: what has changed since is another layout. */
export class TableLayout {
  readonly positions: Positions;
  end: TableEnd;

  constructor(end: TableEnd = unknownEnd, positions: Positions = new Positions()) {
    this.end = end;
    this.positions = positions;
  }

  /** An empty one for the rows as they are now. */
  renewed(): TableLayout {
    return new TableLayout(asGuess(this.end));
  }

  get rowCount(): number {
    return rowCountOf(this.end);
  }

  /** What stands at `[start, end)`, fewer at the end. */
  idsBetween(start: number, end: number): readonly (string | undefined)[] {
    return this.positions.idsBetween(start, Math.min(end, this.rowCount));
  }

  /** The next range to load for a viewport; `undefined`: it is covered. */
  plan(viewport: Range, pageSize: number): Range | undefined {
    return planLoad({ viewport, held: this.positions, pageSize, ...reachOf(this.end) });
  }

  /** The page that comes next after a position, past the end where all is held: nobody can know but the source. */
  more(from: number, pageSize: number): Range {
    const { total, limit } = reachOf(this.end);
    const missing = this.positions.firstMissing(from, total);
    if (missing === undefined) return { start: total, end: total + pageSize };
    return { start: missing, end: Math.min(missing + pageSize, limit) };
  }

  /** Up to where a load of this range may bring rows: beyond it where it was cut at an end that they prove wrong. */
  limitOf({ start, end }: Range, pageSize: number): number {
    return end === reachOf(this.end).limit ? start + pageSize : end;
  }

  /** Whether a load of this range brings something that the viewport misses. */
  wants(viewport: Range, range: Range): boolean {
    const { total } = reachOf(this.end);
    const start = Math.max(viewport.start, range.start);
    const end = Math.min(viewport.end, range.end, total);
    return start < end && this.positions.firstMissing(start, end) !== undefined;
  }

  /** Whether a row of it stands elsewhere: the rows have moved between two loads, and not both can be right. */
  contradicts({ range, ids, last }: Block): boolean {
    const end = Math.max(range.end, last);
    for (const id of ids.values()) {
      const place = this.positions.indexOf(id);
      if (place !== -1 && (place < range.start || place >= end)) return true;
    }
    return false;
  }

  /** Takes the block over; a row has the last place that was told. */
  land({ range, ids, last }: Block): void {
    const { positions } = this;
    const knownBefore = positions.known;
    for (let index = range.start; index < last; index++) positions.put(index, ids.get(index) ?? null);
    // A row that moved down from there within the block has left a place that nobody asked about.
    for (let index = last; index < range.end; index++) positions.forgetEmpty(index);
    const isProgress = positions.known > knownBefore;
    const { end, isEnd } = afterLoad(this.end, { range, last, isProgress });
    this.end = end;
    if (!isEnd) return;
    positions.forgetFrom(last);
    this.end = withSeen(end, positions.end);
  }
}
