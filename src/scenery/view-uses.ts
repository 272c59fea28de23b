import { messageOf, type Timer } from "../base/index.ts";
import { Listeners, type Range, type ViewEffect } from "../views/index.ts";
import type { SceneryHost } from "./scenery-host.ts";
import type { ModelUse } from "./table-model.ts";

/** Positions that somebody looks at. */
export interface View {
  readonly range: Range;
  /** Loading them has failed, and is not tried again yet. */
  isWaiting: boolean;
}

/** What becomes of the uses of a model. */
export interface ViewUsesEvents {
  /** A viewport has come to rest. */
  onViewport(range: Range, isAnother: boolean): void;
  /** One was released, and others are left. */
  onFewer(): void;
  /** The last one was released, which looked at this. */
  onNone(range: Range): void;
}

/** The uses of one model: who is told, and which positions are looked at once a viewport has come to rest. */
export class ViewUses {
  readonly #host: SceneryHost;
  readonly #firstScreen: Range;
  readonly #events: ViewUsesEvents;
  /** Until there is one. */
  readonly #nobody: View;
  readonly #listeners = new Listeners<ViewEffect>();
  readonly #uses = new Set<ViewUse>();

  /** Without a viewport, the `firstScreen` is looked at. */
  constructor(host: SceneryHost, firstScreen: Range, events: ViewUsesEvents) {
    this.#host = host;
    this.#firstScreen = firstScreen;
    this.#events = events;
    this.#nobody = { range: firstScreen, isWaiting: false };
  }

  /** At least one. */
  get views(): readonly View[] {
    return this.#uses.size === 0 ? [this.#nobody] : [...this.#uses];
  }

  add(onChange: (effect: ViewEffect) => void): ModelUse {
    const use = new ViewUse(this.#host, this.#firstScreen, (isAnother) =>
      this.#events.onViewport(use.range, isAnother),
    );
    const stop = this.#listeners.add(onChange);
    this.#uses.add(use);
    return {
      setViewport: (range) => use.set(range),
      release: () => {
        if (!this.#uses.delete(use)) return;
        stop();
        use.end();
        if (this.#uses.size === 0) this.#events.onNone(use.range);
        else this.#events.onFewer();
      },
    };
  }

  tell(effect: ViewEffect): void {
    this.#listeners.tell(effect, (error) =>
      this.#host.logger.error("a Scenery failed", { reason: messageOf(error) }),
    );
  }

  /** No viewport comes to rest any more. */
  end(): void {
    for (const use of this.#uses) use.end();
  }
}

/** One use: its viewport counts when no other one has followed for a while. */
class ViewUse implements View {
  range: Range;
  isWaiting = false;
  readonly #host: SceneryHost;
  readonly #onRest: (isAnother: boolean) => void;
  #timer: Timer | undefined;
  #isOver = false;

  constructor(host: SceneryHost, range: Range, onRest: (isAnother: boolean) => void) {
    this.#host = host;
    this.range = range;
    this.#onRest = onRest;
  }

  set(range: Range): void {
    this.#timer?.cancel();
    if (this.#isOver) return;
    const { clock, viewportDebounceMs } = this.#host;
    // Somebody has asked for these rows and may wait for nothing else.
    this.#timer = clock.setTimer(() => this.#rest(range), viewportDebounceMs, { keepAlive: true });
  }

  end(): void {
    this.#isOver = true;
    this.#timer?.cancel();
  }

  #rest(range: Range): void {
    const isAnother = range.start !== this.range.start || range.end !== this.range.end;
    this.range = range;
    if (isAnother) this.isWaiting = false;
    this.#onRest(isAnother);
  }
}
