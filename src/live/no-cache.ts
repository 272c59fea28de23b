import type { Cache } from "./cache.ts";

/** Keeps nothing: every read is a miss, and the master answers it all. */
export class NoCache implements Cache {
  async get(): Promise<undefined> {
    return undefined;
  }

  async put(): Promise<void> {}

  async invalidatePrefix(): Promise<void> {}

  async delete(): Promise<void> {}
}
