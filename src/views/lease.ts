import { DioramaError } from "../base/index.ts";
import type { Listeners } from "./listeners.ts";
import type { ViewListener } from "./view-contract.ts";

/** What several may use at once. */
interface Leased<Effect> {
  readonly listeners: Listeners<Effect>;
}

/** One user's hold on a shared view, with listeners of its own: they go with it. */
export class Lease<Effect, View extends Leased<Effect>> {
  readonly #onRelease: (view: View) => void;
  /** Absent while there are none: most leases are for one read. */
  #unsubscribes: Set<() => void> | undefined;
  #view: View | undefined;

  constructor(view: View, onRelease: (view: View) => void) {
    this.#view = view;
    this.#onRelease = onRelease;
  }

  /** Throws `closed` once it is released: what would be read might be out of date. */
  get view(): View {
    if (this.#view === undefined) throw new DioramaError("closed", "this view has been released");
    return this.#view;
  }

  subscribe(listener: ViewListener<Effect>): () => void {
    const remove = this.view.listeners.add(listener);
    const unsubscribe = (): void => {
      remove();
      this.#unsubscribes?.delete(unsubscribe);
    };
    this.#unsubscribes ??= new Set();
    this.#unsubscribes.add(unsubscribe);
    return unsubscribe;
  }

  release(): void {
    const view = this.#view;
    if (view === undefined) return;
    this.#view = undefined;
    if (this.#unsubscribes !== undefined) for (const unsubscribe of this.#unsubscribes) unsubscribe();
    this.#onRelease(view);
  }
}
