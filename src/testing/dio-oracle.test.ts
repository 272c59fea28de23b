import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { DioramaError } from "../base/index.ts";
import { createNoCache } from "../cache/index.ts";
import type { Dio } from "../dio/index.ts";
import { Lens, seedFromMaster } from "../lens/index.ts";
import { evaluate } from "../query/index.ts";
import { memory, type MemorySource } from "../vista/index.ts";
import { createOracle, type DioOracle } from "./dio-oracle.ts";
import { createFaultySource, type FaultySource } from "./faulty-source.ts";
import { createManualClock, type ManualClock } from "./manual-clock.ts";
import type { CacheKind } from "./oracle.ts";
import { createRandom, deriveSeed, type Random } from "./random.ts";

interface Tea {
  readonly id: string;
  readonly name: string;
  readonly stock: number;
}

const teas: readonly Tea[] = [
  { id: "a", name: "Assam", stock: 3 },
  { id: "b", name: "Black", stock: 5 },
  { id: "c", name: "Chai", stock: 0 },
];
const ids = ["a", "b", "c", "d"];

interface Play {
  readonly dio: Dio<Tea>;
  readonly lens: Lens;
  readonly backend: MemorySource<Tea>;
  readonly source: FaultySource<Tea>;
  readonly clock: ManualClock;
  readonly oracle: DioOracle<Tea>;
}

async function open(cache: CacheKind = "complete", folder?: string): Promise<Play> {
  const clock = createManualClock();
  const backend = memory<Tea>("teas", { id: "id", rows: teas }).source;
  const source = createFaultySource(backend, { clock });
  const oracle = createOracle<Tea>({ idColumn: "id", rows: teas, cache });
  return { ...(await openLens(source, { cache, clock, folder })), backend, source, clock, oracle };
}

async function openLens(
  source: FaultySource<Tea>,
  { cache, clock, folder }: { cache: CacheKind; clock: ManualClock; folder?: string | undefined },
): Promise<Pick<Play, "dio" | "lens">> {
  let builder = Lens.builder().clock(clock);
  if (folder !== undefined) builder = builder.cacheAt(folder);
  if (cache === "complete") builder = builder.onStart(seedFromMaster);
  if (cache === "none") builder = builder.cacheSource(createNoCache());
  if (cache === "filled") {
    builder = builder.onQuery(async (dio, asked) => {
      await dio.cache.insertAll(evaluate(await dio.master.list(), asked, undefined));
    });
  }
  const lens = await builder.build();
  onTestFinished(async () => {
    const closed = lens.close({ drain: 0 }).catch(() => undefined);
    await clock.advance(60_000);
    await closed;
  });
  return { dio: await lens.makeDio(source), lens };
}

const codeOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (error: { readonly code?: unknown }) => error.code,
  );

/** One thing, done to both. */
// oxlint-disable-next-line complexity -- a list of commands
async function step(play: Play, random: Random): Promise<void> {
  const { dio, backend, oracle } = play;
  const id = random.pick(ids);
  const row: Tea = { id, name: random.pick(["Earl Grey", "Green"]), stock: random.integer(0, 3) };
  const vista = dio.vista();
  switch (random.integer(0, 16)) {
    case 0:
      expect(await codeOf(vista.insert(id, row))).toBe(oracle.insert(id, row));
      return;
    case 1:
      expect(await codeOf(vista.replace(id, row))).toBe(oracle.replace(id, row));
      return;
    case 2:
      expect(await codeOf(vista.patch(id, { stock: row.stock }))).toBe(
        oracle.patch(id, { stock: row.stock }),
      );
      return;
    case 3:
      expect(await codeOf(vista.delete(id))).toBe(oracle.delete(id));
      return;
    case 4: {
      const few = random.chance(0.8) ? vista.where("stock", "<", 1) : vista;
      await few.deleteAll();
      oracle.deleteAll(few.query);
      return;
    }
    case 5: {
      const some = vista.where("stock", ">", row.stock).orderBy("name");
      expect([...(await some.list())]).toEqual([...oracle.list(some.query)]);
      // What is old is renewed behind a reader.
      await oracle.expectSame(dio);
      expect(await vista.count()).toBe(oracle.count());
      return;
    }
    case 6:
      expect(await vista.get(id)).toEqual(oracle.get(id));
      return;
    case 7:
      backend.set(id, row);
      oracle.source.set(row);
      return;
    case 8:
      backend.remove(id);
      oracle.source.delete(id);
      return;
    case 9:
      await dio.handleEvent({ type: "updated", id, row });
      oracle.handleEvent({ type: "updated", id, row });
      return;
    case 10:
      await dio.handleEvent({ type: "deleted", id });
      oracle.handleEvent({ type: "deleted", id });
      return;
    case 11:
      await dio.invalidateRecord(id);
      oracle.invalidateRecord(id);
      return;
    case 12:
      await dio.refresh();
      oracle.refresh();
      return;
    default:
      return fail(play, random, row);
  }
}

/** What goes wrong with writes, and what becomes of that. */
async function fail({ dio, source, clock, oracle }: Play, random: Random, row: Tea): Promise<void> {
  const [letter] = dio.writes.failed();
  if (letter !== undefined && random.chance(0.5)) {
    const isRetried = random.chance(0.5);
    await (isRetried ? dio.writes.retry(letter.op.opId) : dio.writes.discard(letter.op.opId));
    if (isRetried) oracle.retry();
    else oracle.discard();
  } else if (oracle.pending().length === 0) {
    // The next attempt is that of this write: everything before it is done.
    const isDown = random.chance(0.5);
    source.setFaults(isDown ? { errorRate: { replace: 1 } } : { permanentErrorRate: { replace: 1 } });
    oracle.failNext(isDown ? "down" : "refused");
    await dio.vista().replace(row.id, row);
    oracle.replace(row.id, row);
    await oracle.expectSame(dio);
    source.heal();
  } else {
    await clock.advance(3_600_000);
    oracle.passTime();
  }
}

describe("a model of a Dio", () => {
  test.for<CacheKind>(["complete", "incomplete", "filled", "none"])(
    "T34 it shows what a Dio shows, whatever happens: cache %s",
    async (cache) => {
      const seed = Number(process.env["DIORAMA_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
      for (let round = 0; round < 30; round++) {
        const random = createRandom(deriveSeed(seed, round));
        const play = await open(cache);
        for (let turn = 0; turn < 20; turn++) {
          try {
            await step(play, random);
            await play.oracle.expectSame(play.dio);
          } catch (error) {
            throw new Error(`seed ${seed}, round ${round}, turn ${turn}: ${String(error)}`, { cause: error });
          }
        }
        await play.clock.until(play.lens.close({ drain: 0 }));
      }
    },
  );

  test("T34 what fails is tried again when time passes", async () => {
    const { dio, source, clock, oracle } = await open();
    const vista = dio.vista();
    source.failNext("patch", new DioramaError("unavailable", "made up"));
    oracle.failNext("down");
    await vista.patch("a", { stock: 9 });
    oracle.patch("a", { stock: 9 });
    await oracle.expectSame(dio);
    expect(oracle.pending().map(({ kind }) => kind)).toEqual(["patch"]);
    await clock.advance(3_600_000);
    oracle.passTime();
    await oracle.expectSame(dio);
    expect(oracle.source.rows.get("a")?.stock).toBe(9);
    expect(oracle.pending()).toEqual([]);
  });

  test("T35 it knows what a Dio shows that was opened again over what its folder holds", async () => {
    const folder = mkdtempSync(join(tmpdir(), "diorama-oracle-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const first = await open("complete", folder);
    const { oracle, source, backend, clock } = first;
    source.setFaults({ permanentErrorRate: { patch: 1 } });
    oracle.failNext("refused");
    await first.dio.vista().patch("c", { stock: 1 });
    oracle.patch("c", { stock: 1 });
    await oracle.expectSame(first.dio);
    source.goDown();
    oracle.failNext("down");
    await first.dio.vista().patch("a", { stock: 7 });
    oracle.patch("a", { stock: 7 });
    await first.dio.vista().delete("b");
    oracle.delete("b");
    await oracle.expectSame(first.dio);
    await first.lens.close();
    source.heal();
    backend.set("d", { id: "d", name: "Darjeeling", stock: 1 });
    oracle.source.set({ id: "d", name: "Darjeeling", stock: 1 });
    const { dio } = await openLens(source, { cache: "complete", clock, folder });
    await dio.flush();
    await dio.refresh();
    oracle.reopened();
    await oracle.expectSame(dio);
    expect([...oracle.visible().keys()].toSorted()).toEqual(["a", "c", "d"]);
    const [letter] = dio.writes.failed();
    expect(oracle.failed()).toEqual([{ kind: "patch", id: "c", partial: { stock: 1 } }]);
    await dio.writes.retry(letter?.op.opId ?? "");
    oracle.retry();
    await dio.flush();
    await oracle.expectSame(dio);
    expect(backend.rows.get("c")?.stock).toBe(1);
  });

  test("T36 a Dio that shows something else is told apart, row by row", async () => {
    const { dio, oracle } = await open();
    expect(await oracle.difference(dio)).toBeUndefined();
    oracle.source.set({ id: "a", name: "Assam", stock: 4 });
    oracle.refresh();
    oracle.delete("c");
    await expect(oracle.expectSame(dio)).rejects.toThrow(
      [
        "The Dio differs from what it must show:",
        '  visible row "a": found {"id":"a","name":"Assam","stock":3}, expected {"id":"a","name":"Assam","stock":4}',
        '  visible row "c": found {"id":"c","name":"Chai","stock":0}, expected nothing',
      ].join("\n"),
    );
  });

  test("T36 it waits until the Dio rests, and says where it does not", async () => {
    const { dio, source, oracle, clock } = await open();
    source.setFaults({ latencyMs: [10, 10] });
    await dio.vista().delete("a");
    oracle.delete("a");
    await expect(oracle.expectSame(dio)).rejects.toThrow("the Dio comes to rest");
    await clock.advance(10);
    await oracle.expectSame(dio);
  });
});
