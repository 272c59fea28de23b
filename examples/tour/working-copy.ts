import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { setImmediate } from "node:timers/promises";
import type { Column, Row, Value, WriteOp } from "vantage-diorama";
import { show } from "./format.ts";

const LINES_OF_A_PIECE = 500;

/** A CSV file of the tour's own, made of rows: the only file that it ever writes to. */
export class WorkingCopy {
  readonly path: string;
  /** By id, in the file's order. */
  readonly rows: Map<string, Row>;
  readonly #folder: string;
  readonly #columns: readonly Column[];

  private constructor(folder: string, name: string, columns: readonly Column[], rows: Map<string, Row>) {
    this.#folder = folder;
    this.path = join(folder, name);
    this.#columns = columns;
    this.rows = rows;
  }

  /** In a folder of its own inside `parent`, which goes with `remove`. */
  static async create(
    parent: string,
    file: string,
    columns: readonly Column[],
    rows: Map<string, Row>,
  ): Promise<WorkingCopy> {
    const folder = await mkdtemp(join(parent, "working-copy-"));
    const name = `${
      basename(file)
        .replace(/(?:\.gz)?$/, "")
        .replace(/\.[^.]*$/, "") || "rows"
    }.csv`;
    const copy = new WorkingCopy(folder, name, columns, rows);
    await copy.save();
    return copy;
  }

  /** Puts a new file in the place of the old one, so that no reader ever sees half of it. */
  async save(): Promise<void> {
    await writeFile(`${this.path}.new`, this.#lines(), { mode: 0o600 });
    await rename(`${this.path}.new`, this.path);
  }

  /** In pieces, so that others get their turn between two of them. */
  async *#lines(): AsyncGenerator<string> {
    let lines = [this.#columns.map(({ name }) => toCell(name)).join(",")];
    // Writes that come meanwhile are for the next time.
    const rows = [...this.rows.values()];
    for (const row of rows) {
      lines.push(this.#columns.map(({ name, type }) => toCell(toText(row[name] ?? null, type))).join(","));
      if (lines.length < LINES_OF_A_PIECE) continue;
      yield `${lines.join("\n")}\n`;
      lines = [];
      await setImmediate();
    }
    yield lines.map((line) => `${line}\n`).join("");
  }

  /** Does to the rows what a write asks for. */
  apply(op: WriteOp): void {
    switch (op.kind) {
      case "insert":
      case "replace":
        this.rows.set(op.id, op.row);
        break;
      case "patch":
        this.rows.set(op.id, merge(this.rows.get(op.id), op.partial));
        break;
      case "delete":
        this.rows.delete(op.id);
        break;
      case "deleteAll":
        for (const id of op.ids ?? [...this.rows.keys()]) this.rows.delete(id);
    }
  }

  async remove(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** By entries, since any name may be a column's. */
function merge(row: Row | undefined, partial: Partial<Row>): Row {
  const cells = new Map(Object.entries(row ?? {}));
  for (const [column, value] of Object.entries(partial)) {
    if (value !== undefined) cells.set(column, value);
  }
  return Object.fromEntries(cells);
}

function toText(value: Value, type: Column["type"]): string {
  if (value === null) return "";
  if (type === "json") return JSON.stringify(value);
  if (value instanceof Date) return value.toISOString();
  if (typeof value === "string") return value;
  return Object.is(value, -0) ? "-0" : show(value);
}

function toCell(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
