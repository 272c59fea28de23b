import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { errorOf, openCsvFolder } from "../../../test/csv/csv-folder.ts";
import type { Value } from "../../record/index.ts";
import type { ColumnInput } from "../../vista/index.ts";
import type { CsvOptions } from "./csv-options.ts";
import { csv } from "./csv.ts";

const folder = openCsvFolder();
const open = (text: string, options: CsvOptions = {}) => csv(folder.write(text), options);
const quoted = (cell: string): string => `"${cell.replaceAll('"', '""')}"`;

/** The column of these cells beside another one: its type and its values. */
async function column(
  cells: readonly string[],
  type?: ColumnInput,
): Promise<[string | undefined, ...Value[]]> {
  const text = `v,z\n${cells.map((cell) => `${quoted(cell)},z\n`).join("")}`;
  const vista = await open(text, type === undefined ? {} : { columns: { v: type } });
  const values = [...(await vista.list()).values()].map((row) => row["v"] ?? null);
  return [vista.schema.columns[0]?.type, ...values];
}

test("CSV11 the type is the narrowest that all cells have, and the schema reports it", async () => {
  expect(await column(["1", "-20", "0"])).toEqual(["integer", 1, -20, 0]);
  expect(await column(["1", "2.5", "-.5", "1e3", "2E-2"])).toEqual(["number", 1, 2.5, -0.5, 1_000, 0.02]);
  expect(await column(["true", "FALSE", "True"])).toEqual(["boolean", true, false, true]);
  expect(await column(["2026-02-28", "2026-02-28T10:00:00Z", "2026-02-28T10:00:00.5+02:00"])).toEqual([
    "date",
    new Date("2026-02-28T00:00:00Z"),
    new Date("2026-02-28T10:00:00Z"),
    new Date("2026-02-28T08:00:00.500Z"),
  ]);
  expect(await column(["a", "b"])).toEqual(["text", "a", "b"]);
});

test("CSV11 cells of several types are text", async () => {
  expect(await column(["1", "true"])).toEqual(["text", "1", "true"]);
  expect(await column(["true", "2026-01-01"])).toEqual(["text", "true", "2026-01-01"]);
  expect(await column(["2026-01-01", "5"])).toEqual(["text", "2026-01-01", "5"]);
});

test("CSV11 null tokens say nothing, and a column of nothing else is text", async () => {
  expect(await column(["", "5", ""])).toEqual(["integer", null, 5, null]);
  expect(await column(["", ""])).toEqual(["text", null, null]);
});

test("CSV11 a declared column is not sniffed, the others are", async () => {
  const vista = await open("a,b\n1,2\n", { columns: { a: { type: "text", flags: ["searchable"] } } });
  expect(vista.schema.columns).toEqual([
    { name: "a", type: "text", flags: ["searchable"] },
    { name: "b", type: "integer", flags: [] },
  ]);
});

test("CSV11 the zip codes of a public data set stay text", async () => {
  const file = fileURLToPath(new URL("../data/zipcodes.csv", import.meta.resolve("vega-datasets")));
  const vista = await csv(file, { id: "zip_code" });
  expect(vista.name).toBe("zipcodes");
  expect(vista.schema.columns.map(({ name, type }) => `${name} ${type}`)).toEqual([
    "zip_code text",
    "latitude number",
    "longitude number",
    "city text",
    "state text",
    "county text",
  ]);
  const rows = await vista.list();
  expect(rows.size).toBe(42_049);
  expect(rows.get("00501")).toMatchObject({ zip_code: "00501", city: "Holtsville", latitude: 40.922326 });
});

test("CSV12 what would lose something as a number or a date stays text", async () => {
  for (const cell of [
    "00123",
    "+5",
    "1,5",
    "1_000",
    " 5",
    "5.",
    "0x1F",
    "1e999",
    "NaN",
    "Infinity",
    "٣",
    "00.5",
  ]) {
    expect(await column([cell])).toEqual(["text", cell]);
  }
  for (const cell of [
    "2026-02-30",
    "2026-02-28T10:00:00",
    "2026-02-28T10:00:00.1234Z",
    "2026-2-8",
    "28.2.2026",
  ]) {
    expect(await column([cell])).toEqual(["text", cell]);
  }
  expect(await column(["2026-02-28T24:00:00Z"])).toEqual(["text", "2026-02-28T24:00:00Z"]);
  expect(await column(["9".repeat(2_000)])).toEqual(["text", "9".repeat(2_000)]);
});

test("CSV12 integers beyond 2^53 are bigints, the others are numbers, and -0 is kept", async () => {
  expect(await column(["9007199254740991", "9007199254740993", "-12345678901234567890"])).toEqual([
    "integer",
    9_007_199_254_740_991,
    9_007_199_254_740_993n,
    -12_345_678_901_234_567_890n,
  ]);
  expect(await column(["-0"])).toEqual(["number", -0]);
  expect(await column(["-0", "9007199254740993"])).toEqual(["number", -0, 9_007_199_254_740_993n]);
});

test("CSV13 a declared type takes every clear spelling", async () => {
  expect(await column(["007", "+5", "-0", "-012"], "integer")).toEqual(["integer", 7, 5, 0, -12]);
  expect(await column(["NaN", "-Infinity", "+1.50", "5.", "007"], "number")).toEqual([
    "number",
    Number.NaN,
    -Infinity,
    1.5,
    5,
    7,
  ]);
  expect(await column(["2026-02-28T10:00:00.123987Z"], "date")).toEqual([
    "date",
    new Date("2026-02-28T10:00:00.123Z"),
  ]);
  expect(await column(["12.50", "-0.10"], "decimal")).toEqual(["decimal", "12.50", "-0.10"]);
  expect(await column(['{"a":[1,null]}', "5"], "json")).toEqual(["json", { a: [1, null] }, 5]);
});

test("CSV14 a later cell that doesn't fit is an error that says what to declare", async () => {
  const text = `zip,n\n${"1,1\n".repeat(10_000)}A12,1\n`;
  const vista = await csv(folder.write(text, "later.csv"));
  const error = await errorOf(vista.list());
  expect(error.code).toBe("invalid");
  expect(error.place).toMatchObject({ line: 10_002, column: "zip" });
  expect(error.message).toContain(
    'later.csv, line 10002, column "zip": the cell is no integer (sniffed from the first 10,000 rows); declare columns: { zip: "text" }',
  );
  expect((await csv(vista.source.path, { columns: { zip: "text" } }).then((v) => v.list())).size).toBe(
    10_001,
  );
});

test("CSV14 the declaration that is proposed takes the cell", async () => {
  const text = `a b,n\n${"1,1\n".repeat(10_000)}1.5,1\n`;
  const error = await errorOf(open(text).then((vista) => vista.list()));
  expect(error.message).toContain('declare columns: { "a b": "number" }');
  expect((await open(text, { columns: { "a b": "number" } }).then((vista) => vista.list())).size).toBe(
    10_001,
  );
});

test("CSV14 a declared type that a cell doesn't fit is named as declared", async () => {
  const cells: ["integer" | "number" | "boolean" | "date" | "decimal" | "json", string][] = [
    ["integer", "1.5"],
    ["number", "one"],
    ["boolean", "yes"],
    ["date", "28.2.2026"],
    ["date", "2026-02-28T10:00:00"],
    ["decimal", "1e5"],
    ["json", "{"],
  ];
  for (const [type, cell] of cells) {
    const error = await errorOf(column([cell], type));
    expect([error.code, error.place.line, error.place.column]).toEqual(["invalid", 2, "v"]);
    expect(error.message).toContain(`declared ${type}`);
  }
});

test("CSV15 an empty cell is null, quoted or not, in a column of any type", async () => {
  const vista = await open('t,n\n"",\nx,1\n');
  expect([...(await vista.list()).values()]).toEqual([
    { t: null, n: null },
    { t: "x", n: 1 },
  ]);
});

test("CSV15 other null tokens take the place of the empty cell", async () => {
  const vista = await open("t,n\nNA,\\N\n,1\n", { nullTokens: ["NA", "\\N"] });
  expect([...(await vista.list()).values()]).toEqual([
    { t: null, n: null },
    { t: "", n: 1 },
  ]);
  const error = await errorOf(
    open("n\n1\n\n", { columns: { n: "integer" }, nullTokens: [] }).then((v) => v.list()),
  );
  expect(error.place).toMatchObject({ line: 3, column: "n" });
  expect(error.message).toContain("nullTokens");
});

test("CSV15 null in a mandatory column is a bad row", async () => {
  const columns = { t: { type: "text", flags: ["mandatory"] } } as const;
  const error = await errorOf(open("t,n\nx,1\n,2\n", { columns }).then((vista) => vista.list()));
  expect([error.code, error.place.line, error.place.column]).toEqual(["invalid", 3, "t"]);
});
