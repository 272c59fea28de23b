import { createIndexedObject, isFarIndex, keyRank, setOwn } from "./plain-object.ts";
import type { Value } from "./value.ts";

/** Larger maps are read without the trie: engines keep them as tables, which a template does not help. */
export const MAX_TRIE_MAP_SIZE = 128;
/** A trie that has grown so large (maps with keys of all sorts) starts anew. */
const MAX_NODES = 4_096;
/** Longer keys are read and forgotten. */
const MAX_KEPT_KEY_BYTES = 64;
/** Beyond so many ways on, looking them all through costs more than reading the key. */
const MAX_CHILDREN = 16;

/** A sequence of keys that maps in stored rows had: the last of them, and the ways on from there. */
export class KeyNode {
  /** The last key with its head, as it is encoded. */
  readonly encoded: Uint8Array;
  readonly key: string;
  readonly parent: KeyNode | undefined;
  readonly #indexed: boolean;
  readonly #rank: number;
  readonly #children: KeyNode[] = [];
  #builtBefore = false;
  #keys: readonly string[] = [];
  #template: Record<string, Value> | undefined;

  constructor(encoded: Uint8Array, key: string, parent: KeyNode | undefined) {
    this.encoded = encoded;
    this.key = key;
    this.parent = parent;
    this.#rank = parent === undefined ? -1 : keyRank(key);
    this.#indexed = isFarIndex(key) || (parent !== undefined && parent.#indexed);
  }

  /** The node of the key that starts here, if such a key followed before. */
  follow(bytes: Uint8Array, position: number): KeyNode | undefined {
    const children = this.#children;
    const first = children[0];
    if (first === undefined || startsHere(first.encoded, bytes, position)) return first;
    for (let index = 1; index < children.length; index++) {
      const child = children[index];
      if (child === undefined || !startsHere(child.encoded, bytes, position)) continue;
      // What was met last is tried first: rows of one shape tend to stand together.
      children[index] = first;
      children[0] = child;
      return child;
    }
    return undefined;
  }

  /** A way on, kept where there is room for it; nothing where no object has its keys in this order. */
  grow(encoded: Uint8Array, key: string): KeyNode | undefined {
    if (!mayFollow(key, this.#rank) || pathTo(this).includes(key)) return undefined;
    const child = new KeyNode(encoded, key, this);
    const kept = this.#children.length < MAX_CHILDREN && encoded.length <= MAX_KEPT_KEY_BYTES;
    if (kept) this.#children.push(child);
    return child;
  }

  /** The map with these values, which are as many as the keys. */
  build(values: readonly Value[]): Record<string, Value> {
    const template = this.#template;
    if (template === undefined) return this.#buildAnew(values);
    // A clone of the template has its hidden class, and all its properties in the object itself.
    const map = { ...template };
    const keys = this.#keys;
    for (let index = 0; index < keys.length; index++) map[keys[index] ?? ""] = values[index] ?? null;
    return map;
  }

  #buildAnew(values: readonly Value[]): Record<string, Value> {
    const keys = pathTo(this);
    if (this.#builtBefore && !this.#indexed) {
      this.#keys = keys;
      this.#template = createTemplate(keys);
    }
    this.#builtBefore = true;
    const map = this.#indexed ? createIndexedObject() : {};
    for (const [index, key] of keys.entries()) setOwn(map, key, values[index] ?? null);
    // Nothing but these values was set.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    return map as Record<string, Value>;
  }
}

/** The keys from the first to this node's; the root stands before the first. */
function pathTo(node: KeyNode): readonly string[] {
  const keys: string[] = [];
  for (let at = node; at.parent !== undefined; at = at.parent) keys.push(at.key);
  return keys.reverse();
}

/** Whether an object may have the key behind one of this rank: indexes ascend in front of all others. */
export function mayFollow(key: string, rankBefore: number): boolean {
  const rank = keyRank(key);
  return rank === Infinity || rank > rankBefore;
}

function startsHere(encoded: Uint8Array, bytes: Uint8Array, position: number): boolean {
  for (let index = 0; index < encoded.length; index++) {
    if (encoded[index] !== bytes[position + index]) return false;
  }
  return true;
}

/** The parser makes objects that are exactly as large as their keys need; a literal that grows doesn't. */
function createTemplate(keys: readonly string[]): Record<string, Value> {
  return JSON.parse(`{${keys.map((key) => `${JSON.stringify(key)}:null`).join(",")}}`);
}

/** Where the keys of every map begin; bounded. */
export class KeyTrie {
  #root = createRoot();
  #nodes = 0;

  get root(): KeyNode {
    if (this.#nodes > MAX_NODES) {
      this.#root = createRoot();
      this.#nodes = 0;
    }
    return this.#root;
  }

  grow(node: KeyNode, encoded: Uint8Array, key: string): KeyNode | undefined {
    this.#nodes++;
    return node.grow(encoded, key);
  }
}

function createRoot(): KeyNode {
  return new KeyNode(new Uint8Array(0), "", undefined);
}
