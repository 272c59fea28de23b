/** What went wrong, for programs. `unavailable` and `timeout` are worth retrying, the others are not. */
export type ErrorCode =
  | "unsupported"
  | "unimplemented"
  | "notFound"
  | "conflict"
  | "invalid"
  | "unavailable"
  | "rejected"
  | "full"
  | "inUse"
  | "corrupt"
  | "closed"
  | "timeout";

/** Where it went wrong. `line` counts from 1; `column` is a column's name. */
export interface ErrorPlace {
  readonly vista?: string | undefined;
  readonly column?: string | undefined;
  readonly file?: string | undefined;
  readonly line?: number | undefined;
  readonly id?: string | undefined;
}

export interface ErrorOptions {
  readonly cause?: unknown;
  readonly place?: ErrorPlace;
}

/** The one error class of the library: a code for programs, a message that names the place for people. */
export class DioramaError extends Error {
  override readonly name = "DioramaError";
  readonly code: ErrorCode;
  readonly place: ErrorPlace;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.place = options.place ?? {};
  }
}

/** The error as a DioramaError: unchanged where it is one, else wrapped as `code` with the original as cause. */
export function toDioramaError(error: unknown, code: ErrorCode, doing: string): DioramaError {
  if (error instanceof DioramaError) return error;
  return new DioramaError(code, `${doing}: ${messageOf(error)}`, { cause: error });
}

/** A line for people from anything that was thrown, non-errors included. */
export function messageOf(error: unknown): string {
  if (error instanceof Error) return error.message;
  if (typeof error === "string") return error;
  return `a ${error === null ? "null" : typeof error} was thrown instead of an Error`;
}

/** Whether `error` is a DioramaError with one of these codes (any code when none is given). */
export function isDioramaError(error: unknown, ...codes: ErrorCode[]): error is DioramaError {
  return error instanceof DioramaError && (codes.length === 0 || codes.includes(error.code));
}
