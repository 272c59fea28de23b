import type { OrderTerm } from "../query/index.ts";
import type { OrderBlock } from "./order-block.ts";
import { OrderAssembler } from "./order-assembler.ts";
import type { OrderIndex } from "./order-index.ts";
import type { OrderRest } from "./order-rest.ts";
import { decodeBlock } from "./stored-block.ts";
import type { StoredFirst } from "./stored-order.ts";

/**
 * What stands behind the first block of a stored order, put together from the blocks as they are appended. One that
 * is no such block, or out of order, spoils it: then it never finishes.
 */
export class StoredRest implements OrderRest {
  readonly count: number;
  readonly #stored: StoredFirst;
  readonly #order: readonly OrderTerm[];
  readonly #assembler: OrderAssembler;
  #blocksLeft: number;
  #entriesLeft: number;
  #isSpoilt = false;
  #last: OrderBlock;

  constructor(order: readonly OrderTerm[], stored: StoredFirst) {
    this.#order = order;
    this.#stored = stored;
    this.#last = stored.entries;
    this.#assembler = new OrderAssembler(order, stored.head.forms);
    this.count = stored.head.count - stored.entries.ids.length;
    this.#blocksLeft = stored.head.moreBlocks;
    this.#entriesLeft = this.count;
  }

  /** Everything is there, and was found to be right. */
  get isReady(): boolean {
    return this.#blocksLeft === 0 && !this.#isSpoilt;
  }

  /** The next block: a millisecond or two. False: it can't be used, and nothing will come of the rest. */
  append(bytes: Uint8Array): boolean {
    const block = this.#isSpoilt ? undefined : decodeBlock(bytes, this.#stored.head.forms);
    this.#isSpoilt = block === undefined || !this.#take(block);
    return !this.#isSpoilt;
  }

  /** All the work is done where the blocks are appended. */
  step(): boolean {
    return false;
  }

  finish(): OrderIndex | undefined {
    return this.isReady ? this.#assembler.finish() : undefined;
  }

  #take(block: OrderBlock): boolean {
    this.#blocksLeft -= 1;
    this.#entriesLeft -= block.ids.length;
    const isCounted = this.#blocksLeft > 0 ? this.#entriesLeft > 0 : this.#entriesLeft === 0;
    if (block.ids.length === 0 || this.#blocksLeft < 0 || !isCounted) return false;
    if (!this.#follows(block) || !this.#assembler.append(block)) return false;
    this.#last = block;
    return true;
  }

  /** Whether it begins behind the block before it, which may not be part of the same assembly. */
  #follows(block: OrderBlock): boolean {
    const seam = new OrderAssembler(this.#order, this.#stored.head.forms);
    return seam.append(entriesOf(this.#last, -1)) && seam.append(entriesOf(block, 0, 1));
  }
}

function entriesOf({ ids, keys }: OrderBlock, start: number, end?: number): OrderBlock {
  return { ids: ids.slice(start, end), keys: keys.map((list) => list.slice(start, end)) };
}
