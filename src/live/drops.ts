import { isList, type Value } from "../record/index.ts";

/** Of prefixes that were dropped and not swept yet: each read looks at all of them. */
const MAX_PREFIXES = 256;
/** Of these notes; another one is another version's. */
const FORMAT = 1;

/**
 * What was dropped from one table. Every drop is a new generation, entries carry the one they were put in, and an
 * older entry than a drop that it falls under is a miss: so a drop costs one note, and its entries go later.
 */
export interface Drops {
  /** Of what is put now. */
  readonly generation: number;
  /** Entries of an earlier generation are gone, whatever their sub-key is. */
  readonly whole: number;
  /** By what a sub-key begins with: entries of an earlier generation are gone. */
  readonly prefixes: ReadonlyMap<string, number>;
  /** Of what was dropped up to this generation nothing is stored any more. */
  readonly swept: number;
}

export const noDrops: Drops = { generation: 0, whole: 0, prefixes: new Map(), swept: 0 };

/** With one more: of the sub-keys that begin so, or (undefined) of everything. */
export function withDrop(drops: Drops, prefix: string | undefined): Drops {
  const generation = drops.generation + 1;
  const { swept, whole } = drops;
  if (prefix === undefined) return { generation, whole: generation, prefixes: new Map(), swept };
  const prefixes = new Map<string, number>();
  // What a longer prefix dropped, this one drops too.
  for (const [other, since] of drops.prefixes) if (!other.startsWith(prefix)) prefixes.set(other, since);
  if (prefixes.size >= MAX_PREFIXES) return withDrop(drops, undefined);
  prefixes.set(prefix, generation);
  return { generation, whole, prefixes, swept };
}

/** Whether an entry of that generation is gone. */
export function isDropped(drops: Drops, subKey: string | undefined, generation: number): boolean {
  if (generation < drops.whole) return true;
  if (subKey === undefined) return false;
  for (const [prefix, since] of drops.prefixes) {
    if (generation < since && subKey.startsWith(prefix)) return true;
  }
  return false;
}

/** Once everything that was dropped up to that generation has been removed. */
export function withSwept(drops: Drops, upTo: number): Drops {
  const prefixes = new Map([...drops.prefixes].filter(([, since]) => since > upTo));
  return { ...drops, prefixes, swept: Math.max(drops.swept, upTo) };
}

export function isSwept(drops: Drops): boolean {
  return drops.swept >= drops.generation;
}

/** Prefixes as JSON: notes hold well-formed text only, and half a surrogate pair is a prefix as well. */
export function toNotes({ generation, whole, prefixes, swept }: Drops): Readonly<Record<string, Value>> {
  const list = [...prefixes].map(([prefix, since]) => [JSON.stringify(prefix), since]);
  return { format: FORMAT, generation, whole, swept, prefixes: list };
}

/** Undefined where the notes are none of `toNotes`. */
export function fromNotes(notes: Readonly<Record<string, Value>>): Drops | undefined {
  const { format, generation, whole, swept, prefixes } = notes;
  if (format !== FORMAT || !isCount(generation) || !isCount(whole) || !isCount(swept)) return undefined;
  if (prefixes === undefined || !isList(prefixes)) return undefined;
  const read = new Map<string, number>();
  for (const item of prefixes) {
    const [text, since] = isList(item) ? item : [];
    const prefix = typeof text === "string" ? parsedText(text) : undefined;
    if (prefix === undefined || !isCount(since)) return undefined;
    read.set(prefix, since);
  }
  return { generation, whole, swept, prefixes: read };
}

/** The text of a JSON string; undefined for anything else. */
export function parsedText(json: string): string | undefined {
  try {
    const parsed: unknown = JSON.parse(json);
    return typeof parsed === "string" ? parsed : undefined;
  } catch {
    return undefined;
  }
}

function isCount(value: Value | undefined): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
