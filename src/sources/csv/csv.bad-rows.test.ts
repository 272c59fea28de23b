import { expect, test } from "vitest";
import { errorOf, openCsvFolder, openInChunks, rowsOf } from "../../../test/csv/csv-folder.ts";
import type { Logger } from "../../base/index.ts";
import type { CsvOptions } from "./csv-options.ts";
import { csv } from "./csv.ts";

const folder = openCsvFolder();

interface Outcome {
  /** Line and column of the error. */
  readonly place: readonly [line: number | undefined, column: string | undefined];
  readonly message: string;
  /** Ids read, and line and column of what was left out, when bad rows are skipped. */
  readonly kept: readonly string[];
  readonly skipped: readonly (readonly [line: number, column: string | undefined])[];
}

/** What becomes of a file, the same for chunks of every size. */
async function outcomeOf(content: string | Uint8Array, options: CsvOptions = {}): Promise<Outcome> {
  const file = folder.write(content);
  const outcomes: Outcome[] = [];
  for (const chunkBytes of [1, 2, 3, 7, 65_536]) {
    const failing = openInChunks(file, options, chunkBytes).then((source) => rowsOf(source));
    const error = await errorOf(failing);
    expect([error.code, error.place.file]).toEqual(["invalid", file]);
    const source = await openInChunks(file, { ...options, onBadRow: "skip" }, chunkBytes);
    const rows = await rowsOf(source);
    const { skipped } = source.lastRead ?? { skipped: { count: -1, rows: [] } };
    expect(skipped.count).toBe(skipped.rows.length);
    expect(await source.count({ conditions: [], order: [], search: undefined })).toBe(rows.length);
    outcomes.push({
      place: [error.place.line, error.place.column],
      message: error.message,
      kept: rows.map(([id]) => id),
      skipped: skipped.rows.map(({ line, column }) => [line, column]),
    });
  }
  const [first] = outcomes;
  for (const outcome of outcomes) expect(outcome).toEqual(first);
  if (first === undefined) throw new Error("no outcome");
  return first;
}

const id = { id: "k" };

test("CSV21 CSV23 a row with too few cells names the first column that is missing", async () => {
  const { place, message, kept, skipped } = await outcomeOf("k,v,w\na,1,1\nb,2\nc,3,3\n", id);
  expect(place).toEqual([3, "w"]);
  expect(message).toContain("2 of 3 columns");
  expect([kept, skipped]).toEqual([["a", "c"], [[3, "w"]]]);
});

test("CSV21 CSV23 a row with too many cells", async () => {
  const { place, message, kept, skipped } = await outcomeOf("k,v\na,1\nb,2,3\nc,3\n", id);
  expect(place).toEqual([3, undefined]);
  expect(message).toContain("3 cells for 2 columns");
  expect([kept, skipped]).toEqual([["a", "c"], [[3, undefined]]]);
});

test("CSV21 CSV23 a quote that is never closed: the line where it opens, and its column", async () => {
  const { place, message, kept, skipped } = await outcomeOf('k,v\na,1\nb,"2\nc,3\nd,4\n', id);
  expect(place).toEqual([3, "v"]);
  expect(message).toContain("never closed");
  expect([kept, skipped]).toEqual([["a", "c", "d"], [[3, "v"]]]);
});

test("CSV21 CSV23 text after a closing quote", async () => {
  const { place, message, kept, skipped } = await outcomeOf('k,v,w\na,1,1\nb,"x"y,2\nc,"3 "" ",3\n', id);
  expect(place).toEqual([3, "v"]);
  expect(message).toContain("written twice");
  expect([kept, skipped]).toEqual([["a", "c"], [[3, "v"]]]);
});

test("CSV21 lines are those of the file, also after quoted line ends, blank lines and bad rows", async () => {
  const text = 'k,v\r\na,"1\r\n\r\n2"\r\n\r\nb\r\nc,"x\r\ny"\r\nd\r\n';
  const { place, skipped, kept } = await outcomeOf(text, id);
  expect(place).toEqual([6, "v"]);
  expect([kept, skipped]).toEqual([
    ["a", "c"],
    [
      [6, "v"],
      [9, "v"],
    ],
  ]);
});

test("CSV21 a return at the end of a quoted cell shifts no line behind it", async () => {
  const { place } = await outcomeOf('k,v\na,"\r"\nb,"\n"\nc\n', id);
  expect(place).toEqual([5, "v"]);
});

test("CSV21 CSV23 the first bad row of the file comes first, whatever is wrong with it", async () => {
  const { place, skipped } = await outcomeOf("k,v\na,x\nb\nc,3,3\na,4\n", {
    ...id,
    columns: { k: "text", v: "integer" },
  });
  expect(place).toEqual([2, "v"]);
  expect(skipped.map(([line]) => line)).toEqual([2, 3, 4]);
});

test("CSV21 CSV23 bytes that are no UTF-8", async () => {
  const bytes = Buffer.concat([
    Buffer.from("k,v,w\nä,1,1\nb,"),
    Buffer.from([0xe4]),
    Buffer.from(",2\nc,3,😀\nd,4,"),
    Buffer.from([0xf0, 0x9f, 0x98]),
    Buffer.from("\ne,5,5\nf,6,"),
    Buffer.from([0xe2, 0x82]),
  ]);
  const { place, message, kept, skipped } = await outcomeOf(bytes, id);
  expect(place).toEqual([3, "v"]);
  expect(message).toContain('"latin1"');
  expect(kept).toEqual(["ä", "c", "e"]);
  expect(skipped).toEqual([
    [3, "v"],
    [5, "w"],
    [7, "w"],
  ]);
});

test("CSV21 CSV23 halves of UTF-16 pairs, and a byte too many at the end", async () => {
  const half = Buffer.from([0x3d, 0xd8]);
  const utf16 = (text: string): Buffer => Buffer.from(text, "utf16le");
  const bytes = Buffer.concat([utf16("\uFEFFk,v\na,😀\nb,"), half, utf16("\nc,3\nd,4"), Buffer.from([0x20])]);
  const { place, kept, skipped } = await outcomeOf(bytes, id);
  expect(place).toEqual([3, "v"]);
  expect([kept, skipped]).toEqual([
    ["a", "c"],
    [
      [3, "v"],
      [5, "v"],
    ],
  ]);
});

test("CSV21 CSV23 a NUL, and a UTF-16 file without its mark", async () => {
  const { place, message, kept, skipped } = await outcomeOf("k,v\na,1\nb,x\0y\nc,3\n", id);
  expect(place).toEqual([3, "v"]);
  expect(message).toContain("utf-16le");
  expect([kept, skipped]).toEqual([["a", "c"], [[3, "v"]]]);
  const unmarked = await errorOf(csv(folder.write(Buffer.from("k,v\na,1\n", "utf16le"))));
  expect([unmarked.code, unmarked.place.line]).toEqual(["invalid", 1]);
});

test("CSV21 a replacement character of the file's own is no bad byte", async () => {
  const vista = await csv(folder.write("k,v\na,\uFFFD\n"));
  expect([...(await vista.list()).values()]).toEqual([{ k: "a", v: "\uFFFD" }]);
});

test("CSV21 a header that can't be read is an error, also when bad rows are skipped", async () => {
  for (const text of ['"k,v\na,1\n', '"k"x,v\na,1\n', "k\0,v\na,1\n"]) {
    const error = await errorOf(csv(folder.write(text), { onBadRow: "skip" }));
    expect([error.code, error.place.line]).toEqual(["invalid", 1]);
    expect(error.message).toContain("header");
  }
});

test("CSV22 CSV23 a row longer than maxRowBytes is found at its beginning, and left out up to its end", async () => {
  const options = { ...id, maxRowBytes: 20 };
  const long = "x".repeat(40);
  const { place, message, kept, skipped } = await outcomeOf(`k,v\na,1\nb,${long}\nc,3\n`, options);
  expect(place[0]).toBe(3);
  expect(message).toContain("longer than 20 bytes");
  expect([kept, skipped.map(([line]) => line)]).toEqual([["a", "c"], [3]]);
});

test("CSV22 bytes are those of UTF-8, and a row of just maxRowBytes is read", async () => {
  const limit = Buffer.byteLength("b,ää\n");
  const vista = await csv(folder.write("k,v\nb,ää\n"), { maxRowBytes: limit });
  expect((await vista.list()).size).toBe(1);
  const longer = await csv(folder.write("k,v\nb,äää\n"), { maxRowBytes: limit });
  const error = await errorOf(longer.list());
  expect(error.place.line).toBe(2);
});

test("CSV22 CSV23 an open quote does not swallow the file: it is given up at maxRowBytes", async () => {
  const tail = Array.from({ length: 100 }, (_, line) => `r${line},${line}\n`).join("");
  const { place, kept, skipped } = await outcomeOf(`k,v\na,1\nb,"2\n${tail}`, { ...id, maxRowBytes: 50 });
  expect(place).toEqual([3, "v"]);
  expect([kept.length, skipped]).toEqual([101, [[3, "v"]]]);
});

test("CSV23 only the first 100 are listed, all are counted, the logger and the progress know", async () => {
  const logged: [string, unknown][] = [];
  const logger: Logger = {
    error: () => undefined,
    info: (message, fields) => logged.push([message, fields]),
    debug: () => undefined,
  };
  const skips: number[] = [];
  const text = `a,b\n${"1\n".repeat(250)}1,2\n`;
  const vista = await csv(folder.write(text), {
    onBadRow: "skip",
    logger,
    onProgress: ({ skipped }) => skips.push(skipped),
  });
  expect([...(await vista.list()).keys()]).toEqual(["251"]);
  expect(vista.source.lastRead?.rows).toBe(1);
  expect(vista.source.lastRead?.skipped.count).toBe(250);
  expect(vista.source.lastRead?.skipped.rows).toHaveLength(100);
  expect(vista.source.lastRead?.skipped.rows[99]).toEqual({
    line: 101,
    column: "b",
    reason: "the row ends before it: 1 of 2 columns are there",
  });
  expect(skips.at(-1)).toBe(250);
  expect(logged).toHaveLength(1);
  expect(logged[0]?.[1]).toMatchObject({ skipped: 250, line: 2 });
});

test("CSV23 cells that don't fit and doubled ids are left out too, and count() leaves them out", async () => {
  const { kept, skipped } = await outcomeOf("k,v\na,1\nb,x\na,3\n,4\nc,5\n", {
    ...id,
    columns: { v: "integer" },
  });
  expect(kept).toEqual(["a", "c"]);
  expect(skipped).toEqual([
    [3, "v"],
    [4, "k"],
    [5, "k"],
  ]);
});

test("CSV24 no message quotes what a cell holds", async () => {
  const secret = "hunter2";
  const texts: [string, CsvOptions][] = [
    [`k,v\na,${secret}\n`, { columns: { v: "integer" } }],
    [`k,v\na,${secret}\n`, { columns: { v: "json" } }],
    [`k,v\n${secret},1\n${secret},2\n`, { id: "k" }],
    [`k,v\na,"${secret}\n`, {}],
    [`k,v\na,"${secret}"${secret}\n`, {}],
    [`k,v\n${secret}\n`, {}],
    [`k,v\n${secret},${secret},${secret}\n`, {}],
    [`k,v\n${secret},${secret}\0\n`, {}],
    [`k,v\n${secret},${"x".repeat(2_000)}\n`, { maxRowBytes: 1_000 }],
    [`k,v\n${secret.repeat(200)},1\n`, { id: "k" }],
  ];
  for (const [text, options] of texts) {
    const error = await errorOf(csv(folder.write(text), options).then((vista) => vista.list()));
    expect(`${error.message} ${JSON.stringify(error.place)}`).not.toContain(secret);
    expect(error.cause).toBeUndefined();
  }
});
