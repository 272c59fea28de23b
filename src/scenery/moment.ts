import type { SceneryHost } from "./scenery-host.ts";

const NEVER = -1;

/**
 * When something was read of a host, by somebody who is told of every publication that concerns it: whether it is
 * still good, without reading it again.
 */
export class Moment {
  readonly #host: SceneryHost;
  /** What `settle` answered then. */
  #version = NEVER;

  constructor(host: SceneryHost) {
    this.#host = host;
  }

  /** It is read now. */
  take(): void {
    this.#version = this.#host.settle();
  }

  /** It is not good any more. */
  drop(): void {
    this.#version = NEVER;
  }

  /** Nothing has happened since, or only what was told to others. */
  get holds(): boolean {
    const now = this.#host.settle();
    if (now === this.#version) return true;
    if (this.#version === NEVER || now !== this.#host.told) return false;
    this.#version = now;
    return true;
  }
}
