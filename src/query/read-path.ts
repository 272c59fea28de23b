import { isPlainObject, type Row, type Value } from "../record/index.ts";

/** The cell at a column path, `undefined` where absent. A literal dotted key wins; lists aren't entered. */
export function readPath(row: Row, path: string): Value | undefined {
  return compilePath(path)(row);
}

/** As `readPath`, for many rows. */
export function compilePath(path: string): (row: Row) => Value | undefined {
  const literal = compileKey(path);
  if (!path.includes(".")) return literal;
  const [first = "", ...rest] = path.split(".");
  const readFirst = compileKey(first);
  return (row) => {
    const whole = literal(row);
    if (whole !== undefined) return whole;
    let value = readFirst(row);
    for (const key of rest) {
      if (value === undefined || !isPlainObject(value) || !Object.hasOwn(value, key)) return undefined;
      value = value[key];
    }
    return value;
  };
}

/** A plain read is safe, and faster, for a name that no prototype answers to. */
function compileKey(key: string): (row: Row) => Value | undefined {
  if (key in Object.prototype) return (row) => (Object.hasOwn(row, key) ? row[key] : undefined);
  return (row) => row[key];
}
