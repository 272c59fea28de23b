import { errorAt } from "../base/index.ts";
import { parseToken } from "../vista/index.ts";

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
  const [kind, key, offset] = parseToken(token);
  if (kind === "live" && key === cacheKey && Number.isSafeInteger(offset) && Number(offset) >= 0) {
    return Number(offset);
  }
  throw errorAt("invalid", { vista: name }, "the token is none of this table's; begin again without one");
}
