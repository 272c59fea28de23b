import { describe, expect, test } from "vitest";
import { type OrderTerm, toOrder } from "../query/index.ts";
import type { Row } from "../record/index.ts";
import { OrderAssembler } from "./order-assembler.ts";
import type { KeyForm, OrderBlock } from "./order-block.ts";
import { OrderIndex } from "./order-index.ts";

const terms: OrderTerm[] = [toOrder(["n", "desc"]), toOrder("t")];

function indexOf(count: number): { readonly index: OrderIndex; readonly rows: Map<string, Row> } {
  const rows = new Map<string, Row>();
  for (let at = 0; at < count; at++) rows.set(`p${at}`, { n: (at * 7) % 100, t: `t${at % 3}` });
  return { index: OrderIndex.build(terms, [...rows.keys()], [...rows.values()]), rows };
}

/** Entries of an index, copied as a store would, in blocks of another size. */
function copied(index: OrderIndex, size: number): OrderBlock[] {
  const ids = [...index.ids()];
  const numbers = Float64Array.from(
    [...index.blocks()].flatMap(({ keys }) => [...(keys[0] as Float64Array)]),
  );
  const texts = [...index.blocks()].flatMap(({ keys }) => [...(keys[1] as string[])]);
  const blocks: OrderBlock[] = [];
  for (let at = 0; at < ids.length; at += size) {
    blocks.push({
      ids: ids.slice(at, at + size),
      keys: [numbers.slice(at, at + size), texts.slice(at, at + size)],
    });
  }
  return blocks;
}

describe("stored blocks", () => {
  test.each([1, 7, 256, 1_000, 5_000])(
    "I8 blocks of %d give the same index again, one that lives on",
    (size) => {
      const { index, rows } = indexOf(3_000);
      expect(index.forms).toEqual(["number", "text"]);
      const assembler = new OrderAssembler(terms, index.forms);
      for (const block of copied(index, size)) expect(assembler.append(block)).toBe(true);
      expect(assembler.size).toBe(3_000);
      const again = assembler.finish();
      expect([...again.ids()]).toEqual([...index.ids()]);
      expect([...again.blocks()].length).toBeLessThan(30);
      for (const [id, row] of rows) {
        again.move(id, row, { n: null, t: 5 });
        index.move(id, row, { n: null, t: 5 });
      }
      expect([...again.ids()]).toEqual([...index.ids()]);
    },
  );

  test("I8 an empty index has no blocks, and none make an empty one", () => {
    const assembler = new OrderAssembler(terms, new OrderIndex(terms).forms);
    expect([...new OrderIndex(terms).blocks()]).toEqual([]);
    expect(assembler.append({ ids: [], keys: [new Float64Array(0), []] })).toBe(true);
    expect(assembler.finish().size).toBe(0);
  });

  const good: OrderBlock = { ids: ["b", "c"], keys: [Float64Array.of(-9, -8), ["t", "t"]] };
  const bad: Record<string, OrderBlock> = {
    "the same entry again": { ids: ["c"], keys: [Float64Array.of(-8), ["t"]] },
    "an entry that belongs before": { ids: ["a"], keys: [Float64Array.of(-8), ["t"]] },
    "a key that belongs before": { ids: ["z"], keys: [Float64Array.of(-8.5), ["t"]] },
    "entries in disorder": { ids: ["d", "e"], keys: [Float64Array.of(2, 1), ["t", "t"]] },
    "ids in disorder": { ids: ["e", "d"], keys: [Float64Array.of(1, 1), ["t", "t"]] },
    "texts in disorder": { ids: ["d", "e"], keys: [Float64Array.of(1, 1), ["t", "s"]] },
    "one id twice": { ids: ["d", "d"], keys: [Float64Array.of(1, 1), ["t", "t"]] },
    "no number": { ids: ["d", "e"], keys: [Float64Array.of(1, NaN), ["t", "t"]] },
    "a list of other length": { ids: ["d", "e"], keys: [Float64Array.of(1), ["t", "t"]] },
    "a list too few": { ids: ["d"], keys: [Float64Array.of(1)] },
    "a list too many": { ids: ["d"], keys: [Float64Array.of(1), ["t"], ["t"]] },
    "keys that aren't packed": { ids: ["d"], keys: [[1], ["t"]] },
    "a cell that is no text": { ids: ["d"], keys: [Float64Array.of(1), [5]] },
    "packed keys of a text": { ids: ["d"], keys: [Float64Array.of(1), Float64Array.of(1)] },
    "no lists for no ids": { ids: [], keys: [] },
  };

  test.each(Object.keys(bad))("I8 %s is refused, and nothing of it is taken", (name) => {
    const block = bad[name] ?? good;
    const assembler = new OrderAssembler(terms, ["number", "text"]);
    expect(assembler.append(good)).toBe(true);
    expect(assembler.append(block)).toBe(false);
    expect(assembler.size).toBe(2);
    expect(assembler.append({ ids: ["x"], keys: [Float64Array.of(100), [null]] })).toBe(true);
    expect([...assembler.finish().ids()]).toEqual(["b", "c", "x"]);
  });

  test("I8 forms that don't fit the order are refused", () => {
    const forms: KeyForm[][] = [[], ["number"], ["number", "text", "text"]];
    for (const wrong of forms) expect(new OrderAssembler(terms, wrong).append(good)).toBe(false);
  });
});
