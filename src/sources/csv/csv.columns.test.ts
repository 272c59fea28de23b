import { expect, test } from "vitest";
import { errorOf, openCsvFolder, rowsOf } from "../../../test/csv/csv-folder.ts";
import type { CsvOptions } from "./csv-options.ts";
import { csv } from "./csv.ts";

const folder = openCsvFolder();
const open = (text: string, options: CsvOptions = {}) => csv(folder.write(text), options);
const names = async (text: string, options: CsvOptions = {}): Promise<string[]> =>
  (await open(text, options)).schema.columns.map((column) => column.name);

test("CSV6 the first row that is not blank names the columns, in their order", async () => {
  expect(await names("\n\r\nb,a,c\n1,2,3\n")).toEqual(["b", "a", "c"]);
  expect(await names('"a b","c,d","e""f"\n1,2,3\n')).toEqual(["a b", "c,d", 'e"f']);
});

test("CSV6 a file with a header alone has no rows, and all its columns are text", async () => {
  const vista = await open("a,b\n");
  expect(vista.schema.columns.map(({ type }) => type)).toEqual(["text", "text"]);
  expect((await vista.list()).size).toBe(0);
  expect(await vista.count()).toBe(0);
});

test("CSV6 an empty name becomes column_N by its place", async () => {
  const vista = await open(",a,\n1,2,3\n");
  expect([...(await vista.list()).values()]).toEqual([{ column_1: 1, a: 2, column_3: 3 }]);
});

test("CSV6 two columns of one name are invalid and both places are named, also when one was empty", async () => {
  const twice = await errorOf(open("a,b,a\n1,2,3\n"));
  expect(twice.code).toBe("invalid");
  expect(twice.message).toContain('columns 1 and 3 are both named "a"');
  expect(twice.message).toContain("replaceHeader: true");
  expect(twice.place.line).toBe(1);
  const clash = await errorOf(open("column_2,\n1,2\n"));
  expect(clash.message).toContain('columns 1 and 2 are both named "column_2"');
});

test("CSV6 an empty file has no header row, whatever it consists of", async () => {
  for (const text of ["", "\n\n", "\uFEFF"]) {
    const error = await errorOf(open(text));
    expect([error.code, error.message]).toEqual(["invalid", expect.stringContaining("give headers")]);
  }
});

test("CSV7 with headers the first row is data", async () => {
  const vista = await open("1,x\n2,y\n", { headers: ["n", "t"], id: "n" });
  expect([...(await vista.list())]).toEqual([
    ["1", { n: 1, t: "x" }],
    ["2", { n: 2, t: "y" }],
  ]);
  const none = await open("", { headers: ["n"] });
  expect((await none.list()).size).toBe(0);
});

test("CSV7 with replaceHeader the header row is there, but the names are the given ones", async () => {
  const vista = await open("a,a\n1,2\n", { headers: ["x", "y"], replaceHeader: true });
  expect([...(await vista.list()).values()]).toEqual([{ x: 1, y: 2 }]);
  const wrong = await errorOf(open("a,b\n1,2\n", { headers: ["x"], replaceHeader: true }));
  expect([wrong.code, wrong.message]).toEqual([
    "invalid",
    expect.stringContaining("headers names 1 columns, the header row has 2"),
  ]);
});

test("CSV8 the id is the text of its column, which the schema names", async () => {
  const vista = await open("n,when,big\n5,2026-01-02,9007199254740993\n", { id: "n" });
  expect(vista.idColumn).toBe("n");
  expect([...(await vista.list()).keys()]).toEqual(["5"]);
  expect([...(await open("d\n2026-01-02\n", { id: "d" }).then((v) => v.list())).keys()]).toEqual([
    "2026-01-02T00:00:00.000Z",
  ]);
  expect([...(await open("n\n9007199254740993\n", { id: "n" }).then((v) => v.list())).keys()]).toEqual([
    "9007199254740993",
  ]);
});

test("CSV8 several columns make one id, and the schema names none", async () => {
  const vista = await open("a,b,c\nx,1,0\nx,2,0\nx|1,2,0\n", { id: ["a", "b"] });
  expect(vista.idColumn).toBeUndefined();
  expect([...(await vista.list()).keys()]).toEqual(["x|1", "x|2", "x\\|1|2"]);
});

test("CSV8 without id, rows are numbered from 1; bad rows count and blank lines don't", async () => {
  const vista = await open("a,b\n1,2\n\n1,2,3\n3,4\n", { onBadRow: "skip" });
  expect([...(await vista.list())]).toEqual([
    ["1", { a: 1, b: 2 }],
    ["3", { a: 3, b: 4 }],
  ]);
});

test("CSV9 a row with the id of an earlier one is bad; both lines are named", async () => {
  const vista = await open("k,v\na,1\nb,2\na,3\n", { id: "k" });
  const error = await errorOf(vista.list());
  expect(error.code).toBe("invalid");
  expect(error.place).toMatchObject({ line: 4, column: "k" });
  expect(error.message).toContain("line 2");
});

test("CSV9 ids of several columns are compared as a whole", async () => {
  const vista = await open("a,b\nx,1\nx,2\nx,1\n", { id: ["a", "b"] });
  const error = await errorOf(vista.list());
  expect(error.place).toMatchObject({ line: 4, column: "a, b" });
});

test("CSV9 a null id and one that is too long are bad", async () => {
  const gap = await errorOf(open("k,v\na,1\n,2\n", { id: "k" }).then((vista) => vista.list()));
  expect(gap.place).toMatchObject({ line: 3, column: "k" });
  const long = `k,v\n${"x".repeat(1_025)},2\n`;
  const tooLong = await errorOf(open(long, { id: "k" }).then((vista) => vista.list()));
  expect(tooLong.place).toMatchObject({ line: 2, column: "k" });
  const parts = `a,b\n${"x".repeat(600)},${"y".repeat(600)}\n`;
  const together = await errorOf(open(parts, { id: ["a", "b"] }).then((vista) => vista.list()));
  expect(together.place).toMatchObject({ line: 2, column: "a, b" });
  expect((await open(`k\n${"ä".repeat(512)}\n`, { id: "k" }).then((vista) => vista.list())).size).toBe(1);
});

test("CSV10 __proto__, constructor and toString are columns like others", async () => {
  const vista = await open("__proto__,constructor,toString\n1,2,3\n", { id: "__proto__" });
  const [row] = (await vista.list()).values();
  expect(Object.entries(row ?? {})).toEqual([
    ["__proto__", 1],
    ["constructor", 2],
    ["toString", 3],
  ]);
  expect(Object.getPrototypeOf(row)).toBe(Object.prototype);
});

test("CSV16 trim takes white space off names and cells, before they are looked at", async () => {
  const text = " k , v\n a , 1 \n b ,   \n";
  const vista = await open(text, { trim: true, id: "k" });
  expect([...(await vista.list())]).toEqual([
    ["a", { k: "a", v: 1 }],
    ["b", { k: "b", v: null }],
  ]);
  const untouched = await open(text);
  expect([...(await untouched.list()).values()][0]).toEqual({ " k ": " a ", " v": " 1 " });
});

test("CSV16 trimming a quoted line end does not shift the lines that messages name", async () => {
  const source = (await open('a,b\n"x\n",1\ny\n', { trim: true, onBadRow: "skip" })).source;
  expect(await rowsOf(source)).toEqual([["1", { a: "x", b: 1 }]]);
  expect(source.lastRead?.skipped.rows.map(({ line }) => line)).toEqual([4]);
});
