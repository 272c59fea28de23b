import type { OrderTerm } from "../query/index.ts";
import type { Value } from "../record/index.ts";
import { cellVector, compareBy, idVector, packedVector } from "./key-vector.ts";
import { KeyTerm } from "./key-term.ts";
import type { KeyForm, KeyList, OrderBlock } from "./order-block.ts";
import { FULL_LEAF } from "./order-column.ts";
import { OrderIndex } from "./order-index.ts";
import { OrderLeaves } from "./order-leaves.ts";

/** Puts an index together from blocks that come in order, as `OrderIndex.blocks` gave them, without sorting. */
export class OrderAssembler {
  readonly #order: readonly OrderTerm[];
  readonly #forms: readonly KeyForm[];
  readonly #terms: readonly KeyTerm[];
  readonly #leaves: OrderLeaves;
  /** The last entry so far, as a block. */
  #last: OrderBlock | undefined;

  /** `forms`: as `OrderIndex.forms` said. */
  constructor(order: readonly OrderTerm[], forms: readonly KeyForm[]) {
    this.#order = order;
    this.#forms = forms;
    this.#terms = order.map((term) => new KeyTerm(term));
    this.#leaves = new OrderLeaves(this.#terms, forms);
  }

  get size(): number {
    return this.#leaves.size;
  }

  /**
   * The next entries, a few hundred or more at a time. False where they don't stand behind those that came before and
   * in strict order, or aren't keys of those forms: nothing was taken, and what is stored is not to be believed.
   */
  append(block: OrderBlock): boolean {
    const { ids, keys } = block;
    const size = ids.length;
    if (size === 0) return keys.length === this.#order.length;
    if (!this.#fits(block) || !this.#isAscending(block)) return false;
    const last = this.#last;
    if (last !== undefined && !this.#isAscending(bothOf(last, firstOf(block)))) return false;
    const lists: KeyList[] = [...keys, ids];
    const parts = Math.ceil(size / FULL_LEAF);
    for (let part = 0; part < parts; part++) {
      this.#leaves.push(lists, Math.floor((size * part) / parts), Math.floor((size * (part + 1)) / parts));
    }
    this.#last = lastOf(block);
    return true;
  }

  /** The index of everything appended; it belongs to the caller, and this is used up. */
  finish(): OrderIndex {
    return new OrderIndex(this.#order, this.#leaves);
  }

  #fits({ ids, keys }: OrderBlock): boolean {
    if (keys.length !== this.#order.length || this.#forms.length !== keys.length) return false;
    return keys.every((list, at) => list.length === ids.length && holds(list, this.#forms[at]));
  }

  #isAscending({ ids, keys }: OrderBlock): boolean {
    const vectors = this.#terms.map((term, at) => {
      const list = keys[at] ?? [];
      const form = this.#forms[at] ?? "empty";
      return list instanceof Float64Array ? packedVector(term, form, list) : cellVector(term, form, list);
    });
    const compare = compareBy([...vectors, idVector(ids)]);
    for (let at = 1; at < ids.length; at++) if (compare(at - 1, at) >= 0) return false;
    return true;
  }
}

/** Whether the keys are of this form. */
function holds(keys: KeyList, form: KeyForm | undefined): boolean {
  if (keys instanceof Float64Array) {
    return form !== "text" && form !== "value" && form !== undefined && !keys.some(Number.isNaN);
  }
  if (form === "text") return keys.every((key) => typeof key === "string" || key === null);
  return form === "value";
}

function firstOf(block: OrderBlock): OrderBlock {
  return slice(block, 0);
}

function lastOf(block: OrderBlock): OrderBlock {
  return slice(block, block.ids.length - 1);
}

function slice({ ids, keys }: OrderBlock, at: number): OrderBlock {
  return { ids: ids.slice(at, at + 1), keys: keys.map((list) => list.slice(at, at + 1)) };
}

/** Two blocks as one. */
function bothOf(a: OrderBlock, b: OrderBlock): OrderBlock {
  return { ids: [...a.ids, ...b.ids], keys: a.keys.map((list, at) => joined(list, b.keys[at] ?? [])) };
}

function joined(a: KeyList, b: KeyList): KeyList {
  const cells: Value[] = [...a, ...b];
  return a instanceof Float64Array ? Float64Array.of(...a, ...numbers(b)) : cells;
}

function numbers(keys: KeyList): Iterable<number> {
  return keys instanceof Float64Array ? keys : [];
}
