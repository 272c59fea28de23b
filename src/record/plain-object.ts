import type { Value } from "./value.ts";

/** A value that is a plain object of values. */
export type PlainObject = { readonly [key: string]: Value };

/** Sets an own property, whatever its name: `__proto__` too is only data. */
export function setOwn(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key === "__proto__") {
    Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true });
  } else {
    target[key] = value;
  }
}
