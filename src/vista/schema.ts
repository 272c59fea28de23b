/** Every type that a column may have. */
export const allColumnTypes = [
  "text",
  "integer",
  "number",
  "decimal",
  "boolean",
  "date",
  "bytes",
  "json",
] as const;

export type ColumnType = (typeof allColumnTypes)[number];

/** Flags with a meaning of ours; any other word is the application's own. */
export type ColumnFlag =
  | "id"
  | "title"
  | "searchable"
  | "hidden"
  | "mandatory"
  | "calculated"
  | (string & {});

export interface Column {
  readonly name: string;
  readonly type: ColumnType;
  readonly flags: readonly ColumnFlag[];
}

/** What a reference leads to: a Vista or a Source. Only its shape is said here, so that a schema knows neither. */
export interface ReferenceTarget {
  readonly name: string;
  readonly schema: Schema;
}

/** A named way to other rows: those of `target` whose `targetColumn` equals this row's `column`. */
export interface Reference {
  readonly name: string;
  readonly column: string;
  /** `undefined`: the id of the target's rows. */
  readonly targetColumn: string | undefined;
  /** Deferred, so that two vistas may refer to each other. */
  readonly target: () => ReferenceTarget;
}

export interface Schema {
  /** In the source's own order. */
  readonly columns: readonly Column[];
  /** The column that holds the id as well, where there is one. */
  readonly idColumn: string | undefined;
  readonly references: readonly Reference[];
  /** Rows may hold columns that are not listed (documents): then any column name is accepted. */
  readonly open: boolean;
}
