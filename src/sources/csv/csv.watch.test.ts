import { execFileSync } from "node:child_process";
import { appendFileSync, mkdirSync, renameSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openCsvFolder } from "../../../test/csv/csv-folder.ts";
import { createManualClock } from "../../testing/index.ts";
import type { CsvOptions } from "./csv-options.ts";
import type { CsvSource } from "./csv-source.ts";
import { csv } from "./csv.ts";

const folder = openCsvFolder();
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

interface Watched {
  readonly file: string;
  readonly source: CsvSource;
  /** How many events came so far. */
  readonly events: () => number;
  readonly stop: () => Promise<void>;
}

/** A file in a folder of its own, and what its watch says. */
async function watchFile(options: CsvOptions = {}): Promise<Watched> {
  const own = join(folder.path, `own-${Math.random().toString(36).slice(2)}`);
  mkdirSync(own);
  const file = join(own, "watched.csv");
  writeFileSync(file, "a\n1\n");
  const { source } = await csv(file, options);
  const control = new AbortController();
  let events = 0;
  const watching = (async () => {
    for await (const event of source.watch({ signal: control.signal })) {
      expect(event).toEqual({ type: "invalidated" });
      events++;
    }
  })();
  // The first look at the file.
  await sleep(50);
  return {
    file,
    source,
    events: () => events,
    stop: async () => {
      control.abort();
      await watching;
    },
  };
}

/** Waits until there are so many events; says how many there are when time is up. */
async function eventually(watched: Watched, count: number): Promise<number> {
  const end = performance.now() + 5_000;
  while (watched.events() < count && performance.now() < end) await sleep(10);
  return watched.events();
}

test("CSV28 a change of the file is said once, soon", async () => {
  const watched = await watchFile({ pollInterval: "1h" });
  appendFileSync(watched.file, "2\n");
  expect(await eventually(watched, 1)).toBe(1);
  await sleep(200);
  expect(watched.events()).toBe(1);
  appendFileSync(watched.file, "3\n");
  expect(await eventually(watched, 2)).toBe(2);
  await watched.stop();
});

test("CSV28 a file that is replaced by renaming is followed, again and again", async () => {
  const watched = await watchFile({ pollInterval: "1h" });
  for (const round of [1, 2, 3]) {
    writeFileSync(`${watched.file}.new`, `a\n${round}\n`);
    renameSync(`${watched.file}.new`, watched.file);
    expect(await eventually(watched, round)).toBe(round);
  }
  await watched.stop();
});

test("CSV28 a file that is written without a pause is said now and then", async () => {
  const watched = await watchFile({ pollInterval: "1h" });
  const end = performance.now() + 1_600;
  let writes = 0;
  while (performance.now() < end) {
    appendFileSync(watched.file, `${++writes}\n`);
    await sleep(10);
  }
  expect(watched.events()).toBeGreaterThanOrEqual(1);
  expect(watched.events()).toBeLessThan(10);
  await watched.stop();
});

test("CSV28 other files say nothing, nor does a write that changes nothing, nor a file that is gone", async () => {
  const watched = await watchFile({ pollInterval: 20 });
  writeFileSync(`${watched.file}.other`, "x");
  await sleep(150);
  rmSync(watched.file);
  await sleep(150);
  expect(watched.events()).toBe(0);
  writeFileSync(watched.file, "a\n5\n");
  expect(await eventually(watched, 1)).toBe(1);
  await watched.stop();
});

test("CSV28 where the folder says nothing, the file is looked at every pollInterval", async () => {
  const clock = createManualClock();
  const watched = await watchFile({ pollInterval: "10s", clock });
  // Time stands still: the folder's own word is waited upon, and never acted upon.
  appendFileSync(watched.file, "2\n");
  await sleep(150);
  expect(watched.events()).toBe(0);
  await clock.advance(10_000);
  expect(await eventually(watched, 1)).toBe(1);
  utimesSync(watched.file, 1, 1);
  await clock.advance(10_000);
  expect(await eventually(watched, 2)).toBe(2);
  await watched.stop();
});

test("CSV28 a folder that goes and comes back is looked at again", async () => {
  const watched = await watchFile({ pollInterval: 20 });
  rmSync(join(watched.file, ".."), { recursive: true });
  await sleep(100);
  mkdirSync(join(watched.file, ".."));
  writeFileSync(watched.file, "a\n7\n");
  expect(await eventually(watched, 1)).toBe(1);
  await watched.stop();
});

test("CSV28 a change while nobody waits is not lost", async () => {
  const watched = await watchFile();
  await watched.stop();
  const iterator = watched.source.watch({})[Symbol.asyncIterator]();
  const first = iterator.next();
  await sleep(50);
  appendFileSync(watched.file, "2\n");
  expect((await first).done).toBe(false);
  appendFileSync(watched.file, "3\n");
  await sleep(200);
  expect(await iterator.next()).toEqual({ done: false, value: { type: "invalidated" } });
  await iterator.return?.();
});

test("CSV28 a change right after the first next() counts", async () => {
  const watched = await watchFile();
  await watched.stop();
  const iterator = watched.source.watch({})[Symbol.asyncIterator]();
  const first = iterator.next();
  appendFileSync(watched.file, "2\n");
  expect(await first).toEqual({ done: false, value: { type: "invalidated" } });
  await iterator.return?.();
});

test("CSV28 it ends with its signal, with close() and where the signal had fired before", async () => {
  const watched = await watchFile();
  await watched.stop();
  expect(await watched.source.watch({ signal: AbortSignal.abort() }).next()).toEqual({
    done: true,
    value: undefined,
  });
  const next = watched.source.watch({}).next();
  await sleep(20);
  await watched.source.close();
  await watched.source.close();
  expect(await next).toEqual({ done: true, value: undefined });
});

test("CSV28 a watch keeps no process alive", () => {
  const script = `
    import { csv } from ${JSON.stringify(new URL("csv.ts", import.meta.url).href)};
    const { source } = await csv(process.argv[1]);
    source.watch({}).next().then(() => console.log("changed"));
    setTimeout(() => console.log("idle"), 100);`;
  const file = folder.write("a\n1\n");
  const started = performance.now();
  const output = execFileSync(
    process.execPath,
    ["--input-type=module", "--no-warnings", "-e", script, file],
    {
      encoding: "utf8",
      timeout: 15_000,
    },
  );
  expect(output).toBe("idle\n");
  expect(performance.now() - started).toBeLessThan(10_000);
});
