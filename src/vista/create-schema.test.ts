import { describe, expect, test } from "vitest";
import { isDioramaError } from "../base/index.ts";
import { createSchema, type SchemaInput } from "./create-schema.ts";
import { columnNamesOf, searchColumnsOf, titleColumnsOf } from "./schema-columns.ts";

describe("createSchema", () => {
  test("V23 the id column is among the columns, and roles are flags", () => {
    const schema = createSchema({
      id: "nr",
      columns: { name: { type: "text", flags: ["mandatory", "shiny"] }, price: "number" },
      title: "name",
    });
    expect(schema).toEqual({
      columns: [
        { name: "nr", type: "text", flags: ["id"] },
        { name: "name", type: "text", flags: ["mandatory", "shiny", "title"] },
        { name: "price", type: "number", flags: [] },
      ],
      idColumn: "nr",
      references: [],
      open: false,
    });
    expect(createSchema({ columns: { nr: { type: "integer", flags: ["id"] } } }).idColumn).toBe("nr");
    expect(createSchema({ columns: { name: "text" } }).idColumn).toBeUndefined();
  });

  test("V23 what it makes is frozen, and without columns it is open", () => {
    const schema = createSchema({ id: "id" });
    expect(schema.open).toBe(true);
    expect([schema, schema.columns, schema.columns[0], schema.columns[0]?.flags].every(Object.isFrozen)).toBe(
      true,
    );
  });

  test("V23 a bad schema is refused with everything that is wrong with it", () => {
    const bad = {
      id: "nr",
      columns: {
        nr2: { type: "text", flags: ["id"] },
        price: "float",
        "": "text",
        tags: { type: "json", flags: "title" },
      },
      title: ["name"],
      references: { owner: { column: "ownerId", target: "clients" } },
    } as unknown as SchemaInput;
    try {
      createSchema(bad);
      expect.unreachable("it should have failed");
    } catch (error) {
      if (!isDioramaError(error, "invalid")) throw error;
      for (const said of ["nr, nr2", '"float"', '""', "tags", "name", "ownerId", "target"]) {
        expect(error.message).toContain(said);
      }
    }
  });

  test("V23 names that every object has are ordinary columns", () => {
    const columns = JSON.parse('{"__proto__": "text", "constructor": "integer"}') as SchemaInput["columns"];
    const schema = createSchema({ columns });
    expect([...columnNamesOf(schema)]).toEqual(["__proto__", "constructor"]);
    expect(columnNamesOf(createSchema({ columns: { a: "text" } })).has("constructor")).toBe(false);
  });
});

describe("columns with a role", () => {
  test("V24 a search looks where it is told to, else in every text column, else in every text cell", () => {
    const columns = { a: "text", b: "text", c: "integer" } as const;
    expect(searchColumnsOf(createSchema({ columns }))).toEqual(["a", "b"]);
    const flagged = createSchema({ columns: { ...columns, b: { type: "text", flags: ["searchable"] } } });
    expect(searchColumnsOf(flagged)).toEqual(["b"]);
    expect(searchColumnsOf(createSchema({ columns, open: true }))).toBeUndefined();
    expect(searchColumnsOf(createSchema({}))).toBeUndefined();
  });

  test("V24 title columns name a row", () => {
    const schema = createSchema({ columns: { a: "text", b: "text" }, title: ["b", "a"] });
    expect(titleColumnsOf(schema)).toEqual(["a", "b"]);
  });
});
