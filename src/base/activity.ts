/** Active: everything runs. Standby: slower refresh. Offline: the sources are out of reach and left alone. */
export type Activity = "active" | "standby" | "offline";

/** How active the application is, as something that can be asked and followed. */
export interface ActivitySignal {
  readonly state: Activity;
  /** Calls `listener` after each change, until the returned function is called. */
  subscribe(listener: (state: Activity) => void): () => void;
}

/** An ActivitySignal with a switch. */
export interface ActivitySwitch extends ActivitySignal {
  set(state: Activity): void;
}

/** An activity that the application sets by hand (from `navigator.onLine`, a visibility event, a menu). */
export function createActivity(initial: Activity = "active"): ActivitySwitch {
  const listeners = new Set<(state: Activity) => void>();
  let current = initial;
  return {
    get state() {
      return current;
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    set(state) {
      if (state === current) return;
      current = state;
      for (const listener of [...listeners]) listener(state);
    },
  };
}
