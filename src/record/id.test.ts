import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as arbitrary from "../../test/properties/arbitrary-values.ts";
import { runs } from "../../test/properties/runs.ts";
import { checkId, composeId, idOf, MAX_ID_BYTES, withIdColumn } from "./id.ts";
import type { Value } from "./value.ts";

describe("ids", () => {
  test.each(["a", " ", "\0", "../..", "😀".repeat(256), "ä".repeat(512), "a".repeat(1_024), "__proto__"])(
    "R15 takes %j",
    (id) => expect(checkId(id)).toBe(id),
  );

  test.each<[unknown, string]>([
    ["", "never empty"],
    [5, "not number"],
    [null, "not null"],
    [undefined, "not undefined"],
    ["\ud800", "surrogate"],
    ["a".repeat(1_025), "longer than 1024 bytes"],
    ["ä".repeat(513), "longer than 1024 bytes"],
    [`${"😀".repeat(256)}a`, "longer than 1024 bytes"],
    ["\u{FFFF}".repeat(342), "longer than 1024 bytes"],
  ])("R15 refuses %j", (id, message) => {
    expect(() => checkId(id, { vista: "products" })).toThrow(
      expect.objectContaining({ code: "invalid", message: expect.stringContaining(message) }),
    );
  });

  test("R15 counts bytes as the encoder does", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", minLength: 200, maxLength: 600 }), (id) => {
        const fits = new TextEncoder().encode(id).length <= MAX_ID_BYTES;
        expect(accepts(() => checkId(id))).toBe(fits);
      }),
      runs(300),
    );
  });

  test.each<[Value, string]>([
    ["x", "x"],
    [5, "5"],
    [5n, "5"],
    [-0, "0"],
    [1.5, "1.5"],
    [2n ** 70n, "1180591620717411303424"],
    [new Date(0), "1970-01-01T00:00:00.000Z"],
    [true, "true"],
  ])("R16 the id of %o is %j", (value, id) => expect(idOf(value)).toBe(id));

  test.each<Value | undefined>([undefined, null, "", NaN, Infinity, [], {}, new Uint8Array([1]), "\ud800"])(
    "R16 %o is no id",
    (value) => expect(() => idOf(value)).toThrow(expect.objectContaining({ code: "invalid" })),
  );

  test("R17 different parts never give one id", () => {
    const part = fc.oneof(fc.constantFrom("", "|", "\\", "\\|", "a", "a|b"), arbitrary.text);
    const parts = fc.array(part, { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(parts, parts, (a, b) => {
        expect(composeId(a) === composeId(b)).toBe(JSON.stringify(a) === JSON.stringify(b));
      }),
      runs(2_000),
    );
    expect(composeId(["DE", "12345"])).toBe("DE|12345");
    expect(composeId(["a|b", "c\\"])).toBe("a\\|b|c\\\\");
  });

  test("R18 fills the id column in, in front", () => {
    const row = { name: "x" };
    expect(withIdColumn("7", row, undefined)).toBe(row);
    expect(Object.entries(withIdColumn("7", row, "id"))).toEqual([
      ["id", "7"],
      ["name", "x"],
    ]);
    expect(Object.hasOwn(withIdColumn("7", row, "__proto__"), "__proto__")).toBe(true);
    expect(withIdColumn("7", row, "toString")["toString"]).toBe("7");
  });

  test("R18 keeps what says the same id, in its own type", () => {
    const row = { id: 7n };
    expect(withIdColumn("7", row, "id")).toBe(row);
  });

  test("R18 refuses another id, and null", () => {
    expect(() => withIdColumn("7", { id: 8 }, "id", { vista: "v" })).toThrow(
      expect.objectContaining({ code: "invalid", place: { vista: "v", column: "id" } }),
    );
    expect(() => withIdColumn("7", { id: null }, "id")).toThrow(expect.objectContaining({ code: "invalid" }));
  });
});

function accepts(run: () => unknown): boolean {
  try {
    run();
    return true;
  } catch {
    return false;
  }
}
