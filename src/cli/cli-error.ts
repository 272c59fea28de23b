import { DioramaError, type ErrorCode, type ErrorPlace } from "../base/index.ts";

/** What a program that started the command can tell apart. */
export const exitCodes: {
  readonly done: 0;
  readonly failed: 1;
  readonly usage: 2;
  readonly nothing: 3;
} = { done: 0, failed: 1, usage: 2, nothing: 3 };

/** An error with an exit code of its own. */
export class CliError extends DioramaError {
  readonly exitCode: number;
  /** Further lines for people: where in their text it went wrong. */
  readonly detail: string | undefined;

  constructor(
    exitCode: number,
    code: ErrorCode,
    message: string,
    more: { readonly detail?: string; readonly place?: ErrorPlace; readonly cause?: unknown } = {},
  ) {
    super(code, message, { cause: more.cause, ...(more.place === undefined ? {} : { place: more.place }) });
    this.exitCode = exitCode;
    this.detail = more.detail;
  }
}

/** The command was given something that can't be: exit code 2. */
export function usageError(
  message: string,
  more: { readonly detail?: string; readonly place?: ErrorPlace } = {},
): CliError {
  return new CliError(exitCodes.usage, "invalid", message, more);
}

/** What was asked for by its id isn't there: exit code 3. */
export function nothingFound(message: string, place: ErrorPlace): CliError {
  return new CliError(exitCodes.nothing, "notFound", message, { place });
}
