import { assert } from "../base/index.ts";

/** Random choices that a seed decides. */
export interface Random {
  /** In [0, 1). */
  next(): number;
  /** A whole number from `least` to `most`, both included. */
  integer(least: number, most: number): number;
  /** True with this probability, from 0 to 1. */
  chance(probability: number): boolean;
  pick<T>(list: readonly T[]): T;
  /** A copy in random order. */
  shuffle<T>(list: readonly T[]): T[];
}

/**
 * Choices that come again with the same seed, on every machine. The state steps through all 2^32 values by a
 * Weyl sequence, whose bits are then mixed (the finalizer of MurmurHash3).
 */
export function createRandom(seed: number): Random {
  let state = mix(seed >>> 0);
  const next = (): number => {
    state = (state + 0x9e3779b9) >>> 0;
    return mix(state) / 2 ** 32;
  };
  const integer = (least: number, most: number): number => least + Math.floor(next() * (most - least + 1));
  return {
    next,
    integer,
    chance: (probability) => next() < probability,
    pick: <T>(list: readonly T[]): T => {
      assert(list.length > 0, "pick from a list that has items");
      // The place is within the list; what is there may well be undefined.
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      return list[integer(0, list.length - 1)] as T;
    },
    shuffle: <T>(list: readonly T[]): T[] =>
      list
        .map((item) => ({ item, place: next() }))
        .sort((a, b) => a.place - b.place)
        .map(({ item }) => item),
  };
}

/** A seed that depends on every part, for independent choices of one run. */
export function deriveSeed(seed: number, ...parts: readonly (string | number)[]): number {
  let derived = mix(seed >>> 0);
  for (const part of parts) {
    for (const character of `${part}/`) derived = mix((derived ^ (character.codePointAt(0) ?? 0)) >>> 0);
  }
  return derived;
}

function mix(value: number): number {
  let mixed = value >>> 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
