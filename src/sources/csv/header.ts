import { errorAt, nearestName } from "../../base/index.ts";

/** The columns' names from a header row: an empty one is named by its place, two of one name are `invalid`. */
export function toHeader(cells: readonly string[], line: number, file: string): readonly string[] {
  const names = cells.map((cell, index) => (cell === "" ? `column_${index + 1}` : cell));
  const places = new Map<string, number>();
  const twice: string[] = [];
  for (const [index, name] of names.entries()) {
    const before = places.get(name);
    if (before === undefined) places.set(name, index + 1);
    else twice.push(`columns ${before} and ${index + 1} are both named ${JSON.stringify(name)}`);
  }
  if (twice.length > 0) {
    const remedy = "name the columns yourself: { headers: [...], replaceHeader: true }";
    throw errorAt("invalid", { file, line }, `${twice.join("; ")}; ${remedy}`);
  }
  return names;
}

/** Ends with `invalid` unless the header row names the columns that the file had when it was opened. */
export function checkSameHeader(
  names: readonly string[],
  opened: readonly string[],
  place: { readonly file: string; readonly line: number },
): readonly string[] {
  if (names.length === opened.length && names.every((name, index) => name === opened[index])) return opened;
  const gone = opened.filter((name) => !names.includes(name));
  const come = names.filter((name) => !opened.includes(name));
  const what = [
    ...(gone.length > 0 ? [`gone: ${gone.join(", ")}`] : []),
    ...(come.length > 0 ? [`new: ${come.join(", ")}`] : []),
  ];
  const change = what.length > 0 ? what.join("; ") : "in another order";
  throw errorAt(
    "invalid",
    place,
    `the columns are no longer those of when the file was opened (${change}); call csv() again`,
  );
}

/** What is wrong with a name that is meant to be a column's; `undefined` where it is one. */
export function unknownColumn(option: string, name: string, columns: readonly string[]): string | undefined {
  if (columns.includes(name)) return undefined;
  const near = nearestName(name, columns);
  const hint =
    near === undefined ? `columns are ${columns.join(", ")}` : `did you mean ${JSON.stringify(near)}?`;
  return `${option}: there is no column ${JSON.stringify(name)}; ${hint}`;
}
