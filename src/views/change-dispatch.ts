import { compilePath, type Condition } from "../query/index.ts";
import type { Row, Value } from "../record/index.ts";
import { CellIndex } from "./cell-index.ts";
import type { Selection } from "./selection.ts";

/** One of these values must stand in the column for a row to be selected. */
interface Door {
  /** `undefined`: the row's id. */
  readonly column: string | undefined;
  readonly values: readonly Value[];
}

interface Column {
  readonly read: (id: string, row: Row) => Value | undefined;
  readonly selections: CellIndex<Selection>;
}

/**
 * Which selections a change may concern. One that needs a column to have a value, or one of several, or its row to
 * have one of some ids, is found by what the row holds; only the others are asked at every change.
 */
export class ChangeDispatch {
  readonly #doors = new Map<Selection, Door | undefined>();
  readonly #columns = new Map<Door["column"], Column>();
  /** The same as a list, which is gone through at every change. */
  #columnList: readonly Column[] = [];
  readonly #broad = new Set<Selection>();
  readonly #found: Selection[] = [];
  #changeNumber = 0;

  add(selection: Selection): void {
    const door = this.#chooseDoor(selection.scope.conditions);
    this.#doors.set(selection, door);
    if (door === undefined) {
      this.#broad.add(selection);
      return;
    }
    let column = this.#columns.get(door.column);
    if (column === undefined) {
      column = { read: compileRead(door.column), selections: new CellIndex() };
      this.#columns.set(door.column, column);
      this.#columnList = [...this.#columns.values()];
    }
    for (const value of door.values) column.selections.add(value, selection);
  }

  delete(selection: Selection): void {
    const door = this.#doors.get(selection);
    this.#doors.delete(selection);
    this.#broad.delete(selection);
    const column = door === undefined ? undefined : this.#columns.get(door.column);
    if (door === undefined || column === undefined) return;
    for (const value of door.values) column.selections.delete(value, selection);
    if (!column.selections.isEmpty) return;
    this.#columns.delete(door.column);
    this.#columnList = [...this.#columns.values()];
  }

  /** Those that may hold one of the two rows, each once; the list is good until the next call. */
  find(id: string, before: Row | undefined, after: Row | undefined): readonly Selection[] {
    const found = this.#found;
    found.length = 0;
    if (this.#broad.size > 0) for (const selection of this.#broad) found.push(selection);
    this.#changeNumber += 1;
    for (const { read, selections } of this.#columnList) {
      const was = before === undefined ? undefined : read(id, before);
      const is = after === undefined ? undefined : read(id, after);
      const left = selections.at(was);
      // Nearly all changes leave the column as it is.
      const entered = is === was ? left : selections.at(is);
      if (left !== undefined) this.#take(left);
      if (entered !== undefined && entered !== left) this.#take(entered);
    }
    return found;
  }

  #take(selections: ReadonlySet<Selection>): void {
    for (const selection of selections) {
      if (selection.lastFound === this.#changeNumber) continue;
      selection.lastFound = this.#changeNumber;
      this.#found.push(selection);
    }
  }

  /** The one behind which the fewest others stand, so that a condition that all of them share doesn't gather them. */
  #chooseDoor(conditions: readonly Condition[]): Door | undefined {
    let best: Door | undefined;
    let leastCrowd = Infinity;
    for (const condition of conditions) {
      const door = doorOf(condition);
      if (door === undefined) continue;
      const known = this.#columns.get(door.column)?.selections;
      const crowd = door.values.reduce<number>((sum, value) => sum + 1 + (known?.at(value)?.size ?? 0), 0);
      if (crowd >= leastCrowd) continue;
      best = door;
      leastCrowd = crowd;
    }
    return best;
  }
}

/** What of a condition, which is no group that must hold, can be looked up. A comparison with null never holds. */
function doorOf(condition: Condition): Door | undefined {
  if (condition.kind === "id") return { column: undefined, values: condition.ids };
  if (condition.kind === "compare" && condition.operator === "=")
    return { column: condition.column, values: notNull([condition.value]) };
  if (condition.kind === "list" && condition.operator === "in")
    return { column: condition.column, values: notNull(condition.values) };
  return undefined;
}

function notNull(values: readonly Value[]): readonly Value[] {
  return values.filter((value) => value !== null);
}

function compileRead(column: string | undefined): Column["read"] {
  if (column === undefined) return (id) => id;
  const read = compilePath(column);
  return (_id, row) => read(row);
}
