import type { Entry } from "../../record/index.ts";

/** Ids that are remembered: enough for any shift of pages, little enough for any walk. */
const MAX_KNOWN_IDS = 100_000;

/** Remembers the rows of a walk, the latest ones of many: where rows move between two pages, some come twice. */
export class KnownIds {
  readonly #ids = new Set<string>();

  /** Those that did not come before. */
  fresh(entries: readonly Entry[]): readonly Entry[] {
    const fresh = entries.filter(([id]) => !this.#ids.has(id));
    for (const [id] of fresh) this.#ids.add(id);
    for (const oldest of this.#ids) {
      if (this.#ids.size <= MAX_KNOWN_IDS) break;
      this.#ids.delete(oldest);
    }
    return fresh;
  }
}
