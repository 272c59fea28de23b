import { badAnswer } from "./bad-answer.ts";
import type { ApiPage } from "./page-requests.ts";

/** Pages in a row that may bring nothing new. */
const MAX_FRUITLESS_PAGES = 100;

/**
 * Ends a walk that goes round in circles, however long they are, with one cursor remembered: that of its 1st, 2nd,
 * 4th, 8th … step (Brent's algorithm); and one that brings nothing new for long.
 */
export class CursorGuard {
  #kept: string | undefined;
  #steps = 0;
  #limit = 1;
  #fruitless = 0;

  /** `rejected` once the walk can't be right: this page brought so many new rows, and where the next one is. */
  check({ asked }: ApiPage, cursor: string, freshRows: number): void {
    if (cursor === this.#kept) {
      throw badAnswer(asked, "its pages go round in circles: a cursor came that came before");
    }
    this.#steps += 1;
    if (this.#steps === this.#limit) {
      this.#kept = cursor;
      this.#steps = 0;
      this.#limit *= 2;
    }
    this.#fruitless = freshRows > 0 ? 0 : this.#fruitless + 1;
    if (this.#fruitless < MAX_FRUITLESS_PAGES) return;
    const what = `${MAX_FRUITLESS_PAGES} pages in a row brought no new row`;
    throw badAnswer(asked, `${what}: is the parameter for the page right?`);
  }
}
