import { readdirSync, statSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { Lens } from "../../src/lens/index.ts";
import { openCliFolder, runInTerminal, type RecordingOptions } from "./recording-terminal.ts";

const data = (name: string): string =>
  fileURLToPath(new URL(`../../node_modules/vega-datasets/data/${name}`, import.meta.url));
const airports = data("airports.csv");

const folder = openCliFolder();
const teas = folder.write(
  "teas.csv",
  "sku,name,price,sold,since\n" +
    "t1,Green tea,3.5,true,2024-01-05\n" +
    't2,"Black, strong",4,false,2023-06-01\n' +
    "t3,=cmd(),,true,\n" +
    "t4,古い茶,12.25,false,2022-12-31\n",
);
let caches = 0;
const newCache = (): string => join(folder.path, `cache-${++caches}`);

const run = (...argv: string[]) => runInTerminal(argv);
const onTerminal = (argv: readonly string[], more: RecordingOptions = {}) =>
  runInTerminal(argv, { isTerminal: true, ...more });

describe("query", () => {
  test("CLI14 CLI15 in a pipe, every row as a table, with ids in front where no column holds them", async () => {
    const { code, out, err } = await run("query", teas);
    expect([code, err]).toEqual([0, ""]);
    expect(out).toBe(
      "#  sku  name           price  sold   since\n" +
        "─  ───  ─────────────  ─────  ─────  ──────────\n" +
        "1  t1   Green tea        3.5  true   2024-01-05\n" +
        "2  t2   Black, strong      4  false  2023-06-01\n" +
        "3  t3   =cmd()          null  true   null\n" +
        "4  t4   古い茶         12.25  false  2022-12-31\n",
    );
  });

  test("CLI14 with --id the column is the id, and --ids shows it in every format", async () => {
    expect((await run("query", teas, "--id", "sku", "--columns", "name", "--limit", "1")).out).toBe(
      "name\n─────────\nGreen tea\n",
    );
    const { out } = await run(
      "query",
      teas,
      "--id",
      "sku",
      "--columns",
      "price",
      "--limit",
      "1",
      "--ids",
      "--json",
    );
    expect(out).toBe('[\n{"#":"t1","price":3.5}\n]\n');
  });

  test("CLI11 CLI12 CLI13 the other formats, and which columns in which order", async () => {
    const pick = ["--columns", "price,name", "--where", "sold = true"];
    expect((await run("query", teas, ...pick, "--format", "ndjson")).out).toBe(
      '{"price":3.5,"name":"Green tea"}\n{"price":null,"name":"=cmd()"}\n',
    );
    expect((await run("query", teas, ...pick, "--json")).out).toBe(
      '[\n{"price":3.5,"name":"Green tea"},\n{"price":null,"name":"=cmd()"}\n]\n',
    );
    expect((await run("query", teas, ...pick, "--format", "csv")).out).toBe(
      `price,name\n3.5,Green tea\n,"'=cmd()"\n`,
    );
    expect((await run("query", teas, ...pick, "--format", "csv", "--raw")).out).toBe(
      "price,name\n3.5,Green tea\n,=cmd()\n",
    );
  });

  test("CLI13 CLI16 CLI20 a dotted path leads into a column, in --columns, --where and --order", async () => {
    const nested = folder.write(
      "nested.csv",
      'id,of\na,"{""x"":{""y"":2}}"\nb,"{""x"":{""y"":1}}"\nc,"{}"\n',
    );
    const argv = ["query", nested, "--type", "of:json", "--columns", "id,of.x.y"];
    expect((await run(...argv, "--order", "of.x.y", "--json")).out).toBe(
      '[\n{"id":"b","of.x.y":1},\n{"id":"a","of.x.y":2},\n{"id":"c"}\n]\n',
    );
    expect((await run(...argv, "--where", "of.x.y > 1", "--format", "csv")).out).toBe("id,of.x.y\na,2\n");
  });

  test("CLI16 CLI20 conditions, order and search", async () => {
    const names = async (...argv: string[]): Promise<string[]> => {
      const { out, err } = await run("query", teas, "--columns", "sku", "--format", "csv", ...argv);
      expect(err).toBe("");
      return out.trimEnd().split("\n").slice(1);
    };
    expect(await names("--where", "price > 3.5", "--where", "since < 2023-01-01")).toEqual(["t4"]);
    expect(await names("--order", "price:desc")).toEqual(["t4", "t2", "t1", "t3"]);
    expect(await names("--order", "price:desc:nulls-first")).toEqual(["t3", "t4", "t2", "t1"]);
    expect(await names("--order", "sold:desc", "--order", "price")).toEqual(["t1", "t3", "t2", "t4"]);
    expect(await names("--search", "BLACK")).toEqual(["t2"]);
    expect(await names("--search", "")).toHaveLength(4);
  });

  test("CLI15 a table on a terminal is the first 50 rows and ends with a note; --page goes on", async () => {
    const first = await onTerminal(["query", airports, "--columns", "iata,state"]);
    expect(first.out.trimEnd().split("\n")).toHaveLength(52);
    expect(first.err).toMatch(/rows 1–50 of 3376, from the source, \d+ ms; --page shows more\n$/);
    const third = await onTerminal([
      "query",
      airports,
      "--page",
      "34",
      "--page-size",
      "100",
      "--columns",
      "iata",
    ]);
    expect(third.out.trimEnd().split("\n")).toHaveLength(78);
    expect(third.err).toMatch(/rows 3301–3376 of 3376, from the source, \d+ ms\n$/);
    const past = await onTerminal(["query", airports, "--page", "100"]);
    expect(past.err).toMatch(/no rows of 3376/);
    const piped = await run(
      "query",
      airports,
      "--page",
      "2",
      "--page-size",
      "2",
      "--format",
      "csv",
      "--columns",
      "iata",
    );
    expect([piped.out, piped.err]).toEqual(["iata\n00V\n01G\n", ""]);
  });

  test("CLI15 every row elsewhere, --limit cuts", async () => {
    expect((await run("query", airports, "--format", "ndjson")).out.trimEnd().split("\n")).toHaveLength(3376);
    expect(
      (await run("query", airports, "--limit", "7", "--format", "ndjson")).out.trimEnd().split("\n"),
    ).toHaveLength(7);
    const all = await onTerminal(["query", airports, "--format", "ndjson"]);
    expect(all.out.trimEnd().split("\n")).toHaveLength(3376);
  });

  test("CLI17 --type says what a column is", async () => {
    const { out } = await run(
      "query",
      teas,
      "--type",
      "price:decimal",
      "--where",
      "price = 12.25",
      "--columns",
      "price",
      "--json",
    );
    expect(out).toBe('[\n{"price":"12.25"}\n]\n');
  });
});

describe("files", () => {
  test("CLI21 tab-separated and gzipped files are CSV too, wherever the working folder is", async () => {
    folder.write("a.tsv", "id\ttext\n1\tx, y\n");
    writeFileSync(join(folder.path, "B.CSV.GZ"), gzipSync("id;text\n1;z\n"));
    const there = { folder: folder.path };
    const asked = ["--columns", "text", "--format", "ndjson"];
    expect((await runInTerminal(["query", "a.tsv", ...asked], there)).out).toBe('{"text":"x, y"}\n');
    expect((await runInTerminal(["query", "./B.CSV.GZ", ...asked], there)).out).toBe('{"text":"z"}\n');
    const cut = await runInTerminal(["query", "a.tsv", "--delimiter", ",", "--format", "ndjson"], there);
    expect(cut.code).toBe(1);
    const tab = await runInTerminal(["query", "a.tsv", "--delimiter", "\\t", ...asked], there);
    expect(tab.out).toBe('{"text":"x, y"}\n');
  });
});

describe("get and count", () => {
  test("CLI27 get prints one row: a line for each column, an object, or CSV; it ends with 3 where there is none", async () => {
    expect((await run("get", teas, "t3", "--id", "sku")).out).toBe(
      "sku    t3\nname   =cmd()\nprice  null\nsold   true\nsince  null\n",
    );
    expect((await run("get", teas, "t4", "--id", "sku", "--columns", "name,sku", "--json")).out).toBe(
      '{"name":"古い茶","sku":"t4"}\n',
    );
    expect((await run("get", teas, "2", "--columns", "sku", "--format", "csv")).out).toBe("sku\nt2\n");
    const none = await run("get", teas, "t\u001b9", "--id", "sku");
    expect(none).toEqual({ code: 3, out: "", err: `diorama: ${teas} has no row "t\\u001b9"\n` });
    const asJson = await run("get", teas, "9", "--json");
    expect(asJson.code).toBe(3);
    expect(JSON.parse(asJson.err)).toMatchObject({
      error: { code: "notFound", place: { vista: "teas", id: "9" } },
    });
  });

  test("CLI27 count prints a number", async () => {
    expect((await run("count", teas)).out).toBe("4\n");
    expect((await run("count", airports, "--where", "state in (TX, OK)", "--search", "muni")).out).toMatch(
      /^\d+\n$/,
    );
    expect((await run("count", teas, "--where", "price is null", "--json")).out).toBe('{"count":1}\n');
  });
});

describe("wrong usage", () => {
  test.each([
    [["qurey", "x.csv"], "unknown command 'qurey' (Did you mean query?)"],
    [["query", "x.csv", "--ordre", "a"], "unknown option '--ordre' (Did you mean --order?)"],
    [["query"], "missing required argument 'source'"],
    [["query", "x.csv", "--format", "yaml"], "Allowed choices are table, json, ndjson, csv."],
    [["query", "x.csv", "--limit", "0"], "Give a whole number from 1 on."],
    [["query", "x.csv", "--page", "-1"], "Give a whole number from 1 on."],
    [["query", "x.csv", "--page", "1", "--limit", "2"], "--limit and --page don't go together"],
    [["query", "x.csv", "--page-size", "2"], "--page-size goes with --page"],
    [["query", "x.csv", "--type", "price:numbr"], "Did you mean number?"],
    [["query", "x.csv", "--fresh-for", "soon"], "Give a duration such as"],
    [["query", "x.csv", "--source-options", "no-such.json"], "--source-options no-such.json:"],
    [["query", teas, "--where", "prise > 1"], `no column "prise"; did you mean "price"?`],
    [["query", teas, "--order", "prise"], `no column "prise"; did you mean "price"?`],
    [["query", teas, "--order", "price:dsc"], `"dsc" is none of asc, desc, nulls-first, nulls-last`],
    [["query", teas, "--columns", "name,prise"], `no column "prise"; did you mean "price"?`],
    [["get", teas, ""], "ID is empty"],
    [["count", teas, "--cache", ""], "--cache is empty"],
    [["query", "teas.txt"], "teas.txt doesn't say what it is"],
    [["query", ""], "SOURCE is empty"],
    [["query", "ftp://example.com/x.csv"], "a scheme that nothing here speaks"],
    [["query", "live:live:x.csv"], "live:live: is one too many"],
    [["watch", teas, "--every", "1ms"], "--every is at least 100ms"],
    [["query", teas, "--id", "prise"], 'there is no column "prise"; did you mean "price"?'],
    [["query", teas, "--type", "prise:number"], 'there is no column "prise"; did you mean "price"?'],
    [["query", teas, "--rest-preset", "json-server"], "--rest-preset is for APIs; this is a CSV file"],
    [["query", "live:x.csv", "--rows-at", "a", "--header", "a: b"], "--rows-at is for APIs"],
    [["query", "https://example.com/x", "--delimiter", ";"], "--delimiter is for CSV files; this is an API"],
    [["get", "demo.db", "1", "--id", "name"], "--id is for CSV files and APIs; this is a demo database"],
    [["count", "demo.db", "--source-options", "o.json"], "--source-options is for CSV files and APIs"],
  ])("CLI1 CLI2 CLI21 %j ends with 2 and one line", async (argv, why) => {
    const { code, out, err } = await run(...argv);
    expect(out).toBe("");
    expect(err).toContain(why);
    expect(err).toMatch(/^diorama: /);
    expect(code).toBe(2);
  });

  test("CLI2 what the parser says and where help is are sentences of their own", async () => {
    expect((await run("query", teas, "--limit", "0")).err).toMatch(
      /from 1 on\. --help shows what there is\n$/,
    );
    expect((await run("qurey")).err).toMatch(/\(Did you mean query\?\); --help shows what there is\n$/);
  });

  test("CLI2 with --json wrong usage is an object too, wherever the option stands", async () => {
    for (const argv of [
      ["--json", "query", teas, "--where", "prise > 1"],
      ["query", teas, "--where", "prise > 1", "--json"],
      ["qurey", "--json"],
      ["query", teas, "--json", "--format", "csv"],
    ]) {
      const { code, err } = await run(...argv);
      expect(code).toBe(2);
      expect(JSON.parse(err)).toMatchObject({ error: { code: "invalid" } });
    }
  });

  test("CLI22 a header that can't be one is not repeated", async () => {
    const { code, err } = await run("query", "https://api.example.com/x", "--header", "s3cret");
    expect([code, err]).toEqual([2, 'diorama: --header takes "Name: value"\n']);
    for (const argv of [
      ["query", "https://u:hunter2@"],
      ["query", "u:hunter2@api.example.com/x"],
      ["query", "api.example.com/x?key=hunter2"],
      ["query", "ftp://u:hunter2@api.example.com/x"],
      ["https://u:hunter2@api.example.com/x?key=hunter2&b=c"],
      ["query", "https://u:hunter2@api.example.com/x?key=hunter2", "y"],
      ["query", "x.csv", "--heeader=X-Key: hunter2"],
      ["query", "x.csv", "--header", "hunter2"],
    ]) {
      const { code: ended, err: told } = await run(...argv);
      expect(ended).toBe(2);
      expect(told).not.toContain("hunter2");
    }
    expect((await run("https://u:hunter2@api.example.com/x?key=hunter2&b=c")).err).toContain(
      "unknown command 'https://api.example.com/x?key=?&b=?'",
    );
  });
});

describe("what fails", () => {
  test("CLI1 CLI2 a file that isn't there, a bad row, options that csv() refuses: 1 and one line", async () => {
    const missing = await run("query", "nowhere.csv");
    expect(missing.code).toBe(1);
    expect(missing.err).toMatch(/^diorama: .*nowhere\.csv.* \(notFound\)\n$/);
    const ragged = await run("query", folder.write("ragged.csv", "a,b\n1,2\n1,2,3\n"));
    expect(ragged.code).toBe(1);
    expect(ragged.err).toMatch(/^diorama: .*ragged.*line 3.* \(invalid\)\n$/);
    const options = folder.write("options.json", '{"encodng": "utf-8"}');
    const refused = await run("query", teas, "--source-options", options);
    expect(refused.code).toBe(1);
    expect(refused.err).toContain('"encodng"');
  });

  test("CLI21 --source-options says more of a file; what it holds is not repeated where it can't be read", async () => {
    const semi = folder.write("semi.csv", "a;b\n1;x\nbad\n2;y\n");
    const options = folder.write("skip.json", '{"onBadRow": "skip", "delimiter": ";"}');
    expect((await run("count", semi, "--source-options", options)).out).toBe("2\n");
    const broken = folder.write("broken.json", '{"headers": {"authorization": "s3cret"');
    const { code, err } = await run("count", semi, "--source-options", broken);
    expect(code).toBe(2);
    expect(err).toContain("it is no JSON");
    expect(err).not.toContain("s3cret");
  });
});

describe("help", () => {
  test("CLI8 --help and --version print to stdout and end with 0", async () => {
    const help = await run("--help");
    expect([help.code, help.err]).toEqual([0, ""]);
    expect(help.out).toContain("Examples:");
    expect((await run("--version")).out).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  test.each(["query", "get", "count", "watch", "explain"])(
    "CLI8 %s --help has an example",
    async (command) => {
      const { code, out } = await run(command, "--help");
      expect(code).toBe(0);
      expect(out).toMatch(new RegExp(`Examples?:\\n {2}diorama ${command} `));
      expect(out).toContain("--json");
    },
  );

  test("CLI8 no command prints the help to stderr and ends with 2", async () => {
    const { code, out, err } = await run();
    expect([code, out]).toEqual([2, ""]);
    expect(err).toContain("Usage: diorama");
  });
});

describe("the copy", () => {
  test("CLI22 CLI24 is kept in the source's folder, serves the next command, and follows the file", async () => {
    const cache = newCache();
    const file = folder.write("changing.csv", "id,n\na,1\nb,2\n");
    const query = ["query", file, "--cache", cache, "--id", "id", "--json"];
    expect((await run(...query)).out).toBe('[\n{"id":"a","n":1},\n{"id":"b","n":2}\n]\n');
    const [name = ""] = readdirSync(cache).filter((entry) => entry !== "folder-key");
    expect(name).toMatch(/^changing-csv-[0-9a-f]{12}$/);
    expect(statSync(join(cache, name)).mode & 0o777).toBe(0o700);
    const again = await onTerminal(["query", file, "--cache", cache, "--id", "id"]);
    expect(again.err).toMatch(/2 rows, from the copy, \d+ ms\n$/);
    writeFileSync(file, "id,n\na,1\nb,3\nc,4\n");
    expect((await run(...query)).out).toBe('[\n{"id":"a","n":1},\n{"id":"b","n":3},\n{"id":"c","n":4}\n]\n');
    expect((await run("count", file, "--cache", cache, "--id", "id")).out).toBe("3\n");
  });

  test("CLI24 where the file can't be read any more the old copy is served with a note; --refresh fails", async () => {
    const cache = newCache();
    const file = folder.write("going.csv", "id,n\na,1\nb,2\n");
    const query = ["count", file, "--cache", cache, "--id", "id", "--where", "n > 0"];
    expect((await run(...query)).out).toBe("2\n");
    writeFileSync(file, "id,n\na,1\nb,2,3\n");
    const old = await run(...query);
    expect([old.code, old.out]).toEqual([0, "2\n"]);
    expect(old.err).toMatch(/^the source can't be read, so the copy of \d{4}-.*Z is served: .*line 3.*\n$/);
    const refreshed = await run(...query, "--refresh");
    expect([refreshed.code, refreshed.out]).toEqual([1, ""]);
    expect(refreshed.err).toMatch(/^diorama: .*line 3.* \(invalid\)\n$/);
  });

  test("CLI23 where another one holds the folder the copy is in memory, and that is said", async () => {
    const cache = newCache();
    await run("count", teas, "--cache", cache, "--where", "price > 0");
    const [name = ""] = readdirSync(cache).filter((entry) => entry !== "folder-key");
    const holder = await Lens.builder().cacheAt(join(cache, name)).build();
    const { code, out, err } = await run("count", teas, "--cache", cache, "--where", "price > 0");
    await holder.close();
    expect([code, out]).toEqual([0, "3\n"]);
    expect(err).toMatch(/^kept in memory for this time: .* is in use by .*\n$/);
  });

  test("CLI23 a named folder that can't be used is an error; with none nothing is written", async () => {
    const file = folder.write("no-folder", "");
    const { code, out, err } = await run("count", teas, "--cache", file);
    expect([code, out]).toEqual([1, ""]);
    expect(err).toMatch(/^diorama: the cache folder .* can't be used .* \(invalid\)\n$/);
    expect((await run("count", teas, "--cache", "none")).code).toBe(0);
  });
});

describe("explain", () => {
  test("CLI29 says how a query would be answered and why, and reads nothing for it", async () => {
    const cache = newCache();
    const argv = ["explain", teas, "--cache", cache, "--where", "price > 3", "--order", "name", "--json"];
    const before = await run(...argv);
    expect(JSON.parse(before.out)).toMatchObject({
      source: teas,
      kind: "csv",
      complete: false,
      rows: 0,
      why: "the source can't filter, order",
      queryNeeds: ["filter", "order"],
      sourceCan: ["count", "subscribe"],
    });
    expect(JSON.parse(before.out).answer).toContain("after one read of everything");
    await run("query", teas, "--cache", cache);
    const after = await run(...argv);
    expect(JSON.parse(after.out)).toMatchObject({ complete: true, rows: 4, why: "the copy holds every row" });
    expect(JSON.parse(after.out).answer).toContain("answered locally");
    const text = await run(...argv.slice(0, -1));
    expect(text.out).toMatch(/^answer {6}teas: answered locally: the cache is complete$/m);
  });
});
