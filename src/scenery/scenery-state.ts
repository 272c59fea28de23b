import type { SceneryState } from "./table-model.ts";

export const LOADING: SceneryState = Object.freeze({ kind: "loading" });
export const PARTIAL: SceneryState = Object.freeze({ kind: "partial" });
export const COMPLETE: SceneryState = Object.freeze({ kind: "complete" });

/** An error that says the same is the same: a source that stays away is not told again at every attempt. */
export function isSameState(a: SceneryState, b: SceneryState): boolean {
  if (a.kind !== "error" || b.kind !== "error") return a.kind === b.kind;
  return a.error.code === b.error.code && a.error.message === b.error.message;
}
