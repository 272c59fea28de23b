import { describe, expect, test } from "vitest";
import { createSchema } from "../vista/index.ts";
import { isAssignment, readAssignments } from "./assignments.ts";
import { CliError } from "./cli-error.ts";

const schema = createSchema({
  columns: {
    id: "integer",
    name: "text",
    price: "number",
    exact: "decimal",
    sold: "boolean",
    since: "date",
    picture: "bytes",
    more: "json",
  },
  id: "id",
});
const open = createSchema({ columns: { price: "number" }, open: true });

function refusal(assignments: readonly string[], of = schema): CliError {
  try {
    readAssignments(of, assignments);
  } catch (error) {
    if (error instanceof CliError) return error;
    throw error;
  }
  throw new Error("it was taken");
}

describe("values of a write", () => {
  test("CLI65 = gives a value its column's type, digits and all", () => {
    const given = [
      "id=12345678901234567890",
      "name=",
      "price=-1.5e3",
      "exact=0012.50",
      "sold=TRUE",
      "since=2026-05-31",
      "picture=AQID",
      "more=[1]",
    ];
    expect(readAssignments(schema, given)).toEqual({
      id: 12345678901234567890n,
      name: "",
      price: -1500,
      exact: "0012.50",
      sold: true,
      since: new Date("2026-05-31T00:00:00Z"),
      picture: Uint8Array.of(1, 2, 3),
      more: "[1]",
    });
  });

  test("CLI65 a column that no schema knows takes text by =, and by := whatever JSON says", () => {
    const given = ["zip=00123", "age=7", "a:=7", "b:=null", 'c:=["x",{"y":true}]', "d:=-0", "text=a=b"];
    expect(readAssignments(open, given)).toEqual({
      zip: "00123",
      age: "7",
      a: 7,
      b: null,
      c: ["x", { y: true }],
      d: -0,
      text: "a=b",
    });
  });

  test("CLI65 odd names are data", () => {
    const row = readAssignments(open, ["__proto__=x", "constructor:=1"]);
    expect(Object.keys(row)).toEqual(["__proto__", "constructor"]);
    expect(Object.getPrototypeOf(row)).toBe(Object.prototype);
  });

  test.each([
    [["prise=1"], 'there is no column "prise"; did you mean "price"?'],
    [["name=a", "name=b"], 'the column "name" is given twice'],
    [["price=dear"], `"price" can't be "dear": the column is of type number; a number such as 12.5`],
    [["price="], "price:=null empties it"],
    [["sold=null"], "sold:=null empties it"],
    [["price:=dear"], "price:= takes JSON"],
    [["=x"], '"=x" is no column=value and no column:=json'],
    [["name"], '"name" is no column=value and no column:=json'],
    [["more:=12345678901234567890"], "--type more:integer and = keep it"],
    [["more:=[[12345678901234567890]]"], "more:= holds an integer that JSON here can't keep"],
    [['more:="\\ud800"'], "more:= holds what can't be stored"],
  ])("CLI65 %j is wrong usage that names the column", (given, why) => {
    const error = refusal(given);
    expect(error.message).toContain(why);
    expect(error.exitCode).toBe(2);
  });

  test("CLI65 what has no = is no assignment, and an id that has one is given by its column", () => {
    expect(["u7", "a/b c", "name=x", "name:=1", "a\n=b"].map(isAssignment)).toEqual([
      false,
      false,
      true,
      true,
      true,
    ]);
  });
});
