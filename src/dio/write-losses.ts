import { DioramaError } from "../base/index.ts";
import type { LostOp } from "../queue/index.ts";

/** Losses that have an event each; what is more is told together. */
const MAX_TOLD = 20;

/** What a queue could not read when it was opened, as errors: one for each loss, the rest in one. */
export function lossErrors(lost: readonly LostOp[], name: string): readonly DioramaError[] {
  const errors = lost.slice(0, MAX_TOLD).map((loss) => toError(`the queue has lost ${describe(loss)}`, name));
  const more = lost.length - MAX_TOLD;
  if (more > 0) errors.push(toError(`the queue has lost ${more} more: see diagnostics().writes.lost`, name));
  return errors;
}

/** All of them in one line. */
export function lossSummary(lost: readonly LostOp[], name: string): DioramaError | undefined {
  const [first] = lost;
  if (first === undefined) return undefined;
  const others = lost.length === 1 ? "" : `, and ${lost.length - 1} more`;
  return toError(`the queue has lost ${describe(first)}${others}`, name);
}

function describe({ position, reason, opId, id }: LostOp): string {
  const what = opId === undefined ? "what may have been a write" : `write ${opId}`;
  const row = id === undefined ? "" : ` of ${JSON.stringify(id)}`;
  return `${what}${row} at ${position}: ${reason}`;
}

function toError(message: string, name: string): DioramaError {
  return new DioramaError("corrupt", `${name}: ${message}`, { place: { vista: name } });
}
