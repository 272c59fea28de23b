import type { Row } from "../record/index.ts";
import { GroupedValues } from "./grouped-values.ts";
import { ModelLeases } from "./model-leases.ts";
import { OpenHandles } from "./open-handles.ts";
import { RecordScenery } from "./record-scenery.ts";
import type { SceneryHost } from "./scenery-host.ts";
import { checkPageSize, type SceneryFilter, toQuery, type TableSceneryOptions } from "./table-query.ts";
import { TableScenery } from "./table-scenery.ts";
import { Values } from "./values.ts";

/** A table that can be opened, as often as one likes: index and loads are shared, each handle is one's own. */
export interface TableDescription<R extends object = Row> {
  /** Resolves when the first screen can be read, also where that failed; rejects only `invalid` and `closed`. */
  open(): Promise<TableScenery<R>>;
}

export interface GroupedFilter extends SceneryFilter {
  /** One value for each value of this column. */
  readonly groupBy: string;
}

/** The Sceneries of one host. */
export class Sceneries {
  readonly #host: SceneryHost;
  readonly #leases: ModelLeases;
  readonly #handles: OpenHandles;

  constructor(host: SceneryHost) {
    this.#host = host;
    this.#leases = new ModelLeases(host);
    this.#handles = new OpenHandles(host);
  }

  /** How many handles are open. */
  get openCount(): number {
    return this.#handles.size;
  }

  /** What is wrong with the options is said by `open`. */
  table<R extends object = Row>(options: TableSceneryOptions = {}): TableDescription<R> {
    const host = this.#host;
    const surroundings = { host, leases: this.#leases, handles: this.#handles };
    return {
      open: async () => {
        const pageSize = checkPageSize(options.pageSize, host);
        return TableScenery.open<R>(surroundings, toQuery(options, host), pageSize);
      },
    };
  }

  /** Throws `invalid` for what can be no id. */
  record<R extends object = Row>(id: string): RecordScenery<R> {
    return new RecordScenery<R>({ host: this.#host, handles: this.#handles }, id);
  }

  /** Throws `invalid` for what is wrong with the options. */
  value<R extends object = Row>(options?: SceneryFilter & { readonly groupBy?: undefined }): Values<R>;
  value(options: GroupedFilter): GroupedValues;
  value(options: SceneryFilter & { readonly groupBy?: string | undefined } = {}): Values | GroupedValues {
    const query = toQuery({ where: options.where, search: options.search }, this.#host);
    const surroundings = { host: this.#host, handles: this.#handles, query };
    return options.groupBy === undefined
      ? new Values(surroundings)
      : new GroupedValues(surroundings, options.groupBy);
  }

  /** Whether anybody shows this row: a record, or a table whose viewport, or where it has none whose rows, it is in. */
  lookAt(id: string): boolean {
    return this.#handles.lookAt(id);
  }

  /** Ends every handle: their state is the error `closed`, their listeners hear it once. */
  close(): void {
    this.#handles.close();
  }
}
