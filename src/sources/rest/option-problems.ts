import { nearestName } from "../../base/index.ts";
import { toFieldPath, type FieldPath } from "./field-path.ts";

/** Adds unknown names to the problems, with the one that was probably meant. */
export function checkNames(
  what: string,
  names: readonly string[],
  known: ReadonlySet<string>,
  problems: string[],
): void {
  for (const name of names) {
    if (known.has(name)) continue;
    const near = nearestName(name, known);
    const hint = near === undefined ? "" : `; did you mean ${JSON.stringify(near)}?`;
    problems.push(`there is no ${what} ${JSON.stringify(name)}${hint}`);
  }
}

/** A text that isn't empty, or nothing. */
export function textOf(option: string, given: unknown, problems: string[]): string | undefined {
  if (given === undefined) return undefined;
  if (typeof given === "string" && given !== "" && given.isWellFormed()) return given;
  problems.push(`${option}: give a text`);
  return undefined;
}

/** The path of a field, or nothing. */
export function pathOf(option: string, given: unknown, problems: string[]): FieldPath | undefined {
  if (given === undefined) return undefined;
  const path = toFieldPath(given);
  if (path === undefined) problems.push(`${option}: give the path of a field, such as "data.items"`);
  return path;
}

/** A number of rows, or nothing. */
export function countOf(option: string, given: unknown, problems: string[]): number | undefined {
  if (given === undefined) return undefined;
  if (typeof given === "number" && Number.isSafeInteger(given) && given > 0) return given;
  problems.push(`${option}: give a whole number of rows over 0`);
  return undefined;
}

/** What is true or false, or left out. */
export function flagOf(option: string, given: unknown, problems: string[]): boolean | undefined {
  if (given === undefined || typeof given === "boolean") return given;
  problems.push(`${option}: give true or false`);
  return undefined;
}
