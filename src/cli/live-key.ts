import { createHash } from "node:crypto";

const HASH_LENGTH = 8;

/** A cache key that says what it is of, and is another one for everything else that makes it another table. */
export function toLiveKey(name: string, ...distinguishing: readonly string[]): string {
  const hash = createHash("sha256").update(JSON.stringify(distinguishing)).digest("hex");
  return `${name}-${hash.slice(0, HASH_LENGTH)}`;
}
