import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { runs } from "../../test/properties/runs.ts";
import { and, condition, isNotNull, isNull, not, or, type Condition } from "../query/index.ts";
import { createSchema } from "../vista/index.ts";
import { CliError } from "./cli-error.ts";
import { parseWhere } from "./parse-where.ts";

const schema = createSchema({
  columns: {
    name: "text",
    stock: "integer",
    price: "number",
    cost: "decimal",
    sold: "boolean",
    since: "date",
    hash: "bytes",
    tags: "json",
    "Time of day": "text",
    not: "text",
  },
});
const open = createSchema({});

const parse = (text: string): readonly Condition[] => parseWhere(text, schema);

function errorOf(text: string): { message: string; detail: string | undefined; exitCode: number } {
  try {
    parse(text);
  } catch (error) {
    if (error instanceof CliError)
      return { message: error.message, detail: error.detail, exitCode: error.exitCode };
    throw error;
  }
  throw new Error(`${text} was read`);
}

describe("the grammar", () => {
  test("CLI16 every operator of the library, words in any case", () => {
    expect(parse("price > 10")).toEqual([condition("price", ">", 10)]);
    expect(parse("price>=1.5 AND price<=2 and stock!=3")).toEqual([
      condition("price", ">=", 1.5),
      condition("price", "<=", 2),
      condition("stock", "!=", 3),
    ]);
    expect(parse("stock in (1, 2) and stock Not In ()")).toEqual([
      condition("stock", "in", [1, 2]),
      condition("stock", "not in", []),
    ]);
    expect(parse("name contains ee and name STARTS WITH g and price < 0 and name = tea")).toEqual([
      condition("name", "contains", "ee"),
      condition("name", "starts with", "g"),
      condition("price", "<", 0),
      condition("name", "=", "tea"),
    ]);
    expect(parse("name is null and price IS NOT NULL")).toEqual([isNull("name"), isNotNull("price")]);
  });

  test("CLI16 and binds closer than or, not closer than both, parentheses closest", () => {
    const [a, b, c] = [condition("price", "=", 1), condition("price", "=", 2), condition("price", "=", 3)];
    expect(parse("price = 1 or price = 2 and price = 3")).toEqual([or(a, and(b, c))]);
    expect(parse("(price = 1 or price = 2) and price = 3")).toEqual([or(a, b), c]);
    expect(parse("not price = 1 and not (price = 2 or not not price = 3)")).toEqual([
      not(a),
      not(or(b, not(not(c)))),
    ]);
  });

  test("CLI16 texts stand in either quotes, columns too", () => {
    expect(parse(`name = 'it''s "so"'`)).toEqual([condition("name", "=", `it's "so"`)]);
    expect(parse(`name = "say ""so"""`)).toEqual([condition("name", "=", `say "so"`)]);
    expect(parse(`'Time of day' = "at \\ night" and "not" = 'and'`)).toEqual([
      condition("Time of day", "=", "at \\ night"),
      condition("not", "=", "and"),
    ]);
    expect(parse("tags.colour = red and name = 2024-01-05:x")).toEqual([
      condition("tags.colour", "=", "red"),
      condition("name", "=", "2024-01-05:x"),
    ]);
  });
});

describe("values", () => {
  test("CLI17 have the column's type", () => {
    expect(parse("name = 5 and name != true")).toEqual([
      condition("name", "=", "5"),
      condition("name", "!=", "true"),
    ]);
    expect(parse("stock = 9007199254740993 and stock > -3 and stock < 1.5")).toEqual([
      condition("stock", "=", 9007199254740993n),
      condition("stock", ">", -3),
      condition("stock", "<", 1.5),
    ]);
    expect(parse("price = NaN and price < infinity and price > 1e3")).toEqual([
      condition("price", "=", Number.NaN),
      condition("price", "<", Number.POSITIVE_INFINITY),
      condition("price", ">", 1000),
    ]);
    expect(parse("sold = TRUE and hash = AQL/ and cost = 12.50")).toEqual([
      condition("sold", "=", true),
      condition("hash", "=", new Uint8Array([1, 2, 255])),
      condition("cost", "=", "12.50"),
    ]);
    expect(parse('since >= 2024-02-29 and since < "2024-03-01T10:30:00.5+02:00"')).toEqual([
      condition("since", ">=", new Date("2024-02-29T00:00:00Z")),
      condition("since", "<", new Date("2024-03-01T08:30:00.500Z")),
    ]);
  });

  test("CLI17 of no known type are what they look like, unless they are quoted", () => {
    const read = parseWhere("a = 5 and b = true and c = '5' and d = 2024-01-05 and e.f = 1e2", open);
    expect(read).toEqual([
      condition("a", "=", 5),
      condition("b", "=", true),
      condition("c", "=", "5"),
      condition("d", "=", "2024-01-05"),
      condition("e.f", "=", 100),
    ]);
    expect(parse("tags = 5 and tags contains 5")).toEqual([
      condition("tags", "=", 5),
      condition("tags", "contains", "5"),
    ]);
    expect(parse("name = 'null'")).toEqual([condition("name", "=", "null")]);
  });

  test.each([
    ["stock = abc", "an integer; a number such as 12"],
    ["price > cheap", "of type number; a number such as 12.5"],
    ["sold = 1", "of type boolean; true or false"],
    ["since > 2024-02-30", "of type date; a day such as 2026-05-31"],
    ["since > 2024-02-03T10:00", "a time with its zone"],
    ["since > '2024-02-03 25:00Z'", "of type date"],
    ["hash = ***", "of type bytes; base64 such as AQID"],
    ["cost = 1e3", "of type decimal; digits such as 12.50"],
    ["cost > 12", "decimal columns keep their digits as text"],
    ["stock contains 5", '"contains" looks into text, and the column is an integer'],
    ["name = null", 'write "is null" or "is not null"'],
    ["stock in (1, null)", 'write "is null"'],
  ])("CLI17 %s is wrong usage", (text, why) => {
    expect(errorOf(text)).toMatchObject({ exitCode: 2 });
    expect(errorOf(text).message).toContain(why);
  });
});

describe("what is wrong", () => {
  test.each([
    ["prise > 10", 1, 'there is no column "prise"; did you mean "price"?'],
    ["price > 10 und stock = 1", 12, `"and", "or" or the end should be here`],
    ["price == 10", 7, `did you mean "="?`],
    ["price <> 10", 7, `did you mean "!="?`],
    ["name like 'a%'", 6, `did you mean "contains"?`],
    ["name starts wiht a", 6, `did you mean "starts with"?`],
    ["price >", 8, "a value should be here"],
    ["price", 6, "an operator should be here"],
    ["", 1, "a condition is missing"],
    ["   ", 4, "a condition is missing"],
    ["(price > 1", 11, `a ")" is missing for the one that opens at 1`],
    ["price > 1)", 10, `"and", "or" or the end`],
    ["name = 'green", 8, "this ' has no other one that closes it"],
    ["stock in 1, 2", 10, `"in" takes a list: (1, 2, 3)`],
    ["stock in (1 2)", 13, `"," or ")" should be here`],
    ["and price > 1", 1, "quote it if it is one"],
    ["name = green tea", 14, "a text of several words needs quotes"],
    ["price > 1 and", 14, "a column's name should be here"],
    ["= 1", 1, "a column's name should be here"],
  ])("CLI18 %s is told at character %i", (text, at, why) => {
    const { message, detail = "", exitCode } = errorOf(text);
    expect(message).toContain(`--where, character ${at}: `);
    expect(message).toContain(why);
    expect(exitCode).toBe(2);
    const [shown = "", caret = ""] = detail.split("\n");
    expect(caret.indexOf("^")).toBe(at + 1);
    expect(shown.trimEnd()).toBe(`  ${text}`.trimEnd());
  });

  test("CLI18 of a long text only what is around the place is shown, escaped, with the mark below it", () => {
    const { detail = "" } = errorOf(
      `name = '${"古".repeat(60)}\u001b' and nope = 1 and price > ${"1".repeat(90)}`,
    );
    const [shown = "", caret = ""] = detail.split("\n");
    expect(shown).toContain("\\e' and nope = 1");
    expect(shown.startsWith("  …")).toBe(true);
    expect(shown.endsWith("…")).toBe(true);
    // Each of the wide characters takes two places on the screen.
    const wide = shown.split("古").length - 1;
    expect(caret.indexOf("^")).toBe(shown.indexOf("nope") + wide);
  });

  test("CLI19 too long, too deep", () => {
    expect(errorOf(`name = '${"x".repeat(10_000)}'`).message).toContain("at most 10000 are taken");
    expect(errorOf(`${"(".repeat(5_000)}price = 1`).message).toContain("nested deeper than 100 levels");
    expect(errorOf(`${"not ".repeat(2_000)}price = 1`).message).toContain("nested deeper than 100 levels");
    expect(parse(`${"(".repeat(99)}price = 1${")".repeat(99)}`)).toEqual([condition("price", "=", 1)]);
    expect(parse(Array.from({ length: 600 }, () => "price = 1").join(" and "))).toHaveLength(600);
  });
});

describe("any text", () => {
  const pieces = fc.constantFrom(
    ..."price name stock since sold tags cost ( ) , = != < <= > >= == in not and or is null contains starts with".split(
      " ",
    ),
    "'a b'",
    '"x""y"',
    "'",
    "12",
    "-1.5e3",
    "2024-02-30",
    "古",
    "\u0000",
    "\ud800",
  );

  const isRead = (text: string): void => {
    const started = performance.now();
    try {
      expect(Array.isArray(parse(text))).toBe(true);
    } catch (error) {
      if (!(error instanceof CliError)) throw error;
      expect(error.exitCode).toBe(2);
    }
    expect(performance.now() - started).toBeLessThan(1_000);
  };

  test("CLI19 is conditions or wrong usage, within a second (property)", () => {
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 30 }), (words) => isRead(words.join(" "))),
      runs(1_000),
    );
    fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 200 }), isRead), runs(1_000));
  });

  test("CLI16 CLI19 conditions written out are read back (property)", () => {
    const text = fc.string({ unit: "grapheme", maxLength: 8 }).filter((word) => word.isWellFormed());
    const leaf = fc.oneof(
      fc.record({
        column: fc.constant("name"),
        operator: fc.constantFrom("=", "!=", "<", "contains"),
        value: text,
      }),
      fc.record({
        column: fc.constant("price"),
        operator: fc.constantFrom("=", ">=", ">"),
        value: fc.integer({ min: -1_000, max: 1_000 }),
      }),
    );
    type Leaf = {
      column: string;
      operator: "=" | "!=" | "<" | "contains" | ">=" | ">";
      value: string | number;
    };
    type Tree = Leaf | { any: readonly Tree[] } | { all: readonly Tree[] } | { none: Tree };
    const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 4, depthIdentifier: "where" },
        leaf,
        fc.record({ any: fc.array(tie("tree"), { minLength: 2, maxLength: 3 }) }),
        fc.record({ all: fc.array(tie("tree"), { minLength: 2, maxLength: 3 }) }),
        fc.record({ none: tie("tree") }),
      ),
    }));
    const toText = (of: Tree): string => {
      if ("any" in of) return `(${of.any.map(toText).join(" or ")})`;
      if ("all" in of) return `(${of.all.map(toText).join(" and ")})`;
      if ("none" in of) return `not ${toText(of.none)}`;
      const value = typeof of.value === "string" ? `'${of.value.replaceAll("'", "''")}'` : String(of.value);
      return `${of.column} ${of.operator} ${value}`;
    };
    const toConditions = (of: Tree): Condition => {
      if ("any" in of) return or(...of.any.map(toConditions));
      if ("all" in of) return and(...of.all.map(toConditions));
      if ("none" in of) return not(toConditions(of.none));
      return condition(of.column, of.operator, of.value);
    };
    fc.assert(
      fc.property(tree, (given) => {
        const whole = toConditions(given);
        expect(parse(toText(given))).toEqual(whole.kind === "and" ? whole.conditions : [whole]);
      }),
      runs(300),
    );
  });
});
