import { DioramaError } from "./errors.ts";

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

const STATES: readonly string[] = ["active", "standby", "offline"] satisfies Activity[];

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
      if (!STATES.includes(state)) {
        throw new DioramaError("invalid", `activity: ${String(state)} is none; give ${STATES.join(", ")}`);
      }
      if (state === current) return;
      current = state;
      tell([...listeners], state);
    },
  };
}

/** Each of them is told; the first failure is thrown after that. */
function tell(listeners: readonly ((state: Activity) => void)[], state: Activity): void {
  const failures: unknown[] = [];
  for (const listener of listeners) {
    try {
      listener(state);
    } catch (error) {
      failures.push(error);
    }
  }
  // As it was thrown, whatever it is.
  // oxlint-disable-next-line typescript/only-throw-error
  if (failures.length > 0) throw failures[0];
}
