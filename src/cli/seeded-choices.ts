import { must } from "../base/index.ts";

/** Choices that a seed decides, the same on every machine. */
export interface SeededChoices {
  /** A whole number from `least` to `most`, both included. */
  integer(least: number, most: number): number;
  pick(list: readonly string[]): string;
}

/** The state steps through all 2^32 values (a Weyl sequence), whose bits are then mixed. */
export function createSeededChoices(seed: number): SeededChoices {
  let state = mix(seed >>> 0);
  const integer = (least: number, most: number): number => {
    state = (state + 0x9e37_79b9) >>> 0;
    return least + Math.floor((mix(state) / 2 ** 32) * (most - least + 1));
  };
  return {
    integer,
    pick: (list) => must(list[integer(0, list.length - 1)], "pick from a list that has items"),
  };
}

/** The finalizer of MurmurHash3. */
function mix(value: number): number {
  let mixed = value >>> 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85eb_ca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2_ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
