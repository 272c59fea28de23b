import type { Row } from "../record/index.ts";

interface FeedMark {
  /** Where this change stands in its feed; stored together with the row it brought. */
  readonly position?: string;
  /** The write that caused it, where the master knows. */
  readonly opId?: string;
}

/** What a master says of its own changes. Without a row, the row is read again from the master. */
export type ChangeEvent<R extends object = Row> =
  | ({ readonly type: "inserted" | "updated"; readonly id: string; readonly row?: R } & FeedMark)
  | ({ readonly type: "deleted"; readonly id: string } & FeedMark)
  | ({ readonly type: "invalidated" } & FeedMark);
