import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { errorOf, openCsvFolder } from "../../../test/csv/csv-folder.ts";
import type { Value } from "../../record/index.ts";
import type { CsvOptions } from "./csv-options.ts";
import { csv } from "./csv.ts";

const folder = openCsvFolder();

/** The values of each row of a file. */
async function valuesOf(content: string | Uint8Array, options: CsvOptions = {}): Promise<Value[][]> {
  const vista = await csv(folder.write(content), options);
  return [...(await vista.list()).values()].map((row) => Object.values(row));
}

test("CSV17 the delimiter is the one that divides the first rows evenly", async () => {
  for (const mark of [",", ";", "\t", "|"]) {
    expect(await valuesOf(`a${mark}b\n1${mark}x\n`)).toEqual([[1, "x"]]);
  }
  expect(await valuesOf("name;price\nTart, lemon;1,50\nCake;2,75\n")).toEqual([
    ["Tart, lemon", "1,50"],
    ["Cake", "2,75"],
  ]);
  expect(await valuesOf('a,b\n"x;y;z",1\n"x;y;z",2\n')).toEqual([
    ["x;y;z", 1],
    ["x;y;z", 2],
  ]);
  expect(await valuesOf('a|b\n"x,y\n,z"|1\n')).toEqual([["x,y\n,z", 1]]);
});

test("CSV17 a file of one column is divided by nothing", async () => {
  expect(await valuesOf("a\nx y\nz\n")).toEqual([["x y"], ["z"]]);
});

test("CSV17 delimiter and quote can be given", async () => {
  expect(await valuesOf("a^b\n'x^y'^'it''s'\n", { delimiter: "^", quote: "'" })).toEqual([["x^y", "it's"]]);
  expect(await valuesOf("a,b;c\n1,2;3\n", { delimiter: ";" })).toEqual([["1,2", 3]]);
  expect(await valuesOf('a b\nx "y z"\n', { delimiter: " " })).toEqual([["x", "y z"]]);
});

test("CSV17 with quote: false a quote is a character like others", async () => {
  expect(await valuesOf('a\tb\n"x\t5"\n', { quote: false })).toEqual([['"x', '5"']]);
});

test("CSV17 a quote inside of an unquoted cell is data", async () => {
  expect(await valuesOf('a,b\n5" pipe,6"x\n')).toEqual([['5" pipe', '6"x']]);
  expect(await valuesOf('a,b\nx"y,"z"\n')).toEqual([['x"y', "z"]]);
});

test("CSV17 spaces may stand between a closing quote and what follows", async () => {
  expect(await valuesOf('a,b\n"x" ,"y"\t \n"z"  ,"w"')).toEqual([
    ["x", "y"],
    ["z", "w"],
  ]);
});

test("CSV18 lines end with LF, CRLF, both, or all with CR", async () => {
  const rows = [
    [1, "x"],
    [2, "y"],
  ];
  expect(await valuesOf("a,b\n1,x\n2,y\n")).toEqual(rows);
  expect(await valuesOf("a,b\r\n1,x\r\n2,y\r\n")).toEqual(rows);
  expect(await valuesOf("a,b\r\n1,x\n2,y\r\n")).toEqual(rows);
  expect(await valuesOf("a,b\n1,x\r\n2,y\n")).toEqual(rows);
  expect(await valuesOf("a,b\r1,x\r2,y\r")).toEqual(rows);
  expect(await valuesOf('a,b\r1,"x"\r2,"y"')).toEqual(rows);
});

test("CSV18 the last line needs no end", async () => {
  expect(await valuesOf("a,b\n1,x")).toEqual([[1, "x"]]);
  expect(await valuesOf('a,b\r\n1,"x"\r')).toEqual([[1, "x"]]);
  expect(await valuesOf("a,b")).toEqual([]);
});

test("CSV18 line ends within quotes are data, kept as they are", async () => {
  const cells = ["x\ny", "x\r\ny", "x\ry", "\n", "x\r", "\r", 'x"\r', "x\r\n", "\r\r", '"\r"\r'];
  const lines = cells.map((cell) => `1,"${cell.replaceAll('"', '""')}"`);
  for (const newline of ["\n", "\r\n"]) {
    const found = await valuesOf(["a,b", ...lines, ""].join(newline));
    expect(found.map(([, cell]) => cell)).toEqual(cells);
  }
  const found = await valuesOf(["a,b", '1,"x\ny"', '2,"x\r\ny"', '3,"x\r"', ""].join("\r"));
  expect(found.map(([, cell]) => cell)).toEqual(["x\ny", "x\r\ny", "x\r"]);
});

test("CSV18 blank lines are no rows, unless there is only one column", async () => {
  expect(await valuesOf("\na,b\n\n1,2\n\r\n\n3,4\n\n")).toEqual([
    [1, 2],
    [3, 4],
  ]);
  expect(await valuesOf("a\n1\n\n2\n")).toEqual([[1], [null], [2]]);
});

test("CSV19 a byte order mark tells the encoding and is not data", async () => {
  const text = "größe,b\n1,€😀\n";
  const rows = [[1, "€😀"]];
  const utf16 = Buffer.from(`\uFEFF${text}`, "utf16le");
  expect(await valuesOf(text)).toEqual(rows);
  expect(await valuesOf(`\uFEFF${text}`)).toEqual(rows);
  expect(await valuesOf(utf16)).toEqual(rows);
  expect(await valuesOf(Buffer.from(utf16).swap16())).toEqual(rows);
  const vista = await csv(folder.write(utf16));
  expect(vista.schema.columns.map(({ name }) => name)).toEqual(["größe", "b"]);
});

test("CSV19 a byte order mark is dropped once: further ones are data", async () => {
  expect(await valuesOf("\uFEFFa,b\n\uFEFFx,1\n")).toEqual([["\uFEFFx", 1]]);
});

test("CSV19 encoding says how to read a file without a mark", async () => {
  const text = "a,b\nÄÖ,ü\n";
  const rows = [["ÄÖ", "ü"]];
  const little = Buffer.from(text, "utf16le");
  expect(await valuesOf(little, { encoding: "utf-16le" })).toEqual(rows);
  expect(await valuesOf(Buffer.from(little).swap16(), { encoding: "utf-16be" })).toEqual(rows);
  expect(await valuesOf(Buffer.from(text, "latin1"), { encoding: "latin1" })).toEqual(rows);
  expect(await valuesOf(Buffer.from(text, "utf8"), { encoding: "utf-8" })).toEqual(rows);
  const euro = Buffer.from([0x61, 0x2c, 0x62, 0x0a, 0x80, 0x2c, 0xfc, 0x0a]);
  expect(await valuesOf(euro, { encoding: "windows-1252" })).toEqual([["€", "ü"]]);
  expect(await valuesOf(euro, { encoding: "latin1" })).toEqual([["\u0080", "ü"]]);
});

test("CSV19 every byte of windows-1252 is what the Encoding standard says", async () => {
  const own =
    "20ac 81 201a 192 201e 2026 2020 2021 2c6 2030 160 2039 152 8d 17d 8f " +
    "90 2018 2019 201c 201d 2022 2013 2014 2dc 2122 161 203a 153 9d 17e 178";
  const expected = own
    .split(" ")
    .map((point) => String.fromCodePoint(Number.parseInt(point, 16)))
    .concat(Array.from({ length: 96 }, (_, n) => String.fromCodePoint(0xa0 + n)));
  const cell = Array.from({ length: 128 }, (_, n) => 0x80 + n);
  // Within x: a space that breaks no line is trimmed like any other.
  const file = Buffer.from([0x61, 0x2c, 0x62, 0x0a, 0x78, ...cell, 0x78, 0x2c, 0x31, 0x0a]);
  expect(await valuesOf(file, { encoding: "windows-1252" })).toEqual([[`x${expected.join("")}x`, 1]]);
});

test("CSV20 a gzipped file is told by its first bytes, or by gzip", async () => {
  const packed = gzipSync("a,b\n1,x\n");
  expect(await valuesOf(packed)).toEqual([[1, "x"]]);
  expect(await valuesOf(packed, { gzip: true })).toEqual([[1, "x"]]);
  expect(await valuesOf(Buffer.concat([packed, gzipSync("2,y\n")]))).toEqual([
    [1, "x"],
    [2, "y"],
  ]);
  expect(await valuesOf(gzipSync(Buffer.from("\uFEFFa,b\n1,x\n", "utf16le")))).toEqual([[1, "x"]]);
});

test("CSV20 damaged or cut-off gzip data is corrupt", async () => {
  const text = Array.from({ length: 20_000 }, (_, line) => `${line},${(line * 7919) % 10_007}\n`).join("");
  const packed = gzipSync(`a,b\n${text}`);
  const cut = await errorOf(valuesOf(packed.subarray(0, packed.length - 20)));
  expect([cut.code, cut.message]).toEqual(["corrupt", expect.stringContaining("gzip")]);
  // The text is whole, its checksum at the end is not.
  const damaged = Buffer.from(packed);
  damaged.fill(0xff, packed.length - 8, packed.length - 4);
  expect((await errorOf(valuesOf(damaged))).code).toBe("corrupt");
  expect((await errorOf(valuesOf("a,b\n1,2\n", { gzip: true }))).code).toBe("corrupt");
});
