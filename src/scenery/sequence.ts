import type { ViewEffect } from "../views/index.ts";
import { effectOfChanges, noEffect } from "./position-effect.ts";
import type { NextRows } from "./scenery-host.ts";

/** Rows in the order in which pages brought them, each once. */
export class Sequence {
  readonly #ids: string[] = [];
  readonly #places = new Map<string, number>();
  #token: string | undefined;
  #hasEnded = false;

  get size(): number {
    return this.#ids.length;
  }

  /** Of the page behind it; `undefined` before the first and after the last. */
  get token(): string | undefined {
    return this.#token;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  idAt(index: number): string | undefined {
    return this.#ids[index];
  }

  idsBetween(start: number, end: number): readonly string[] {
    return this.#ids.slice(start, end);
  }

  indexOf(id: string): number {
    return this.#places.get(id) ?? -1;
  }

  /** A row that comes a second time, since rows have moved between two pages, stays where it is. */
  append({ ids, token }: NextRows): ViewEffect {
    const start = this.size;
    for (const id of ids) {
      if (this.#places.has(id)) continue;
      this.#places.set(id, this.size);
      this.#ids.push(id);
    }
    this.#token = token;
    this.#hasEnded = token === undefined;
    if (this.size === start) return noEffect;
    return { reset: false, ranges: [{ start, end: Infinity }], ids: this.#ids.slice(start) };
  }

  /** What is different where it takes another one's place. */
  effectAfter(before: Sequence): ViewEffect {
    const changes = new Map<number, string | undefined>();
    for (let index = 0; index < Math.max(this.size, before.size); index++)
      changes.set(index, before.idAt(index));
    return effectOfChanges(changes, this, { before: before.size, after: this.size });
  }
}
