import { assert, nat, property, string } from "fast-check";
import { expect, test } from "vitest";
import { runs } from "../../test/properties/runs.ts";
import { fromToken, toToken } from "./facade-token.ts";

test("D20 a token tells where a walk stands, whatever the id", () => {
  const check = property(nat(), string({ unit: "grapheme", minLength: 1 }), (offset, afterId) => {
    expect(fromToken(toToken({ offset, afterId }), "products")).toEqual({ offset, afterId });
  });
  assert(check, runs(300));
});

test("D20 what is no token of ours is invalid", () => {
  for (const token of [
    "",
    "5",
    "5.",
    ".a",
    "x.a",
    "05.a",
    "5.a b",
    "5.%",
    "5.%zz",
    "-1.a",
    "1e3.a",
    "9999999999999999.a",
  ]) {
    expect(() => fromToken(token, "products")).toThrow(
      expect.objectContaining({ code: "invalid", place: { vista: "products" } }),
    );
  }
});
