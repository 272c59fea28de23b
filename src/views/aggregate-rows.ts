import type { Row, Value } from "../record/index.ts";
import { compilePath } from "../query/index.ts";
import { checkAggregate, createAccumulator } from "./aggregate-cells.ts";
import type { Aggregate, CellAccumulator, MatchingRows } from "./aggregate-contract.ts";
import { GroupResults } from "./group-results.ts";
import type { AggregateResult, AggregateSpec } from "./view-contract.ts";

/** An aggregate of the rows that match. Throws `invalid` for a spec that makes no sense. */
export function createAggregate(spec: AggregateSpec, rows: MatchingRows): Aggregate {
  checkAggregate(spec);
  return new RowsAggregate(spec, rows);
}

type ReadCell = (row: Row) => Value | undefined;

const noCell: ReadCell = () => undefined;
const noGroups: ReadonlyMap<Value, AggregateResult> = new Map();

/** What nobody reads is not computed: the first read loads, and from then on every change is followed. */
class RowsAggregate implements Aggregate {
  readonly #spec: AggregateSpec;
  readonly #rows: MatchingRows;
  readonly #readCell: ReadCell;
  readonly #readGroup: ReadCell | undefined;
  /** Of all rows; `undefined` until the value is read. */
  #whole: CellAccumulator | undefined;
  /** By group; `undefined` until the groups are read. */
  #grouped: GroupResults | undefined;

  constructor(spec: AggregateSpec, rows: MatchingRows) {
    this.#spec = spec;
    this.#rows = rows;
    this.#readCell = spec.kind === "count" ? noCell : compilePath(spec.column ?? "");
    this.#readGroup = spec.groupBy === undefined ? undefined : compilePath(spec.groupBy);
  }

  get value(): AggregateResult {
    this.#whole ??= this.#loadWhole();
    return this.#whole.result;
  }

  get groups(): ReadonlyMap<Value, AggregateResult> {
    if (this.#readGroup === undefined) return noGroups;
    this.#grouped ??= this.#loadGroups(this.#readGroup);
    return this.#grouped.map;
  }

  add(id: string, row: Row): boolean {
    const cell = this.#readCell(row);
    this.#whole?.add(cell, id);
    this.#grouped?.add({ group: this.#readGroup?.(row), cell }, id);
    return true;
  }

  remove(id: string, row: Row): boolean {
    const cell = this.#readCell(row);
    this.#whole?.remove(cell, id);
    this.#grouped?.remove({ group: this.#readGroup?.(row), cell }, id);
    return true;
  }

  replace(id: string, before: Row, after: Row): boolean {
    const cellBefore = this.#readCell(before);
    const cellAfter = this.#readCell(after);
    const groupBefore = this.#readGroup?.(before);
    const groupAfter = this.#readGroup?.(after);
    const isSameCell = Object.is(cellBefore, cellAfter);
    if (isSameCell && Object.is(groupBefore, groupAfter)) return false;
    if (!isSameCell) {
      this.#whole?.remove(cellBefore, id);
      this.#whole?.add(cellAfter, id);
    }
    this.#grouped?.replace(
      { group: groupBefore, cell: cellBefore },
      { group: groupAfter, cell: cellAfter },
      id,
    );
    return true;
  }

  reset(): void {
    this.#whole = undefined;
    this.#grouped = undefined;
  }

  #loadWhole(): CellAccumulator {
    const whole = createAccumulator(this.#spec);
    for (const [id, row] of this.#rows()) whole.add(this.#readCell(row), id);
    return whole;
  }

  #loadGroups(readGroup: ReadCell): GroupResults {
    const grouped = new GroupResults(() => createAccumulator(this.#spec));
    for (const [id, row] of this.#rows())
      grouped.add({ group: readGroup(row), cell: this.#readCell(row) }, id);
    return grouped;
  }
}
