import { DioramaError, isDioramaError, messageOf } from "../base/index.ts";
import type { WriteOp } from "../vista/index.ts";
import type { WriteResult } from "./write-contract.ts";

/** What is known of an op whose attempt failed. */
export interface FailedAttempt {
  readonly op: WriteOp;
  /** An earlier attempt may have reached the destination. */
  readonly outcomeUnknown: boolean;
  /** Of this op, this one included, ended with an error of unknown kind. */
  readonly unknownErrors: number;
  readonly unknownErrorAttempts: number;
}

/**
 * retry: the outcome is unknown. fail: a dead letter. succeed: an earlier attempt had arrived after all.
 * compare: it has if the stored row is the op's own, else it fails.
 */
export type AttemptVerdict =
  | { readonly kind: "retry" | "fail" | "compare"; readonly error: DioramaError }
  | { readonly kind: "succeed"; readonly result?: WriteResult };

/** What an error means for the op that it ended. */
export function judgeFailure(error: unknown, attempt: FailedAttempt): AttemptVerdict {
  switch (classifyError(error)) {
    case "transient":
      return { kind: "retry", error: toTold(error, "unavailable", attempt.op) };
    case "definite": {
      const told = toTold(error, "rejected", attempt.op);
      if (!attempt.outcomeUnknown) return { kind: "fail", error: told };
      const { kind } = attempt.op;
      if (told.code === "notFound" && (kind === "delete" || kind === "deleteAll")) return { kind: "succeed" };
      return { kind: told.code === "conflict" && kind === "insert" ? "compare" : "fail", error: told };
    }
    case "unknown":
      if (attempt.unknownErrors < attempt.unknownErrorAttempts) {
        return { kind: "retry", error: toTold(error, "unavailable", attempt.op) };
      }
      return { kind: "fail", error: toTold(error, "rejected", attempt.op) };
  }
}

/** transient: worth retrying for ever. definite: retrying can't help. unknown: worth a few attempts. */
export function classifyError(error: unknown): "transient" | "definite" | "unknown" {
  if (!isDioramaError(error)) return "unknown";
  switch (error.code) {
    case "unavailable":
    case "timeout":
      return "transient";
    case "rejected":
    case "invalid":
    case "conflict":
    case "notFound":
    case "unsupported":
    case "unimplemented":
      return "definite";
    case "full":
    case "inUse":
    case "corrupt":
    case "closed":
      return "unknown";
  }
}

function toTold(error: unknown, code: "unavailable" | "rejected", op: WriteOp): DioramaError {
  if (isDioramaError(error)) return error;
  const what = op.kind === "deleteAll" ? "deleteAll" : `${op.kind} of ${JSON.stringify(op.id)}`;
  return new DioramaError(code, `${what}: ${messageOf(error)}`, {
    cause: error,
    place: { id: op.kind === "deleteAll" ? undefined : op.id },
  });
}
