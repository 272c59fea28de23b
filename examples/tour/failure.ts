import { isDioramaError } from "vantage-diorama";
import { printable } from "./format.ts";

/** The program was called wrongly: exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Something that the tour shows did not come out as it must: exit code 1. */
export class TourError extends Error {
  override readonly name = "TourError";
}

/** What went wrong and what to do about it, in one line. */
export function failureLine(error: unknown): string {
  if (error instanceof UsageError) return printable(`${error.message} (--help tells more)`);
  if (!(error instanceof Error)) return printable(`something that is no error was thrown: ${String(error)}`);
  return printable(`${error.message}${advice(error)}`);
}

/** What the library advises in terms of its options, in terms of this program's. */
function advice(error: Error): string {
  if (/; name a folder /.test(error.message)) return " (here: --cache <folder>)";
  // Of the header, which is the first line, no row can be left out.
  if (!isDioramaError(error, "invalid") || (error.place.line ?? 1) === 1) return "";
  const declaration = /declare columns: \{ (?<column>.+): "(?<type>\w+)" \}/.exec(error.message);
  const column = error.place.column;
  const type = declaration?.groups?.["type"];
  const declare =
    type === undefined || column === undefined ? "" : `--type ${JSON.stringify(`${column}=${type}`)}, or `;
  return ` (here: ${declare}--skip-bad-rows to leave such rows out)`;
}
