/** What a read does about the age of what it found: serve it, serve it and refresh behind, or wait. */
export type Freshness = "fresh" | "behind" | "wait";

export interface Age {
  /** Milliseconds since it was read from the master; `undefined`: not known, which counts as fresh. */
  readonly ageMs: number | undefined;
  /** Something said that it is out of date. */
  readonly invalidated: boolean;
}

/** Up to `freshForMs` fresh, for `staleForMs` more served and refreshed behind, older than both waited for. */
export function decideFreshness(age: Age, freshForMs: number, staleForMs: number): Freshness {
  // A clock that was set back makes rows of the future: as old as they would be if it had gone on.
  const ageMs = Math.abs(age.ageMs ?? 0);
  if (ageMs > freshForMs + staleForMs) return "wait";
  return age.invalidated || ageMs > freshForMs ? "behind" : "fresh";
}
