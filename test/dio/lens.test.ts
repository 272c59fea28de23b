import { spawn } from "node:child_process";
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import {
  createMemoryCache,
  createNoCache,
  type Dio,
  type DioramaError,
  Lens,
  type LensBuilder,
  memory,
  seedFromMaster,
  vista,
} from "vantage-diorama";
import { describe, expect, onTestFinished, test } from "vitest";
import { createStage, ids, openLens, pastries, recordEvents, settle, wholeOnly } from "./setup.ts";

const failure = (work: Promise<unknown>): Promise<DioramaError> =>
  work.then(
    () => expect.fail("it should have failed"),
    (error: DioramaError) => error,
  );

function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), "diorama-lens-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

describe("building", () => {
  test("L1 L2 L3 L12 every problem is told at once", async () => {
    const builder = Lens.builder()
      .cacheAt("./never-made")
      .cacheSource(createNoCache())
      .refreshEvery("5 parsecs")
      .staleFor("1h")
      .deadline(0)
      .onWrite(() => undefined)
      .onWriteBatch(() => undefined)
      .onQuery(() => undefined)
      .totalProvider(() => 5)
      .onLoadChunk(() => undefined)
      .viewportDebounce("soon")
      .pageSize(0)
      .optimistic(false)
      .writeQueue({ concurrency: 0, confirm: "echo", echoTimeout: -1 });
    const error = await failure(builder.build());
    expect(error.code).toBe("invalid");
    expect(error.message.split("\n  - ").slice(1).toSorted()).toMatchInlineSnapshot(`
      [
        "cacheAt and cacheSource contradict each other: give one",
        "confirm: "echo" shows a write until it comes back, and optimistic(false) shows none: give one",
        "deadline: 0 leaves the source no time at all",
        "onLoadChunk fills a cache, and this one keeps nothing: leave out onLoadChunk or give another cache",
        "onQuery fills a cache, and this one keeps nothing: leave out onQuery or give another cache",
        "onWrite and onWriteBatch contradict each other: give one",
        "pageSize: give a whole number of at least 1",
        "refreshEvery: "5 parsecs" is no duration; give milliseconds or a text such as "250ms", "30s", "5m", "2h", "1d"",
        "staleFor without freshFor says nothing: what never ages is never stale",
        "totalProvider fills a cache, and this one keeps nothing: leave out totalProvider or give another cache",
        "viewportDebounce: "soon" is no duration; give milliseconds or a text such as "250ms", "30s", "5m", "2h", "1d"",
        "writeQueue.concurrency: give a whole number of at least 1",
        "writeQueue.echoTimeout says nothing with optimistic(false)",
        "writeQueue.echoTimeout: -1 is no duration; give milliseconds or a text such as "250ms", "30s", "5m", "2h", "1d"",
      ]
    `);
  });

  test("L1 what is no function, and what there is no such setting for", async () => {
    // A caller without types.
    const untyped: {
      onStart: (given: unknown) => LensBuilder<Lens>;
      writeQueue: (given: object) => LensBuilder<Lens>;
    } = Lens.builder() as never;
    untyped.onStart("later");
    const error = await failure(untyped.writeQueue({ concurency: 2 }).build());
    expect(error.message).toMatch(/onStart: give a function/);
    expect(error.message).toMatch(/"concurency"; did you mean concurrency/);
  });

  test("L1 what is no cache, clock, logger, activity or flag is told with everything else", async () => {
    const builder: Record<string, (given: unknown) => void> & Pick<LensBuilder<Lens>, "build"> =
      Lens.builder() as never;
    const wrong = { cacheSource: {}, clock: {}, logger: 5, activity: "offline", refreshOnOpen: 1 };
    for (const [name, given] of Object.entries(wrong)) builder[name]?.(given);
    const { message } = await failure(builder.build());
    for (const name of Object.keys(wrong)) expect(message).toContain(`- ${name}: give`);
  });

  test("L4 a table's name is text", async () => {
    const { source, builder, clock } = createStage();
    const lens = await openLens({ builder, clock });
    for (const table of ["", "\ud800", 5, null]) {
      expect((await failure(lens.makeDio(source, { table: table as never }))).code).toBe("invalid");
    }
  });

  test("L6 a Dio's own settings are checked too, and override", async () => {
    const { source, builder, clock } = createStage();
    const sent: string[] = [];
    const lens = await openLens({
      clock,
      builder: builder.onWrite((_dio, op) => void sent.push(`lens ${op.kind}`)),
    });
    const wrong: object = { onwrite: () => undefined };
    expect((await failure(lens.makeDio(source, wrong))).message).toMatch(/"onwrite"; did you mean onWrite/);
    const one = await lens.makeDio(source, {
      table: "one",
      onWriteBatch: (_dio, ops) => void sent.push(`dio ${ops[0]?.kind}`),
    });
    const two = await lens.makeDio(source, { table: "two", onWrite: undefined });
    await one.vista().delete("a");
    await two.vista().delete("a");
    await Promise.all([one.flush(), two.flush()]);
    expect(sent).toEqual(["dio delete", "lens delete"]);
  });
});

describe("making a Dio", () => {
  test("L2 L6 a fill of its own for a cache that keeps nothing is refused", async () => {
    const { source, builder, clock } = createStage();
    const lens = await openLens({ clock, builder: builder.cacheSource(createNoCache()) });
    const error = await failure(lens.makeDio(source, { onQuery: () => undefined }));
    expect([error.code, error.message]).toEqual(["invalid", expect.stringContaining("keeps nothing")]);
  });

  test("L4 of a narrowing that its source can't honour is refused at once, with what to do", async () => {
    const { source, builder, clock } = createStage({ capabilities: wholeOnly });
    const lens = await openLens({ builder, clock });
    const error = await failure(lens.makeDio(vista(source).where("category", "tarts")));
    expect([error.code, error.message]).toEqual([
      "unsupported",
      expect.stringMatching(/no canMatch.*dio\.vista\(\)\.where/),
    ]);
    expect((await lens.makeDio(source)).name).toBe("products");
  });

  test.for([undefined, null, "a text", 503, { status: 503 }])(
    "L7 a start that throws %j is told as an error",
    async (thrown) => {
      const { source, builder, clock } = createStage();
      const lens = await openLens({
        clock,
        builder: builder.onStart(() => {
          // Not every callback is well behaved.
          // oxlint-disable-next-line typescript/only-throw-error
          throw thrown;
        }),
      });
      const error = await failure(lens.makeDio(source));
      expect([error.code, error.message]).toEqual([
        "unavailable",
        expect.stringContaining("products: onStart failed"),
      ]);
    },
  );

  test("L8 two Lenses may share a cache that was handed to them, and closing one leaves it to the other", async () => {
    const cache = createMemoryCache();
    const { source } = createStage();
    const one = await Lens.builder().cacheSource(cache).build();
    const two = await Lens.builder().cacheSource(cache).build();
    onTestFinished(() => two.close());
    await one.makeDio(source, { table: "one" });
    const dio = await two.makeDio(source, { table: "two" });
    expect((await failure(two.makeDio(source, { table: "one" }))).code).toBe("inUse");
    await one.close();
    await dio.vista().list();
    await two.flush();
    expect((await two.makeDio(source, { table: "one" })).cache.complete).toBe(false);
    expect(await cache.tableNames()).toEqual(["one", "two"]);
  });

  test("L4 of a Vista or a Source, named after it or otherwise, once at a time", async () => {
    const { source, backend, builder, clock } = createStage();
    const lens = await openLens({ builder, clock });
    const dio = await lens.makeDio(backend);
    expect(dio.name).toBe("products");
    expect((await failure(lens.makeDio(source))).code).toBe("inUse");
    const other = await lens.makeDio(source, { table: "../%2e\0💥" });
    expect(await other.vista().count()).toBe(4);
    await dio.close();
    expect((await lens.makeDio(source)).name).toBe("products");
  });

  test("L4 of a narrowed vista holds what it shows", async () => {
    const { source, builder, clock } = createStage();
    const dio = await (await openLens({ builder, clock })).makeDio(vista(source).where("category", "tarts"));
    expect(ids(await dio.vista().list())).toEqual(["a", "c"]);
  });

  test("L7 onStart runs once, and its failure is makeDio's, with nothing left open", async () => {
    const { source, builder, clock } = createStage();
    let runs = 0;
    const lens = await openLens({
      clock,
      builder: builder.onStart(async (dio) => {
        runs += 1;
        if (runs === 1) throw new Error("no route");
        return seedFromMaster(dio);
      }),
    });
    await expect(lens.makeDio(source)).rejects.toThrow("no route");
    const dio = await lens.makeDio(source);
    await dio.vista().list();
    expect(runs).toBe(2);
  });

  test("L7 behind, a failure is an event and readers read through", async () => {
    const { source, builder, clock } = createStage();
    const gate = Promise.withResolvers<void>();
    const lens = await openLens({
      clock,
      builder: builder.onStartBlocking(false).onStart(async () => {
        await gate.promise;
        throw new Error("no route");
      }),
    });
    const dio = await lens.makeDio(source);
    const events = recordEvents(dio);
    gate.resolve();
    await settle();
    expect(events).toMatchObject([
      { type: "startFailed", error: { message: expect.stringContaining("no route") } },
    ]);
    expect(await dio.vista().count()).toBe(4);
  });

  test("L8 many Dios share a Lens, which closes them", async () => {
    const { builder, clock } = createStage();
    const lens = await openLens({ builder, clock });
    const make = (name: string): Promise<Dio> =>
      lens.makeDio(memory(name, { id: "id", rows: [{ id: name }] }));
    const dios = await Promise.all(["x", "y", "z"].map(make));
    expect(await Promise.all(dios.map(async (dio) => ids(await dio.vista().list())))).toEqual([
      ["x"],
      ["y"],
      ["z"],
    ]);
    await Promise.all([lens.close(), lens.close()]);
    for (const dio of dios) expect((await failure(dio.cache.count())).code).toBe("closed");
    expect((await failure(make("late"))).code).toBe("closed");
  });

  test("L8 closing ends a start that hangs, and the making with it", async () => {
    const { source, builder, clock } = createStage();
    const lens = await openLens({ clock, builder: builder.onStart(() => new Promise(() => undefined)) });
    const made = failure(lens.makeDio(source));
    await settle();
    await lens.close();
    expect((await made).code).toBe("closed");
  });

  test("L8 `await using` closes", async () => {
    const { source } = createStage();
    let kept: Dio<object> | undefined;
    {
      await using lens = await Lens.builder().build();
      await using dio = await lens.makeDio(source);
      kept = dio;
    }
    expect((await failure(kept.cache.count())).code).toBe("closed");
  });
});

describe("a cache that outlives the Lens", () => {
  test("D11 L9 is there again, is emptied for another source, and is refreshed behind for another version", async () => {
    const cache = createMemoryCache();
    const { source, backend } = createStage();
    const first = await Lens.builder().cacheSource(cache).onStart(seedFromMaster).build();
    await first.makeDio(source);
    await first.close();

    backend.source.remove("a");
    const second = await Lens.builder().cacheSource(cache).onStart(seedFromMaster).build();
    const dio = await second.makeDio(source);
    expect(dio.cache.complete).toBe(true);
    const shown = await dio.vista().count();
    await settle();
    expect([shown, await dio.vista().count()]).toEqual([4, 3]);
    await second.close();

    const third = await Lens.builder().cacheSource(cache).build();
    const other = await third.makeDio(memory("products", { id: "id", columns: { other: "text" } }));
    expect([other.cache.complete, await other.cache.count()]).toEqual([false, 0]);
    await third.close();
  });

  test("D11 rows that a start leaves behind are gone after the refresh that follows it", async () => {
    const folder = temporaryFolder();
    const { source, backend } = createStage();
    const open = (): Promise<Lens> =>
      Lens.builder()
        .cacheAt(folder)
        .onStart(async (dio) => dio.cache.insertAll(await dio.master.list()))
        .build();
    const first = await open();
    await first.makeDio(source);
    await first.close();
    backend.source.remove("a");
    const second = await open();
    onTestFinished(() => second.close());
    const dio = await second.makeDio(source);
    const gone = Promise.withResolvers<void>();
    dio.on("recordRemoved", () => gone.resolve());
    if ((await dio.cache.get("a")) !== undefined) await gone.promise;
    expect(ids(await dio.vista().list())).toEqual(["b", "c", "d"]);
  });

  test("L5 L9 D8 flush() waits for the disk, and a second Lens on the folder is inUse", async () => {
    const folder = temporaryFolder();
    const { source } = createStage();
    const lens = await Lens.builder().cacheAt(folder).onStart(seedFromMaster).build();
    const dio = await lens.makeDio(source);
    expect(dio.diagnostics().cache).toMatchObject({ kind: "sqlite", durable: true, rows: 4 });
    await lens.flush();
    expect(dio.diagnostics().cache.unwritten).toBe(0);
    const error = await failure(Lens.builder().cacheAt(folder).build());
    expect([error.code, error.message]).toEqual(["inUse", expect.stringContaining(String(process.pid))]);
    await lens.close();
    await (await Lens.builder().cacheAt(folder).build()).close();
  });

  test("D9 D10 a warm start after an unclean end serves at once and refreshes behind", async () => {
    const folder = temporaryFolder();
    const script = `
      const { Lens, memory, seedFromMaster } = await import("vantage-diorama");
      const rows = ${JSON.stringify(pastries)};
      const lens = await Lens.builder().cacheAt(process.argv[1]).onStart(seedFromMaster).build();
      await lens.makeDio(memory("products", { id: "id", rows }));
      await lens.flush();
      process.kill(process.pid, "SIGKILL");
    `;
    await run(script, folder);
    const { source } = createStage();
    // Its clock stands still: what the master is asked is not answered.
    source.setFaults({ latencyMs: { read: [500, 500] } });
    const lens = await Lens.builder().cacheAt(folder).onStart(seedFromMaster).build();
    onTestFinished(() => lens.close());
    const dio = await lens.makeDio(source);
    expect([await dio.vista().count(), dio.cache.complete]).toEqual([4, true]);
    expect((await dio.vista().get("a"))?.name).toBe("Apple tart");
    await expect.poll(() => source.calls("read")).toBe(1);
  });

  test("L10 the program of the README runs as written, cold and warm", async () => {
    const folder = temporaryFolder();
    const zipcodes = fileURLToPath(new URL("../data/zipcodes.csv", import.meta.resolve("vega-datasets")));
    copyFileSync(zipcodes, path.join(folder, "zipcodes.csv"));
    const program = path.join(import.meta.dirname, "../../examples/zipcodes.ts");
    const cold = await runNode([program], folder);
    expect(cold.code).toBe(0);
    const lines = cold.output.trimEnd().split("\n");
    expect([lines.length, ...lines.slice(-2)]).toEqual([22, "routed replace 99999", "Nowhere"]);
    expect(await runNode([program], folder)).toEqual(cold);
  });

  test("L11 an open Lens keeps no process alive, a write that is under way does", async () => {
    const idle = `
      const { Lens, memory, seedFromMaster } = await import("vantage-diorama");
      const lens = await Lens.builder().cacheAt(process.argv[1]).refreshEvery("1h").onStart(seedFromMaster).build();
      const dio = await lens.makeDio(memory("products", { id: "id", rows: [{ id: "a" }] }));
      dio.watch();
      console.log("idle");
    `;
    expect(await run(idle, temporaryFolder())).toEqual({ code: 0, output: "idle\n" });
    const busy = `
      const { Lens, memory, DioramaError } = await import("vantage-diorama");
      let attempts = 0;
      const lens = await Lens.builder().onWrite(() => {
        attempts += 1;
        if (attempts === 1) throw new DioramaError("unavailable", "not yet");
        console.log("sent at attempt", attempts);
      }).build();
      const dio = await lens.makeDio(memory("products", { id: "id", columns: { name: "text" } }));
      await dio.vista().insert("b", { id: "b" });
    `;
    expect(await run(busy, temporaryFolder())).toEqual({ code: 0, output: "sent at attempt 2\n" });
  });
});

/** Runs a module in a process of its own, on the built package. */
function run(script: string, argument: string): Promise<Ended> {
  return runNode(
    ["--input-type=module", "--eval", script, argument],
    path.join(import.meta.dirname, "../.."),
  );
}

interface Ended {
  readonly code: number | null;
  readonly output: string;
}

function runNode(given: readonly string[], cwd: string): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, given, { cwd, stdio: ["ignore", "pipe", "inherit"] });
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, output }));
  });
}
