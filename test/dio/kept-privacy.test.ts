import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import {
  createActivity,
  type Dio,
  DioramaError,
  Lens,
  type Logger,
  memory,
  type Row,
  seedFromMaster,
} from "vantage-diorama";
import { createRandom, deriveSeed } from "vantage-diorama/testing";
import { damageFile } from "vantage-diorama/testing/node";
import { expect, onTestFinished, test } from "vitest";

const seed = Number(process.env["DIORAMA_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const SECRET = "hunter2 and nothing else";
const DAMAGES = 3;
/** What may stand in a folder, and nothing besides. */
const ours =
  /^(?:lock\.db|holder\.json|(?:cache|queue)\.db(?:-wal|-shm|\.(?:damaged|lost)-[\w.-]+)?|orders(?:\/[\w.-]+)?)$/;

function makeFolder(): { outside: string; folder: string } {
  const outside = mkdtempSync(join(tmpdir(), "diorama-privacy-"));
  onTestFinished(() => rmSync(outside, { recursive: true, force: true }));
  return { outside, folder: join(outside, "deep", "cache") };
}

const filesOf = (folder: string): string[] => readdirSync(folder, { recursive: true, encoding: "utf8" });

const createProducts = () =>
  memory<Row>("products", { id: "id", columns: { id: "text", text: "text" }, open: true, rows: [] });

/** Everything that a program may hear of a Dio, as text. */
class Listener {
  readonly heard: string[] = [];
  readonly logger: Logger = {
    error: (...line) => this.hear(line),
    info: (...line) => this.hear(line),
    debug: (...line) => this.hear(line),
  };

  hear(what: unknown): void {
    this.heard.push(
      JSON.stringify(what, (_key, value: unknown) => {
        if (typeof value === "bigint") return String(value);
        if (!(value instanceof Error)) return value;
        const { name, message, stack, cause } = value;
        return [...Object.entries(value), name, message, stack, cause];
      }),
    );
  }

  /** Every error of an event, without the op: its row is the caller's own. */
  listen(dio: Dio): void {
    for (const type of ["queueFailed", "cacheFailed", "writeFailed", "writeRetrying"] as const)
      dio.on(type, ({ error }) => this.hear(error));
  }
}

test("L15 files are for the account alone, wherever they come from, and no table's name becomes a path", async () => {
  const { outside, folder } = makeFolder();
  const before = process.umask(0);
  try {
    const names = [
      "../../escaped",
      "/tmp/absolute",
      "a\0b",
      "x".repeat(300),
      "😀",
      "__proto__",
      "'; DROP TABLE ops; --",
    ];
    const builder = Lens.builder().cacheAt(folder).activity(createActivity("offline"));
    const lens = await builder.build();
    for (const name of names) {
      const dio = await lens.makeDio(createProducts(), { table: name });
      await dio.vista().insert("a", { id: "a", text: name });
    }
    await lens.flush();
    const looks = (): void => {
      const files = filesOf(folder);
      expect(files.filter((name) => !ours.test(name))).toEqual([]);
      for (const name of files) {
        const { mode } = statSync(join(folder, name));
        expect([name, mode & 0o777]).toEqual([name, basename(name) === "orders" ? 0o700 : 0o600]);
      }
    };
    looks();
    expect([statSync(folder).mode & 0o777, statSync(join(folder, "..")).mode & 0o777]).toEqual([
      0o700, 0o700,
    ]);
    await lens.close();
    looks();
    expect(readdirSync(outside)).toEqual(["deep"]);
    expect(readdirSync(join(outside, "deep"))).toEqual(["cache"]);

    const next = await builder.build();
    for (const name of names) {
      const dio = await next.makeDio(createProducts(), { table: name });
      expect(dio.writes.pending().map(({ op }) => op.kind === "insert" && op.row["text"])).toEqual([name]);
    }
    await next.close();
  } finally {
    process.umask(before);
  }
});

test("L15 columns that are named like a prototype's stay data over a restart, and nothing is polluted", async () => {
  const { folder } = makeFolder();
  const text = '{"id":"a","__proto__":{"polluted":true},"constructor":"c","prototype":[1],"toString":null}';
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the keys stand in the text
  const row = JSON.parse(text) as Row;
  const activity = createActivity();
  const builder = Lens.builder().cacheAt(folder).activity(activity).onStart(seedFromMaster);
  const first = await builder.build();
  const dio = await first.makeDio(createProducts());
  activity.set("offline");
  await dio.vista().insert("a", row);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the keys stand in the text
  await dio.vista().patch("a", JSON.parse('{"__proto__":"patched"}') as Row);
  await first.close();

  const second = await builder.build();
  const reopened = await second.makeDio(createProducts());
  const [inserted, patched] = reopened.writes.pending().map(({ op }) => op);
  expect(inserted?.kind === "insert" && JSON.stringify(inserted.row)).toBe(text);
  expect(patched?.kind === "patch" && Object.entries(patched.partial)).toEqual([["__proto__", "patched"]]);
  const shown = await reopened.vista().get("a");
  expect(Object.entries(shown ?? {})).toContainEqual(["__proto__", "patched"]);
  expect("polluted" in {}).toBe(false);
  expect(Object.getPrototypeOf(shown)).toBe(Object.prototype);
  await second.close();
});

test("L15 no content of a row is in a log line, an error, diagnostics, the holder's file or a file's name", async () => {
  const listener = new Listener();
  for (let round = 0; round < DAMAGES; round++) await playSecrets(listener, deriveSeed(seed, round));
  const told = listener.heard.filter((text) => text.includes("hunter2"));
  expect(told, `DIORAMA_SEED=${seed}`).toEqual([]);
  // It did hear of what went wrong.
  for (const word of ["rejected", "invalid", "queue.db", "inUse"])
    expect(listener.heard.join("\n")).toContain(word);
});

/** A life in which everything fails that can, another one on damaged files, and what they say. */
async function playSecrets(listener: Listener, own: number): Promise<void> {
  const { folder } = makeFolder();
  const random = createRandom(own);
  const activity = createActivity();
  const builder = Lens.builder().cacheAt(folder).activity(activity).logger(listener.logger);
  const lens = await builder.build();
  const onWrite = async (): Promise<void> => {
    throw new DioramaError("rejected", "not today");
  };
  const dio = await lens.makeDio(createProducts(), { onWrite });
  listener.listen(dio);
  const writes = dio.vista();
  await writes.insert("refused", { id: "refused", text: SECRET });
  await dio.flush();
  activity.set("offline");
  const kept = Array.from({ length: 30 }, (_, n) => ({ id: `kept ${n}`, text: SECRET.repeat(20) }));
  await Promise.all(kept.map((row) => writes.insert(row.id, row)));
  await dio.cache.insertAll(
    Array.from({ length: 30 }, (_, n) => [`row ${n}`, { id: `row ${n}`, text: SECRET }] as const),
  );
  for (const value of [() => SECRET, Symbol(SECRET), new Map([[SECRET, SECRET]]), [Symbol(SECRET)]]) {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what a program without types may pass
    const bad = { id: "bad", text: value } as unknown as Row;
    await expect(
      writes.insert("bad", bad).catch((error: unknown) => Promise.reject(hear(listener, error))),
    ).rejects.toThrow();
  }
  await lens.flush();
  hear(listener, await builder.build().catch((error: unknown) => error));
  listener.hear(readFileSync(join(folder, "holder.json"), "utf8"));
  listener.hear(dio.diagnostics());
  await lens.close();

  for (const name of ["queue.db", "cache.db"]) {
    const path = join(folder, name);
    writeFileSync(path, damageFile(readFileSync(path), random).bytes);
  }
  const next = await builder.build();
  const reopened = await next.makeDio(createProducts(), { onWrite });
  listener.listen(reopened);
  await reopened
    .vista()
    .list()
    .catch((error: unknown) => hear(listener, error));
  listener.hear(reopened.diagnostics());
  listener.hear(reopened.writes.failed().map(({ error }) => error));
  listener.hear(filesOf(folder));
  await next.close();
}

function hear(listener: Listener, error: unknown): unknown {
  listener.hear(error);
  return error;
}
