/** What the tidy tests need to know of a TypeScript file: its code without comments, and its imports. */

export interface Import {
  readonly specifier: string;
  /** Nothing of it is left at run time. */
  readonly typeOnly: boolean;
}

/** Strings and templates first, so that `//` inside one is no comment; a regex literal may hold quotes. */
const tokens =
  /(?<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`)|(?<comment>\/\/[^\n]*|\/\*[\s\S]*?\*\/)|(?<regex>(?<=[(,=:[!&|?{};\n>]\s*)\/(?:[^/\\\n[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[dgimsuvy]*)/g;

/** The same text with every comment blanked; line breaks stay, so line numbers hold. */
export const withoutComments = (text: string): string =>
  text.replace(tokens, (match: string, _string: string | undefined, comment: string | undefined) =>
    comment === undefined ? match : match.replace(/[^\n]/g, ""),
  );

/** Lines that hold code: blank lines and comments don't count. */
export const codeLines = (text: string): number =>
  withoutComments(text)
    .split("\n")
    .filter((line) => line.trim() !== "").length;

const staticImport =
  /(?:^|[;\n])\s*(?:import|export)\s+(?<clause>type\s+)?(?<names>[^"'`;()]*?)\s*from\s*["'](?<from>[^"']+)["']/g;
const bareImport = /(?:^|[;\n])\s*import\s*["'](?<from>[^"']+)["']/g;
const dynamicImport = /\bimport\s*\(\s*["'](?<from>[^"']+)["']/g;

/** `import { type A, type B }` leaves nothing behind either, but for the module's own evaluation. */
const onlyTypes = (names: string): boolean =>
  /^\{[^}]*\}$/.test(names) &&
  names
    .slice(1, -1)
    .split(",")
    .every((name) => name.trim() === "" || name.trim().startsWith("type "));

export function listImports(text: string): Import[] {
  const code = withoutComments(text);
  const found: Import[] = [];
  for (const { groups } of code.matchAll(staticImport)) {
    const { clause, names = "", from = "" } = groups ?? {};
    found.push({ specifier: from, typeOnly: clause !== undefined || onlyTypes(names) });
  }
  for (const pattern of [bareImport, dynamicImport]) {
    for (const { groups } of code.matchAll(pattern)) {
      found.push({ specifier: groups?.["from"] ?? "", typeOnly: false });
    }
  }
  return found;
}
