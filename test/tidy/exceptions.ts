/** A file that is over a limit, and by how much. The list may only shrink, and so may each number in it. */
export interface SizeException {
  readonly file: string;
  /** Lines of code that it has now. */
  readonly lines: number;
  /** ISO date of the day it was let in. */
  readonly since: string;
  readonly why: string;
}

export const sizeExceptions: readonly SizeException[] = [];

/** How long the list may be. Lower it when an exception goes; it is never raised. */
export const mostExceptions = 0;
