import type { Listeners, ViewEffect } from "../views/index.ts";
import type { ModelUse } from "./table-model.ts";

/** A use of a model that loads the same whatever is looked at; `onLast` is called when no other is left. */
export function addUse(
  uses: Listeners<ViewEffect>,
  onChange: (effect: ViewEffect) => void,
  onLast: () => void,
): ModelUse {
  const stop = uses.add(onChange);
  let isReleased = false;
  return {
    setViewport: () => undefined,
    release: () => {
      if (isReleased) return;
      isReleased = true;
      stop();
      if (uses.isEmpty) onLast();
    },
  };
}
