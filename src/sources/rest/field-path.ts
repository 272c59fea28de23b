/** A path to a field of an answer: its names, outermost first. */
export type FieldPath = readonly string[];

/** `"data.items"` as a path; `undefined` for what is none. */
export function toFieldPath(path: unknown): FieldPath | undefined {
  if (typeof path !== "string") return undefined;
  const names = path.split(".");
  return names.every((name) => name !== "") ? names : undefined;
}

/** What the answer holds there, `undefined` where nothing is. Only its own fields count. */
export function readField(answer: unknown, path: FieldPath): unknown {
  let value = answer;
  for (const name of path) {
    if (!isObject(value) || !Object.hasOwn(value, name)) return undefined;
    value = value[name];
  }
  return value;
}

/** A JSON object: neither null nor a list. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What came instead, in words and without its content. */
export function jsonKind(value: unknown): string {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "string") return "a text";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}
