import { DioramaError } from "../base/index.ts";
import {
  allColumnTypes,
  type Column,
  type ColumnFlag,
  type ColumnType,
  type Reference,
  type ReferenceTarget,
  type Schema,
} from "./schema.ts";

/** A column's type, or its type and flags. */
export type ColumnInput = ColumnType | { readonly type: ColumnType; readonly flags?: readonly ColumnFlag[] };

/** Columns by name, in their order. */
export type ColumnsInput = Readonly<Record<string, ColumnInput>>;

/** The rows of `target` whose `targetColumn` (without it: whose id) equals this row's `column`. */
export interface ReferenceInput {
  readonly column: string;
  readonly target: () => ReferenceTarget;
  readonly targetColumn?: string;
}

export interface SchemaInput {
  /** The column that holds the id as well; a text column where it isn't listed. */
  readonly id?: string | undefined;
  /** Without columns, the schema is open. */
  readonly columns?: ColumnsInput | undefined;
  /** The columns that name a row to people. */
  readonly title?: string | readonly string[] | undefined;
  readonly references?: Readonly<Record<string, ReferenceInput>> | undefined;
  /** Rows may hold columns that are not listed. */
  readonly open?: boolean | undefined;
}

const columnTypes: ReadonlySet<unknown> = new Set(allColumnTypes);

/** A frozen schema; `invalid` with every problem that the input has. */
export function createSchema(input: SchemaInput): Schema {
  const problems: string[] = [];
  const listed = Object.entries(input.columns ?? {}).map(([name, column]) =>
    toColumn(name, column, problems),
  );
  const idColumn = idColumnOf(input.id, listed, problems);
  const titles = new Set(typeof input.title === "string" ? [input.title] : input.title);
  const open = input.open ?? input.columns === undefined;
  const columns = withRoles(listed, idColumn, titles);
  const names = new Set(columns.map((column) => column.name));
  for (const title of titles) {
    if (!names.has(title)) {
      if (open) columns.push({ name: title, type: "text", flags: ["title"] });
      else problems.push(`title "${title}" is no column`);
    }
  }
  const references = Object.entries(input.references ?? {}).map(([name, reference]) => {
    if (!open && !names.has(reference.column)) {
      problems.push(`reference "${name}" starts from "${reference.column}", which is no column`);
    }
    return toReference(name, reference, problems);
  });
  if (problems.length > 0) throw new DioramaError("invalid", `schema: ${problems.join("; ")}`);
  return Object.freeze({
    columns: Object.freeze(columns.map(freezeColumn)),
    idColumn,
    references: Object.freeze(references),
    open,
  });
}

function toColumn(name: string, input: ColumnInput, problems: string[]): Column {
  const { type, flags = [] } = typeof input === "object" && input !== null ? input : { type: input };
  if (name === "" || !name.isWellFormed()) problems.push(`${JSON.stringify(name)} is no column name`);
  if (!columnTypes.has(type)) {
    problems.push(
      `column "${name}" has type ${JSON.stringify(type)}; types are ${allColumnTypes.join(", ")}`,
    );
  }
  if (!Array.isArray(flags) || flags.some((flag) => typeof flag !== "string" || flag === "")) {
    problems.push(`column "${name}": flags are a list of words`);
    return { name, type, flags: [] };
  }
  return { name, type, flags };
}

function idColumnOf(
  given: string | undefined,
  columns: readonly Column[],
  problems: string[],
): string | undefined {
  const flagged = columns.filter((column) => column.flags.includes("id")).map((column) => column.name);
  if (given === "") problems.push("the id column's name is empty");
  const candidates = new Set(given === undefined ? flagged : [given, ...flagged]);
  if (candidates.size > 1) problems.push(`several id columns: ${[...candidates].join(", ")}`);
  return given ?? flagged[0];
}

/** The columns with the id column among them, and the flags that `id` and `title` stand for. */
function withRoles(
  listed: readonly Column[],
  idColumn: string | undefined,
  titles: ReadonlySet<string>,
): Column[] {
  const columns = [...listed];
  if (idColumn !== undefined && !columns.some((column) => column.name === idColumn)) {
    columns.unshift({ name: idColumn, type: "text", flags: [] });
  }
  return columns.map((column) => {
    const flags = new Set(column.flags);
    if (column.name === idColumn) flags.add("id");
    if (titles.has(column.name)) flags.add("title");
    return { ...column, flags: [...flags] };
  });
}

function toReference(name: string, input: ReferenceInput, problems: string[]): Reference {
  if (typeof input.target !== "function") {
    problems.push(`reference "${name}": target is a function that returns a vista`);
  }
  return Object.freeze({
    name,
    column: input.column,
    targetColumn: input.targetColumn,
    target: input.target,
  });
}

function freezeColumn(column: Column): Column {
  return Object.freeze({ name: column.name, type: column.type, flags: Object.freeze([...column.flags]) });
}
