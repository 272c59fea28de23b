import { errorAt } from "../base/index.ts";

interface Walked {
  readonly name: string;
  readonly cacheKey: string;
}

/** Where a walk goes on, as a text that only the same table's own kind understands. */
export function toWalkToken(offset: number, { cacheKey }: Walked): string {
  return JSON.stringify(["live", cacheKey, offset]);
}

/** `invalid` for a token of anybody else. */
export function fromWalkToken(token: string, { name, cacheKey }: Walked): number {
  const [kind, key, offset] = parsed(token);
  if (kind === "live" && key === cacheKey && Number.isSafeInteger(offset) && Number(offset) >= 0) {
    return Number(offset);
  }
  throw errorAt("invalid", { vista: name }, "the token is none of this table's; begin again without one");
}

function parsed(token: string): readonly unknown[] {
  try {
    const value: unknown = JSON.parse(token);
    return Array.isArray(value) ? value : [];
  } catch {
    // No token of ours: the caller says so.
    return [];
  }
}
