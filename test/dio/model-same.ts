/** Throws unless both are the same: rows whatever the order of their columns, lists and Maps in their order. */
export function same(what: string, found: unknown, expected: unknown): void {
  const [a, b] = [textOf(found), textOf(expected)];
  if (a !== b) throw new Error(`${what}:\n  found    ${a}\n  expected ${b}`);
}

function textOf(value: unknown): string {
  if (value === undefined) return "undefined";
  if (value instanceof Map) return `Map${textOf([...value])}`;
  if (Array.isArray(value)) return `[${value.map(textOf).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const columns = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${columns.map(([column, cell]) => `${column}: ${textOf(cell)}`).join(", ")}}`;
}
