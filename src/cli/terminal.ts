/** What a command sees of the outside: given, so that tests run commands in their own process. */
export interface Terminal {
  /** Results, for people or the next program. Resolves when there is room for more. */
  write(text: string): Promise<void>;
  /** Progress, notes and errors, for people. */
  tell(text: string): void;
  /** Whether results, or notes, go to a terminal: then they may have colour and progress. */
  readonly isOutTerminal: boolean;
  readonly isErrTerminal: boolean;
  /** Of the terminal, in characters. */
  readonly width: number;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The working folder, from which paths are read. */
  readonly folder: string;
  /** Fires when the user interrupts, or the reader of the results has gone. */
  readonly signal: AbortSignal;
}
