/** Sets an own property, whatever its name: `__proto__` too is only data. */
export function setOwn(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key === "__proto__") {
    Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true });
  } else {
    target[key] = value;
  }
}

/** The largest array index but one. */
const FAR_INDEX = 2 ** 32 - 3;
/** As many digits as `FAR_INDEX` has. */
const MAX_INDEX_DIGITS = 10;

/** Whether the engine takes the key for a list index of ten or more. */
export function isIndexKey(key: string): boolean {
  const first = key.charCodeAt(0);
  if (!(first >= 0x31 && first <= 0x39) || key.length < 2 || key.length > MAX_INDEX_DIGITS) return false;
  return /^\d+$/.test(key);
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
