import type { Row } from "../record/index.ts";

interface OpBase {
  /** Minted once; the idempotency key on every attempt. */
  readonly opId: string;
  /** Milliseconds since 1970. */
  readonly enqueuedAt: number;
  /** 1 on the first try. 0 while it was never sent. */
  readonly attempt: number;
}

/** One write on its way to its destination, as frozen plain data. */
export type WriteOp<R extends object = Row> = OpBase &
  (
    | { readonly kind: "insert" | "replace"; readonly id: string; readonly row: R }
    | { readonly kind: "patch"; readonly id: string; readonly partial: Partial<R> }
    | { readonly kind: "delete"; readonly id: string }
    /** Without ids, every row; with them, those that a narrowed view showed. */
    | { readonly kind: "deleteAll"; readonly id?: undefined; readonly ids?: readonly string[] }
  );

export type WriteKind = WriteOp["kind"];
