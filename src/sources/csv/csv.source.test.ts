import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  renameSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { readdir, readlink } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { all, errorOf, openCsvFolder, rowsOf } from "../../../test/csv/csv-folder.ts";
import type { StandardSchemaV1 } from "../../vista/index.ts";
import type { CsvProgress } from "./csv-options.ts";
import { csv } from "./csv.ts";

const folder = openCsvFolder();
const manyRows = (count: number): string =>
  `n,t\n${Array.from({ length: count }, (_, index) => `${index},text number ${index}\n`).join("")}`;

/** How often this process holds the file open. */
async function timesOpen(file: string): Promise<number> {
  const descriptors = await readdir("/proc/self/fd");
  const targets = await Promise.all(descriptors.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => "")));
  return targets.filter((target) => target === file).length;
}

test("CSV1 rows come in the file's order, in batches of at most 1,000", async () => {
  const vista = await csv(folder.write(manyRows(12_345)), { id: "n" });
  const sizes: number[] = [];
  const ids: string[] = [];
  for await (const batch of vista.source.read(all, {})) {
    sizes.push(batch.length);
    for (const [id] of batch) ids.push(id);
  }
  expect(Math.max(...sizes)).toBe(1_000);
  expect(Math.min(...sizes)).toBeGreaterThan(0);
  expect(ids).toEqual(Array.from({ length: 12_345 }, (_, index) => String(index)));
});

test("CSV1 a stop of the reader stops the reading", async () => {
  const progress: CsvProgress[] = [];
  const file = folder.write(manyRows(200_000));
  const vista = await csv(file, { onProgress: (step) => progress.push(step) });
  for await (const batch of vista.source.read(all, {})) {
    expect(batch).toHaveLength(1_000);
    break;
  }
  expect(progress.at(-1)?.bytesRead).toBeLessThan(200_000);
  expect(await timesOpen(file)).toBe(0);
});

test("CSV1 a kept cell does not keep the text that it was read with", () => {
  const script = `
    import { csv } from ${JSON.stringify(new URL("csv.ts", import.meta.url).href)};
    const vista = await csv(process.argv[1], { id: "n" });
    const kept = [];
    for await (const batch of vista.source.read({ conditions: [], order: [], search: undefined }, {})) {
      kept.push(batch[0]);
    }
    globalThis.gc();
    console.log(kept.length, process.memoryUsage().heapUsed);`;
  const file = folder.write(manyRows(600_000));
  const output = execFileSync(
    process.execPath,
    ["--expose-gc", "--input-type=module", "--no-warnings", "-e", script, file],
    { encoding: "utf8" },
  );
  const [batches, heapBytes] = output.split(" ").map(Number);
  expect(batches).toBeGreaterThan(250);
  // The file has 15 MB; what is kept of it is a few hundred rows.
  expect(heapBytes).toBeLessThan(13_000_000);
});

test("CSV2 count and subscribe are claimed and nothing else", async () => {
  const vista = await csv(folder.write("k,v\na,1\n"), { id: "k" });
  const claimed = Object.entries(vista.capabilities).flatMap(([name, on]) => (on ? [name] : []));
  expect(claimed).toEqual(["canCount", "canSubscribe"]);
  const refused = [
    vista.insert("b", { k: "b", v: 2 }),
    vista.replace("a", { k: "a", v: 2 }),
    vista.patch("a", { v: 2 }),
    vista.delete("a"),
    vista.deleteAll(),
    vista.where("v", 1).list(),
    vista.where("v", ">", 1).count(),
    vista.orderBy("v").list(),
    vista.search("a").list(),
    vista.fetchPage(1, 10),
    vista.fetchWindow(0, 10),
    vista.fetchNext(),
  ];
  for (const call of refused) expect((await errorOf(call)).code).toBe("unsupported");
  const query = { ...all, search: "a" };
  expect((await errorOf(vista.source.count(query))).code).toBe("unsupported");
  expect((await errorOf(vista.source.read(query).next())).code).toBe("unsupported");
  expect(await vista.get("a")).toEqual({ k: "a", v: 1 });
});

test("CSV2 the type of the rows comes from the caller, or from a validator that checks them", async () => {
  interface Fruit {
    readonly k: string;
    readonly v: number;
  }
  const file = folder.write("k,v\na,1\nb,-1\n");
  const typed = await csv<Fruit>(file, { id: "k" });
  const fruit: Fruit | undefined = await typed.get("a");
  expect(fruit?.v).toBe(1);
  const positive: StandardSchemaV1<unknown, Fruit> = {
    "~standard": {
      version: 1,
      vendor: "test",
      validate: (value) =>
        typeof value === "object" && value !== null && "k" in value && "v" in value && Number(value.v) > 0
          ? { value: { k: String(value.k), v: Number(value.v) } }
          : { issues: [{ message: "not positive", path: ["v"] }] },
    },
  };
  const checked = await csv(file, { id: "k", schema: positive });
  const first: Fruit | undefined = await checked.get("a");
  expect(first?.v).toBe(1);
  const error = await errorOf(checked.list());
  expect([error.code, error.place.id, error.place.column]).toEqual(["rejected", "b", "v"]);
});

test("CSV3 the vista is called after the file, wherever and however that is named", async () => {
  const text = "a\n1\n";
  const plain = folder.write(text, "some fruits.2026.csv");
  expect((await csv(plain)).name).toBe("some fruits.2026");
  expect((await csv(pathToFileURL(plain))).name).toBe("some fruits.2026");
  expect((await csv(pathToFileURL(plain).href)).source.path).toBe(plain);
  expect((await csv(folder.write(text, "x.tsv.gz"), { gzip: false })).name).toBe("x");
  expect((await csv(folder.write(text, ".csv"))).name).toBe(".csv");
  expect((await csv(plain, { name: "fruits" })).name).toBe("fruits");
});

test("CSV4 a file that isn't there is notFound, and the message tells where it was looked for", async () => {
  const error = await errorOf(csv("no-such-file.csv"));
  expect([error.code, error.place.file]).toEqual(["notFound", "no-such-file.csv"]);
  expect(error.message).toContain(join(process.cwd(), "no-such-file.csv"));
  expect((await errorOf(csv(join(folder.write("x"), "y.csv")))).code).toBe("notFound");
});

test("CSV4 a file that was there and is gone is unavailable, until it is back", async () => {
  const file = folder.write("a\n1\n");
  const vista = await csv(file);
  renameSync(file, `${file}.away`);
  expect((await errorOf(vista.list())).code).toBe("unavailable");
  expect((await errorOf(vista.count())).code).toBe("unavailable");
  renameSync(`${file}.away`, file);
  expect((await vista.list()).size).toBe(1);
});

test("CSV4 folders and pipes are invalid, what may not be read is rejected", async () => {
  expect((await errorOf(csv(folder.path))).code).toBe("invalid");
  const pipe = join(folder.path, "pipe");
  execFileSync("mkfifo", [pipe]);
  expect((await errorOf(csv(pipe))).code).toBe("invalid");
  const secret = folder.write("a\n1\n");
  chmodSync(secret, 0o000);
  // Whoever runs as root may read it all the same.
  if (process.getuid?.() === 0) expect((await csv(secret)).name).not.toBe("");
  else expect((await errorOf(csv(secret))).code).toBe("rejected");
});

test("CSV5 every problem of the options is in the one error", async () => {
  const options = {
    id: ["a", "a"],
    headers: [],
    delimiter: ",,",
    quote: "\n",
    encoding: "utf-9",
    nullTokens: [1],
    onBadRow: "ignore",
    maxRowBytes: -1,
    columns: { a: "bytes" },
    pollInterval: "often",
    delimeter: ";",
  };
  // @ts-expect-error these options are wrong on purpose
  const error = await errorOf(csv("http://me:secret@localhost/x.csv", options));
  expect(error.code).toBe("invalid");
  for (const name of Object.keys(options)) expect(error.message).toContain(name);
  expect(error.message).toContain('did you mean "delimiter"?');
  expect(error.message).toContain("http:");
  expect(error.message).not.toContain("secret");
  expect((await errorOf(csv("x.csv", { replaceHeader: true }))).message).toContain("headers");
  expect((await errorOf(csv("x.csv", { delimiter: "'", quote: "'" }))).message).toContain("same character");
  for (const name of ["", "a\0b", "file://elsewhere/x.csv"]) {
    expect((await errorOf(csv(name))).code).toBe("invalid");
  }
});

test("CSV5 names that are no columns of the file are refused together", async () => {
  const error = await errorOf(
    csv(folder.write("name,price\nx,1\n"), {
      id: "nam",
      columns: { prise: "number" },
      title: "titel",
      searchable: ["nmae"],
    }),
  );
  expect(error.code).toBe("invalid");
  for (const part of ['id: there is no column "nam"; did you mean "name"?', '"prise"', '"titel"', '"nmae"']) {
    expect(error.message).toContain(part);
  }
});

test("CSV5 title, searchable and references reach the schema", async () => {
  const other = await csv(folder.write("k\n1\n"), { id: "k" });
  const vista = await csv(folder.write("k,t,u\n1,x,y\n"), {
    title: "t",
    searchable: ["u"],
    references: { other: { column: "k", target: () => other } },
  });
  expect(vista.titleColumns).toEqual(["t"]);
  expect(vista.schema.columns.map(({ flags }) => flags)).toEqual([[], ["title"], ["searchable"]]);
  expect(vista.schema.references.map(({ name }) => name)).toEqual(["other"]);
});

test("CSV25 count is the number of rows that a read gives, of the file as it is now", async () => {
  const file = folder.write(manyRows(3_000));
  const vista = await csv(file);
  expect(await vista.count()).toBe(3_000);
  appendFileSync(file, "3000,x\n3001,y");
  expect(await vista.count()).toBe(3_002);
  expect(await vista.count()).toBe((await vista.list()).size);
  appendFileSync(file, "\n3002\n");
  expect((await errorOf(vista.count())).place.line).toBe(3_004);
});

test("CSV26 the version follows the file's size, time and identity", async () => {
  const file = folder.write("a\n1\n");
  const { source } = await csv(file);
  const versions = [await source.version()];
  expect(await source.version()).toBe(versions[0]);
  appendFileSync(file, "2\n");
  versions.push(await source.version());
  utimesSync(file, 1, 1);
  versions.push(await source.version());
  writeFileSync(`${file}.new`, "a\n1\n3\n");
  utimesSync(`${file}.new`, 1, 1);
  renameSync(`${file}.new`, file);
  versions.push(await source.version());
  expect(new Set(versions).size).toBe(4);
  rmSync(file);
  expect(await source.version()).toBeUndefined();
});

test("CSV26 the fingerprint tells files, columns and ways of reading apart, and nothing else", async () => {
  const file = folder.write("a,b\n1,2\n");
  const prints = [
    await csv(file),
    await csv(folder.write("a,b\n1,2\n")),
    await csv(file, { id: "a" }),
    await csv(file, { columns: { a: "text" } }),
    await csv(file, { nullTokens: ["-"] }),
    await csv(file, { trim: true }),
    await csv(file, { onBadRow: "skip" }),
    await csv(file, { delimiter: ";" }),
    await csv(file, { quote: "'" }),
    await csv(file, { encoding: "latin1" }),
    await csv(file, { headers: ["a", "b"], replaceHeader: true }),
  ].map(({ source }) => source.fingerprint());
  expect(new Set(prints).size).toBe(prints.length);
  const same = await csv(file, { name: "other", onProgress: () => undefined, title: "a" });
  expect(same.source.fingerprint()).toBe(prints[0]);
});

test("CSV26 explain names the file, the delimiter and the columns with where their types are from", async () => {
  const file = folder.write("a;b\n1;2\n");
  const text = (await csv(file, { columns: { a: "text" } })).source.explain();
  expect(text).toContain(file);
  expect(text).toContain('delimiter ";"');
  expect(text).toContain("a text, b integer (sniffed)");
});

test("CSV27 a file that changes while it is read is unavailable, whatever its rows look like", async () => {
  const changes: ((file: string) => void)[] = [
    (file) => appendFileSync(file, "x,y,z\n"),
    (file) => truncateSync(file, 100_003),
    (file) => writeFileSync(file, "other,header\n"),
  ];
  for (const change of changes) {
    const file = folder.write(manyRows(20_000));
    const { source } = await csv(file);
    let changed = false;
    const read = async (): Promise<void> => {
      for await (const batch of source.read(all, {})) {
        if (!changed && batch.length > 0) change(file);
        changed = true;
      }
    };
    const error = await errorOf(read());
    expect([error.code, error.message]).toEqual(["unavailable", expect.stringContaining("changed while")]);
    expect(await timesOpen(file)).toBe(0);
  }
});

test("CSV27 a file that is replaced while it is read is read to its end as it was", async () => {
  const file = folder.write(manyRows(20_000));
  const { source } = await csv(file);
  let rows = 0;
  for await (const batch of source.read(all, {})) {
    if (rows === 0) {
      writeFileSync(`${file}.new`, "n,t\n1,x\n");
      renameSync(`${file}.new`, file);
    }
    rows += batch.length;
  }
  expect(rows).toBe(20_000);
  expect(await source.count(all)).toBe(1);
});

test("CSV27 other columns than when the file was opened are invalid, and the message says which", async () => {
  const file = folder.write("a,b\n1,2\n");
  const { source } = await csv(file);
  writeFileSync(file, "a,c\n1,2\n");
  const error = await errorOf(rowsOf(source));
  expect([error.code, error.message]).toEqual(["invalid", expect.stringContaining("gone: b; new: c")]);
  writeFileSync(file, "b,a\n1,2\n");
  expect((await errorOf(rowsOf(source))).message).toContain("another order");
  writeFileSync(file, "");
  expect((await errorOf(rowsOf(source))).code).toBe("invalid");
});

test("CSV29 a read ends with its signal's reason, and the file is closed", async () => {
  const file = folder.write(manyRows(100_000));
  const { source } = await csv(file);
  const control = new AbortController();
  const reason = new Error("enough");
  let rows = 0;
  const read = async (): Promise<void> => {
    for await (const batch of source.read(all, { signal: control.signal })) {
      rows += batch.length;
      control.abort(reason);
    }
  };
  await expect(read()).rejects.toBe(reason);
  expect(rows).toBeLessThan(100_000);
  await expect(source.count(all, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  expect(await timesOpen(file)).toBe(0);
});

test("CSV29 reads at the same time do not disturb each other", async () => {
  const { source } = await csv(folder.write(manyRows(10_000)), { id: "n" });
  const [first, second, count] = await Promise.all([rowsOf(source), rowsOf(source), source.count(all)]);
  expect(first).toHaveLength(10_000);
  expect(second).toEqual(first);
  expect(count).toBe(10_000);
});

test("CSV30 progress goes up to the whole file and all rows", async () => {
  const progress: CsvProgress[] = [];
  const file = folder.write(manyRows(50_000));
  const vista = await csv(file, { onProgress: (step) => progress.push(step) });
  expect(progress).toEqual([]);
  await vista.list();
  const { bytesTotal = 0 } = progress.at(-1) ?? {};
  expect(bytesTotal).toBe(Buffer.byteLength(manyRows(50_000)));
  expect(progress.at(-1)).toEqual({ bytesRead: bytesTotal, bytesTotal, rows: 50_000, skipped: 0 });
  const bytes = progress.map(({ bytesRead }) => bytesRead);
  expect(bytes).toEqual(bytes.toSorted((a, b) => a - b));
});

test("CSV30 a throwing onProgress is logged once and breaks nothing", async () => {
  const errors: string[] = [];
  const logger = {
    error: (message: string) => errors.push(message),
    info: () => undefined,
    debug: () => undefined,
  };
  let calls = 0;
  const vista = await csv(folder.write(manyRows(5_000)), {
    logger,
    onProgress: () => {
      calls++;
      throw new Error("no");
    },
  });
  expect((await vista.list()).size).toBe(5_000);
  expect([calls, errors.length]).toEqual([1, 1]);
});
