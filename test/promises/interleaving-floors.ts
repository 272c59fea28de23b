import type { Row } from "vantage-diorama";
import { mine, type Setting, theirs } from "./interleaving-plan.ts";

interface Floor {
  /** What readers may not fall behind. */
  least: number;
  /** It was gone since: the same again would have come back from somewhere. */
  isGone: boolean;
}

/**
 * What may not be undone. Everything that is told, written or asked has a number, in order of time. A row that only
 * others change carries the number of the call that brought it, or of its change: it never goes back. A row that only
 * this Dio writes carries the number of its write: whoever was told that it is kept never sees an older one.
 */
export class Floors {
  readonly #column: "via" | "stamp";
  readonly #isNumbered: boolean;
  readonly #theirs = new Map<string, Floor>(theirs.map((id) => [id, { least: 0, isGone: false }]));
  readonly #shown = new Map<string, number>();
  readonly #confirmed = new Map<string, number>();
  /** A write of theirs was refused by the source: what it showed is taken back. */
  readonly #refused = new Set<string>();
  readonly #optimistic: boolean;

  constructor({ mode, optimistic }: Setting) {
    this.#isNumbered = mode === "numbered";
    this.#column = mode === "numbered" ? "via" : "stamp";
    this.#optimistic = optimistic;
  }

  /** The Dio was told of the row by number, and has said that it heard. */
  told(id: string, number: number, gone: boolean): void {
    const floor = this.#theirs.get(id);
    if (floor === undefined || floor.least > number || (floor.least === number && !gone)) return;
    floor.least = number;
    floor.isGone = gone;
  }

  /** A write was kept, and shows from then on. */
  written(id: string, number: number): void {
    if (this.#optimistic) this.#shown.set(id, Math.max(number, this.#shown.get(id) ?? 0));
  }

  confirmed(id: string, number: number): void {
    if (this.#optimistic) this.#confirmed.set(id, Math.max(number, this.#confirmed.get(id) ?? 0));
  }

  refused(id: string): void {
    this.#refused.add(id);
  }

  /** Whether a row of theirs was there when it was looked at last. */
  isThere(id: string): boolean {
    const floor = this.#theirs.get(id);
    return floor !== undefined && floor.least > 0 && !floor.isGone;
  }

  /** What is wrong with the row that readers see; `undefined`: nothing. */
  lookAt(id: string, row: Row | undefined): string | undefined {
    const floor = this.#theirs.get(id);
    if (floor !== undefined) return this.#lookAtTheirs(id, floor, row);
    const written = this.#refused.has(id) ? undefined : this.#shown.get(id);
    return behind(`${id} shows`, row, written);
  }

  lookAtConfirmed(id: string, row: Row | undefined): string | undefined {
    const isOurs = mine.some((each) => each === id) && !this.#refused.has(id);
    return isOurs ? behind(`${id} has confirmed`, row, this.#confirmed.get(id)) : undefined;
  }

  #lookAtTheirs(id: string, floor: Floor, row: Row | undefined): string | undefined {
    if (row === undefined) {
      floor.isGone = true;
      return undefined;
    }
    const number = Number(row[this.#column] ?? 0);
    const isBack = floor.isGone && this.#isNumbered && number === floor.least && number > 0;
    if (number < floor.least || isBack)
      return `${id} shows ${this.#column} ${number} after ${floor.least}${floor.isGone ? " and gone" : ""}`;
    floor.least = number;
    floor.isGone = false;
    return undefined;
  }
}

function behind(what: string, row: Row | undefined, least: number | undefined): string | undefined {
  if (row === undefined || least === undefined) return undefined;
  const number = Number(row["n"]);
  return number < least ? `${what} write ${number} after ${least}` : undefined;
}
