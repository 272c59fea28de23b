import type { Row } from "../record/index.ts";
import { allCapabilityNames, createCapabilities, type Capabilities } from "./capabilities.ts";
import { createSchema, type ColumnsInput, type ReferenceInput } from "./create-schema.ts";
import { inferColumns } from "./infer-columns.ts";
import { isRowMap, MemorySource, type RowsInput } from "./memory-source.ts";
import type { StandardSchemaV1 } from "./standard-schema.ts";
import { Vista } from "./vista.ts";

interface Described<R extends object> {
  /** The column that holds the id; rows of a Map need none. */
  readonly id?: IdColumn<NoInfer<R>> | undefined;
  /** Without columns they are inferred from the rows; from no rows, or with a validator, the schema stays open. */
  readonly columns?: ColumnsInput | undefined;
  /** Every capability is on unless it is switched off here. */
  readonly capabilities?: Partial<Capabilities> | undefined;
  /** Checks rows at the boundary, both ways, and says their type. */
  readonly schema?: StandardSchemaV1<unknown, R> | undefined;
  readonly title?: string | readonly string[] | undefined;
  readonly references?: Readonly<Record<string, ReferenceInput>> | undefined;
  /** Rows may hold columns that are not listed. */
  readonly open?: boolean | undefined;
}

/** One of the row's columns; of rows that nothing is known of, any. */
type IdColumn<R extends object> = [keyof R] extends [never] ? string : keyof R & string;

/** What a memory vista is and holds at first. `rows`: by id, or rows that hold their id in the id column. */
export type MemoryOptions<R extends object = Row> = Described<R> & {
  readonly rows?: RowsInput<R> | undefined;
};

/** A vista whose source is at hand. */
export class MemoryVista<R extends object = Row> extends Vista<R> {
  declare readonly source: MemorySource<R>;

  constructor(source: MemorySource<R>) {
    super(source);
  }
}

/** A vista over rows in memory: the reference source, changeable from outside through `.source`. */
export function memory<R extends object = Row>(
  name: string,
  options: Described<R> & { readonly rows: ReadonlyMap<string, R> },
): MemoryVista<R>;
// Without rows, a validator or a type argument nothing is known of the rows, wherever the call stands.
export function memory(
  name: string,
  options?: Described<Row> & { readonly rows?: undefined; readonly schema?: undefined },
): MemoryVista;
export function memory<R extends object = Row>(
  name: string,
  options?: Described<R> & { readonly rows?: Iterable<R> | undefined },
): MemoryVista<R>;
export function memory<R extends object = Row>(name: string, options: MemoryOptions<R>): MemoryVista<R>;
export function memory<R extends object = Row>(name: string, options: MemoryOptions<R> = {}): MemoryVista<R> {
  const rows = toHeld(options.rows ?? new Map<string, R>());
  const schema = createSchema({
    id: options.id,
    columns: options.columns ?? columnsOf(rows),
    title: options.title,
    references: options.references,
    open: options.open ?? (options.columns === undefined && options.schema !== undefined ? true : undefined),
  });
  const all = Object.fromEntries(allCapabilityNames.map((capability) => [capability, true]));
  const capabilities = createCapabilities({ ...all, ...options.capabilities });
  return new MemoryVista(new MemorySource({ name, schema, capabilities, validator: options.schema, rows }));
}

/** An iterator can be read only once, and both the schema and the source read the rows. */
function toHeld<R extends object>(rows: RowsInput<R>): RowsInput<R> {
  return isRowMap(rows) ? rows : [...rows];
}

function columnsOf<R extends object>(rows: RowsInput<R>): ColumnsInput | undefined {
  const columns = inferColumns(isRowMap(rows) ? rows.values() : rows);
  return Object.keys(columns).length === 0 ? undefined : columns;
}
