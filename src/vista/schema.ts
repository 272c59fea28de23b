import type { Vista } from "./vista.ts";

export type ColumnType = "text" | "integer" | "number" | "decimal" | "boolean" | "date" | "bytes" | "json";

/** Flags with a meaning of ours; any other word is the application's own. */
export type ColumnFlag = "id" | "title" | "searchable" | "hidden" | "mandatory" | "calculated" | (string & {});

export interface Column {
  readonly name: string;
  readonly type: ColumnType;
  readonly flags: readonly ColumnFlag[];
}

/** A named way to other rows: those of `target` whose `targetColumn` equals this row's `column`. */
export interface Reference {
  readonly name: string;
  readonly column: string;
  readonly targetColumn: string;
  /** Deferred, so that two vistas may refer to each other. */
  readonly target: () => Vista<object>;
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
