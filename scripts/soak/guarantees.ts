const FIRST = "<!-- soak: the lines up to the next mark are written by `npm run soak -- --write` -->";
const LAST = "<!-- soak: end -->";

/** The page with these lines between its two marks. */
export function withFigures(page: string, lines: readonly string[]): string {
  const from = page.indexOf(FIRST);
  const to = page.indexOf(LAST);
  if (from === -1 || to < from) throw new Error(`the page has no place for figures: ${FIRST} … ${LAST}`);
  return `${page.slice(0, from)}${FIRST}\n\n${lines.join("\n")}\n\n${page.slice(to)}`;
}

/** What each promise is called, by id: the headings of the page. */
export function promiseTitles(page: string): ReadonlyMap<string, string> {
  const headings = [...page.matchAll(/^## (?<id>P\d+) (?<title>.+)$/gm)];
  return new Map(headings.map(({ groups }) => [groups?.["id"] ?? "", groups?.["title"] ?? ""]));
}
