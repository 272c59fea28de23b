import type { Value } from "../record/index.ts";
import { type Groups, openGroups, type ValueSurroundings } from "./aggregate-value.ts";
import type { ValueScenery } from "./value-scenery.ts";
import type { SumValue } from "./values.ts";

/** As `Values`, for each group of rows: a map from the value of the column that groups, without empty groups. */
export class GroupedValues {
  readonly #surroundings: ValueSurroundings;
  readonly #groupBy: string;

  constructor(surroundings: ValueSurroundings, groupBy: string) {
    this.#surroundings = surroundings;
    this.#groupBy = groupBy;
  }

  count(): ValueScenery<Groups<number>> {
    return openGroups(this.#surroundings, { kind: "count", groupBy: this.#groupBy });
  }

  sum(column: string): ValueScenery<Groups<SumValue>> {
    return openGroups(this.#surroundings, { kind: "sum", column, groupBy: this.#groupBy });
  }

  avg(column: string): ValueScenery<Groups<SumValue | undefined>> {
    return openGroups(this.#surroundings, { kind: "avg", column, groupBy: this.#groupBy });
  }

  min(column: string): ValueScenery<Groups<Value | undefined>> {
    return openGroups(this.#surroundings, { kind: "min", column, groupBy: this.#groupBy });
  }

  max(column: string): ValueScenery<Groups<Value | undefined>> {
    return openGroups(this.#surroundings, { kind: "max", column, groupBy: this.#groupBy });
  }

  distinct(column: string): ValueScenery<Groups<number>> {
    return openGroups(this.#surroundings, { kind: "distinct", column, groupBy: this.#groupBy });
  }
}
