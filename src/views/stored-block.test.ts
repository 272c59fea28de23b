import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as arbitrary from "../../test/properties/arbitrary-values.ts";
import { runs } from "../../test/properties/runs.ts";
import type { Value } from "../record/index.ts";
import type { KeyForm, KeyList, OrderBlock } from "./order-block.ts";
import { decodeBlock, encodeBlock } from "./stored-block.ts";

const MAX_MS = 1_000;

const id = fc.oneof(
  fc.string({ minLength: 1, maxLength: 30 }),
  fc.string({ unit: "binary", minLength: 1, maxLength: 10 }),
  fc.constantFrom("\u{FEFF}", "\u{FEFF}a", "😀", "\0", "x".repeat(1_024), "ß".repeat(512)),
);
const packed = fc.double({ noNaN: true });

/** A block with the forms of its terms. */
const formed = fc
  .tuple(
    fc.uniqueArray(id, { maxLength: 40 }),
    fc.array(fc.constantFrom<KeyForm>("empty", "boolean", "number", "date", "text", "value"), {
      maxLength: 3,
    }),
  )
  .chain(([ids, forms]) =>
    fc
      .tuple(...forms.map((form) => keysOf(form, ids.length)))
      .map((keys) => ({ forms, block: { ids, keys } satisfies OrderBlock })),
  );

function keysOf(form: KeyForm, length: number): fc.Arbitrary<KeyList> {
  const whole = { minLength: length, maxLength: length };
  if (form === "text") return fc.array(fc.option(arbitrary.text), whole);
  if (form === "value") return fc.array(arbitrary.value, whole);
  return fc.array(packed, whole).map((numbers) => Float64Array.from(numbers));
}

function plain({ ids, keys }: OrderBlock): unknown {
  return { ids, keys: keys.map((list) => Array.from<Value>(list)) };
}

/** Whatever the bytes: the block that is written as these bytes, or none, in good time. */
function survives(bytes: Uint8Array, forms: readonly KeyForm[]): boolean {
  const start = performance.now();
  const block = decodeBlock(bytes, forms);
  if (block !== undefined) {
    expect(block.keys.length).toBe(forms.length);
    expect(Buffer.from(encodeBlock(block)).equals(bytes)).toBe(true);
  }
  expect(performance.now() - start).toBeLessThan(MAX_MS);
  return block !== undefined;
}

describe("a block of an order as bytes", () => {
  test("I30 comes back as it was", () => {
    fc.assert(
      fc.property(formed, fc.nat(20), ({ block, forms }, offset) => {
        const bytes = encodeBlock(block);
        // Also as a window on a larger buffer.
        const larger = new Uint8Array(bytes.length + offset + 3);
        larger.set(bytes, offset);
        const found = decodeBlock(larger.subarray(offset, offset + bytes.length), forms);
        expect(found && plain(found)).toEqual(plain(block));
      }),
      runs(500),
    );
  });

  test("I31 damaged anywhere, it is none, or a block that would be written so", () => {
    const damage = fc.record({ kind: fc.nat(4), at: fc.nat(), byte: fc.nat(255) });
    fc.assert(
      fc.property(formed, fc.array(damage, { minLength: 1, maxLength: 3 }), ({ block, forms }, damages) => {
        let list = [...encodeBlock(block)];
        for (const { kind, at, byte } of damages) {
          const index = at % list.length;
          if (kind === 0) list[index] = byte;
          else if (kind === 1) list = list.slice(0, Math.max(1, index));
          else if (kind === 2) list.splice(index, 0, byte);
          else if (kind === 3 && list.length > 1) list.splice(index, 1);
          else list.splice(index, 0, ...list.slice(index, index + 8));
        }
        survives(Uint8Array.from(list), forms);
      }),
      runs(2_000),
    );
  });

  test("I31 random bytes are none, or a block that would be written so", () => {
    const small = fc.oneof(fc.constant(0), fc.nat(3), fc.nat(255));
    fc.assert(
      fc.property(
        fc.array(small, { maxLength: 80 }),
        fc.constantFrom<KeyForm>("number", "text"),
        (list, form) => {
          survives(Uint8Array.from(list), [form]);
        },
      ),
      runs(5_000),
    );
  });

  test("I31 it is none when cut off, with more behind it, or with other forms", () => {
    const block = { ids: ["a", "bß", "😀"], keys: [Float64Array.of(1, 2, 3), ["x", null, "z"]] };
    const forms = ["number", "text"] as const;
    const bytes = encodeBlock(block);
    expect(survives(bytes, forms)).toBe(true);
    for (let end = 0; end < bytes.length; end++) expect(survives(bytes.subarray(0, end), forms)).toBe(false);
    expect(survives(Uint8Array.from([...bytes, 0]), forms)).toBe(false);
    for (const others of [[], ["number"], ["text", "number"], ["number", "text", "value"]] as KeyForm[][]) {
      expect(survives(bytes, others)).toBe(false);
    }
    const claims = Uint8Array.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3]);
    expect(survives(claims, forms)).toBe(false);
  });
});
