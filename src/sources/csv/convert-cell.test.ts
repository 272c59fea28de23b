import fc from "fast-check";
import { expect, test } from "vitest";
import { runs } from "../../../test/properties/runs.ts";
import { convertCell } from "./convert-cell.ts";

const digits = fc.array(fc.constantFrom("0", "1", "9", "5", "-", "+", ".", "e", "E", " "), { maxLength: 20 });

test("CSV12 a sniffed integer is the number that its digits say, and its text again", () => {
  const property = fc.property(
    fc.oneof(
      digits.map((parts) => parts.join("")),
      fc.bigInt().map(String),
      fc.maxSafeInteger().map(String),
    ),
    (cell) => {
      const value = convertCell("integer", cell, false);
      const isInteger = /^(?:0|-?[1-9]\d*)$/.test(cell);
      expect(value !== undefined).toBe(isInteger);
      if (typeof value !== "number" && typeof value !== "bigint") return;
      expect(String(value)).toBe(cell);
      expect(typeof value).toBe(Number.isSafeInteger(Number(cell)) ? "number" : "bigint");
    },
  );
  fc.assert(property, runs(5_000));
});

test("CSV12 a sniffed number is the double nearest to its digits", () => {
  const written = fc.oneof(
    digits.map((parts) => parts.join("")),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
    fc
      .tuple(fc.integer({ min: -99_999_999, max: 99_999_999 }), fc.integer({ min: 0, max: 12 }))
      .map(([whole, places]) => (whole / 10 ** places).toFixed(places)),
  );
  const property = fc.property(written, (cell) => {
    const value = convertCell("number", cell, false);
    const shape = /^-?(?:(?:0|[1-9]\d*)(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?$/.test(cell);
    expect(value !== undefined).toBe(shape && Number.isFinite(Number(cell)));
    if (typeof value === "bigint") expect(String(value)).toBe(cell);
    else if (value !== undefined) expect(value).toBe(Number(cell));
  });
  fc.assert(property, runs(5_000));
});

test("CSV12 CSV13 a date is the instant that the calendar says", () => {
  const two = fc.integer({ min: 0, max: 61 }).map((number) => String(number).padStart(2, "0"));
  const written = fc
    .tuple(
      fc.integer({ min: 0, max: 9_999 }).map((year) => String(year).padStart(4, "0")),
      two,
      two,
      fc.option(fc.tuple(two, two, fc.option(two), fc.constantFrom("Z", "+02:00", "-11:30", "+25:00", ""))),
    )
    .map(([year, month, day, time]) => {
      if (time === null) return `${year}-${month}-${day}`;
      const [hours, minutes, seconds, zone] = time;
      return `${year}-${month}-${day}T${hours}:${minutes}${seconds === null ? "" : `:${seconds}`}${zone}`;
    });
  const property = fc.property(written, (cell) => {
    const value = convertCell("date", cell, false);
    const [, day = "", zone = ""] = /^(.{10})(?:T.*?(Z|[+-]\d\d:\d\d|))?$/.exec(cell) ?? [];
    const parsed = new Date(cell);
    const exists =
      !Number.isNaN(parsed.getTime()) &&
      new Date(Date.parse(`${day}T00:00:00Z`) || 0).toISOString().startsWith(day) &&
      !cell.includes("T24") &&
      zone !== "+25:00" &&
      (zone !== "" || !cell.includes("T"));
    expect(value).toEqual(exists ? parsed : undefined);
  });
  fc.assert(property, runs(5_000));
});

test("CSV13 what a sniffed type takes a declared one takes as the same value", () => {
  const property = fc.property(
    fc.oneof(
      digits.map((parts) => parts.join("")),
      fc.constantFrom("true", "False", "2026-02-28", "x"),
    ),
    fc.constantFrom("integer", "number", "boolean", "date", "text"),
    (cell, type) => {
      const sniffed = convertCell(type, cell, false);
      if (sniffed !== undefined) expect(convertCell(type, cell, true)).toEqual(sniffed);
    },
  );
  fc.assert(property, runs(3_000));
});
