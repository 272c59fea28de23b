/** Sets an own property, whatever its name: `__proto__` too is only data. */
export function setOwn(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key === "__proto__") {
    Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true });
  } else {
    target[key] = value;
  }
}

/** The largest list index. */
const MAX_INDEX = 2 ** 32 - 2;
/** Not quite as far, since the very last is a case of its own in some engines. */
const FAR_INDEX = MAX_INDEX - 1;

/** A key's own number where the engine takes it for a list index, else Infinity: indexes stand first, ascending. */
export function keyRank(key: string): number {
  const first = key.charCodeAt(0);
  if (!(first >= 0x30 && first <= 0x39) || !/^(?:0|[1-9]\d{0,9})$/.test(key)) return Infinity;
  const index = Number(key);
  return index <= MAX_INDEX ? index : Infinity;
}

/** Whether the key is a list index beyond the few that any list has room for. */
export function isFarIndex(key: string): boolean {
  const rank = keyRank(key);
  return rank >= 10 && rank <= MAX_INDEX;
}

/**
 * An empty object for index keys. Engines keep those as a list with room up to the highest, 12 kB for
 * `{"1000":null}`; an object that ever had a very high one keeps a table of those that are there.
 */
export function createIndexedObject(): Record<string, unknown> {
  const object: Record<string, unknown> = { [FAR_INDEX]: null };
  delete object[FAR_INDEX];
  return object;
}
