/** The id of what is kept under a cache key alone: no sub-key has it. */
const NO_SUB_KEY = ".";
/** Sub-keys that are ids as they are stand behind this, hashes of others behind the next. */
const AS_IT_IS = "/";
const HASHED = "#";
/** Of a row's id, in UTF-8; one is the mark. */
const MAX_SUB_KEY_BYTES = 1_023;
/** One UTF-16 unit takes at most three bytes. */
const MAX_UNIT_BYTES = 3;

const utf8 = new TextEncoder();

/**
 * The row's id that an entry has in its table. Sub-keys that are no ids (too long, or half a surrogate pair) are
 * hashed: should two of them meet, the later put takes the place of the earlier one, which then is a miss; the
 * entry holds its sub-key.
 */
export function toEntryId(subKey: string | undefined): string {
  if (subKey === undefined) return NO_SUB_KEY;
  return isId(subKey) ? AS_IT_IS + subKey : HASHED + hash(subKey);
}

/** The sub-key that an id tells by itself; `"hashed"` where only the entry knows it. */
export function fromEntryId(id: string): { readonly subKey: string | undefined } | "hashed" {
  if (id === NO_SUB_KEY) return { subKey: undefined };
  return id.startsWith(AS_IT_IS) ? { subKey: id.slice(AS_IT_IS.length) } : "hashed";
}

function isId(subKey: string): boolean {
  if (!subKey.isWellFormed()) return false;
  if (subKey.length * MAX_UNIT_BYTES <= MAX_SUB_KEY_BYTES) return true;
  return subKey.length <= MAX_SUB_KEY_BYTES && utf8.encode(subKey).length <= MAX_SUB_KEY_BYTES;
}

/** Two independent FNV-1a sums over the UTF-16 units, and the length. */
function hash(text: string): string {
  let one = 0x811c_9dc5;
  let other = 0x050c_5d1f;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    one = Math.imul(one ^ unit, 0x0100_0193);
    other = Math.imul(other ^ (unit + index), 0x85eb_ca6b);
  }
  return `${text.length}-${(one >>> 0).toString(16)}-${(other >>> 0).toString(16)}`;
}
