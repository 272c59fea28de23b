import { expect, test } from "vitest";
import fc from "fast-check";
import { RecordingTerminal, type RecordingOptions } from "../../test/cli/recording-terminal.ts";
import { runs } from "../../test/properties/runs.ts";
import type { Row } from "../record/index.ts";
import { Frame } from "./frame.ts";
import { printRows, type PrintedRows } from "./print-rows.ts";
import { safeText } from "./safe-text.ts";
import { cutTo, widthOf } from "./text-width.ts";

async function printed(
  rows: Iterable<Row>,
  how: Omit<PrintedRows, "rows">,
  options: RecordingOptions = {},
): Promise<{ out: string; err: string; count: number }> {
  const terminal = new RecordingTerminal(options);
  const frame = new Frame(terminal, () => ({ json: false, quiet: false }));
  const count = await printRows(frame, { rows, ...how });
  return { out: terminal.out, err: terminal.err, count };
}

const own = (key: string, value: number): Row => JSON.parse(`{${JSON.stringify(key)}:${value}}`);

test("CLI10 a table is as wide as its cells, numbers on the right, null told from absent", async () => {
  const rows = [
    { name: "green tea", price: 3.5, note: null },
    { name: "古い茶", price: 12, note: "a" },
    { name: "x", price: 1 },
  ];
  const { out, count } = await printed(rows, { format: "table" });
  expect(count).toBe(3);
  expect(out).toBe(
    "name       price  note\n" +
      "─────────  ─────  ────\n" +
      "green tea    3.5  null\n" +
      "古い茶        12  a\n" +
      "x              1\n",
  );
});

test("CLI10 on a terminal the widest columns give way, and what has no room is named", async () => {
  const row = {
    id: "a1",
    title: "a rather long title of a thing",
    text: "another long text, longer than that",
  };
  const cut = await printed([row], { format: "table" }, { isTerminal: true, width: 40 });
  const lines = cut.out.trimEnd().split("\n");
  expect(Math.max(...lines.map(widthOf))).toBeLessThanOrEqual(40);
  expect(lines[2]).toBe("a1  a rather long ti…  another long tex…");
  expect(cut.err).toBe("");

  const wide = Object.fromEntries(Array.from({ length: 9 }, (_, at) => [`column_${at}`, "0123456789"]));
  const many = await printed([wide], { format: "table" }, { isTerminal: true, width: 40 });
  expect(many.err).toBe(
    "no room for: column_4, column_5, column_6, column_7, column_8 (--columns chooses, a wider terminal shows more)\n",
  );
  const piped = await printed([wide], { format: "table" }, { width: 40 });
  expect(piped.out).toContain("column_8");
  expect(piped.out).not.toContain("…");
});

test("CLI10 however wide its cells are, a table fits the terminal (property)", async () => {
  const text = fc.string({ unit: "grapheme", maxLength: 60 });
  const rows = fc.array(fc.record({ a: text, b: text, ccc: fc.integer() }), { minLength: 1, maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(rows, fc.integer({ min: 12, max: 120 }), async (given, width) => {
      const { out } = await printed(given, { format: "table" }, { isTerminal: true, width });
      for (const line of out.split("\n")) expect(widthOf(line)).toBeLessThanOrEqual(width);
    }),
    runs(100),
  );
});

test("CLI10 a cut text is as wide as asked at most, and what fits is not cut (property)", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), fc.integer({ min: 1, max: 40 }), (text, width) => {
      const safe = safeText(text);
      const cut = cutTo(safe, width);
      expect(widthOf(cut)).toBeLessThanOrEqual(width);
      if (cut !== safe) expect(widthOf(safe)).toBeGreaterThan(width);
    }),
    runs(300),
  );
});

test("CLI9 CLI10 cells and column names are escaped in a table", async () => {
  const { out } = await printed([{ "na\u001bme": "a\u001b[2J\nb" }], { format: "table" });
  expect(out).toBe(
    "na\\eme\n──────────\na\\e[2J\\nb\n".replace("──────────", "─".repeat("a\\e[2J\\nb".length)),
  );
});

test("CLI9 CLI10 CLI13 names of columns are escaped in notes, and not all of a thousand are named", async () => {
  const row = Object.fromEntries(Array.from({ length: 60 }, (_, at) => [`c\u001b${at}`, "0123456789"]));
  const cut = await printed([row], { format: "table" }, { isTerminal: true, width: 20 });
  expect(cut.err).toMatch(/^no room for: c\\e2, c\\e3, .*, c\\e21 and 38 more \(--columns/);
  const late = Array.from({ length: 1_001 }, (_, at): Row =>
    at < 1_000 ? { a: 1 } : { a: 1, "b\u0007": 1 },
  );
  expect((await printed(late, { format: "csv" })).err).toContain("has them: b\\x07 (");
});

test("CLI11 JSON is exact", async () => {
  const row: Row = {
    big: 9007199254740993n,
    small: 5n,
    minus: -0,
    nan: Number.NaN,
    far: Number.NEGATIVE_INFINITY,
    at: new Date("2026-05-31T08:00:00.250Z"),
    bytes: new Uint8Array([1, 2, 255]),
    deep: [{ a: null, b: [-0, 1e21] }],
    text: 'a "quoted"\n',
  };
  const line =
    '{"big":"9007199254740993","small":5,"minus":-0,"nan":"NaN","far":"-Infinity","at":"2026-05-31T08:00:00.250Z",' +
    '"bytes":"AQL/","deep":[{"a":null,"b":[-0,1e+21]}],"text":"a \\"quoted\\"\\n"}';
  expect((await printed([row], { format: "ndjson" })).out).toBe(`${line}\n`);
  expect((await printed([row, { a: 1 }], { format: "json" })).out).toBe(`[\n${line},\n{"a":1}\n]\n`);
  expect((await printed([], { format: "json" })).out).toBe("[]\n");
});

test("CLI11 columns keep their order, absent ones are absent, __proto__ is a name like any other", async () => {
  const { out } = await printed([{ b: 1, a: null }, own("__proto__", 7)], {
    format: "ndjson",
    columns: ["a", "b", "__proto__", "toString"],
  });
  expect(out).toBe('{"a":null,"b":1}\n{"__proto__":7}\n');
});

test("CLI11 what is printed as JSON is JSON again (property)", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.dictionary(fc.string(), fc.jsonValue()), { maxLength: 5 }),
      async (given) => {
        const rows: Row[] = given.map((row) => JSON.parse(JSON.stringify(row)) as Row);
        const { out } = await printed(rows, { format: "json" });
        expect(JSON.stringify(JSON.parse(out))).toBe(JSON.stringify(rows));
      },
    ),
    runs(100),
  );
});

test("CLI12 CSV tells null from empty text, quotes what has to be, guards what a spreadsheet would compute", async () => {
  const rows: Row[] = [
    { a: null, b: "", c: "x,y", d: 'say "hi"' },
    { a: "=1+1", b: "-2+3", c: "@sum", d: "\tx" },
    { a: -5, b: "-5.25", c: "+1e3", d: "＝1" },
    { a: 5n, b: true, c: new Date(0), d: { x: [1] } },
  ];
  const columns = ["a", "b", "c", "d"];
  expect((await printed(rows, { format: "csv", columns })).out).toBe(
    'a,b,c,d\n,"","x,y","say ""hi"""\n' +
      `"'=1+1","'-2+3","'@sum","'\tx"\n` +
      `-5,-5.25,+1e3,"'＝1"\n` +
      '5,true,1970-01-01T00:00:00.000Z,"{""x"":[1]}"\n',
  );
  const raw = await printed([{ "=a": "=1+1" }], { format: "csv", isRaw: true });
  expect(raw.out).toBe("=a\n=1+1\n");
  expect((await printed([{ "=a": 1 }], { format: "csv" })).out).toBe(`"'=a"\n1\n`);
});

test("CLI13 an unnamed column is one of the first 1,000 rows; what only later rows have is noted", async () => {
  const rows = Array.from({ length: 1_001 }, (_, at): Row => (at < 1_000 ? { a: at } : { a: at, late: 1 }));
  const { out, err, count } = await printed(rows, { format: "csv" });
  expect(count).toBe(1_001);
  expect(out.split("\n")[0]).toBe("a");
  expect(err).toBe("left out, since no early row has them: late (--columns names them)\n");
});
