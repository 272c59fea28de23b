/** The reason of a terminal's signal: why everything has to end, and with which exit code. */
export class Stopped extends Error {
  override readonly name = "Stopped";
  readonly exitCode: number;

  constructor(why: string, exitCode: number) {
    super(why);
    this.exitCode = exitCode;
  }
}

/** The user pressed Ctrl-C. */
export const interrupted = (): Stopped => new Stopped("interrupted", 130);

/** Whoever read the results has seen enough (`| head`): nothing went wrong. */
export const readerGone = (): Stopped => new Stopped("the reader of the results has gone", 0);
