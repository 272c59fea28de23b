import type { SceneryHost } from "./scenery-host.ts";

/** Which rows of a table have gone for good, each told once: the positions of the others don't fit any more. */
export class LostRows {
  readonly #host: SceneryHost;
  readonly #known = new Set<string>();

  constructor(host: SceneryHost) {
    this.#host = host;
  }

  /** Whether one of them has gone since this was last asked. A row that a queued write removes may come back. */
  areNewAmong(ids: Iterable<string | undefined>): boolean {
    let isNew = false;
    for (const id of ids) {
      if (id === undefined) continue;
      const isLost = this.#host.row(id) === undefined && this.#host.status(id) !== "pending";
      if (!isLost) {
        this.#known.delete(id);
      } else if (!this.#known.has(id)) {
        this.#known.add(id);
        isNew = true;
      }
    }
    return isNew;
  }

  /** Other positions are shown now. */
  clear(): void {
    this.#known.clear();
  }
}
