import type { Row } from "../record/index.ts";

/** What one id showed before and after: `undefined` where there was or is no row. Never both. */
export interface RowChange {
  readonly id: string;
  readonly before: Row | undefined;
  readonly after: Row | undefined;
}
