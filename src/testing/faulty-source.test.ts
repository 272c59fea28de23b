import { describe, expect, test } from "vitest";
import { DioramaError, isDioramaError } from "../base/index.ts";
import { everything } from "../query/index.ts";
import { memory, vista, type Source } from "../vista/index.ts";
import { createFaultySource, type FaultOptions, type FaultySource } from "./faulty-source.ts";
import { createManualClock } from "./manual-clock.ts";
import { generateProducts, productColumns, type Product } from "./products.ts";

const createSource = (count = 30) =>
  memory<Product>("products", { id: "id", columns: productColumns, rows: generateProducts(count) }).source;

const createFaulty = (options: FaultOptions): FaultySource<Product> =>
  createFaultySource(createSource(), options);

const generateOne = (): Product => [...generateProducts(2)][1] ?? expect.fail("two were asked for");

/** What `count` calls came to: `ok`, the code of an error, or what else was thrown. */
async function outcomes(count: number, call: () => Promise<unknown>): Promise<string[]> {
  const found: string[] = [];
  for (let turn = 0; turn < count; turn++) {
    found.push(
      await call().then(
        () => "ok",
        (error: unknown) => (isDioramaError(error) ? error.code : "no DioramaError"),
      ),
    );
  }
  return found;
}

const share = (found: readonly string[], outcome: string): number =>
  found.filter((each) => each === outcome).length / found.length;

async function readAll(source: Source<Product>, signal?: AbortSignal): Promise<string[]> {
  const ids: string[] = [];
  for await (const batch of source.read(everything, { signal })) ids.push(...batch.map(([id]) => id));
  return ids;
}

describe("a faulty source", () => {
  test("T6 without faults it is the source, and counts its calls", async () => {
    const source = createSource();
    const faulty = createFaultySource(source);
    const of = vista(faulty);
    expect([...(await of.list()).keys()]).toEqual([...source.rows.keys()]);
    expect(await of.get("p3")).toBe(source.rows.get("p3"));
    expect(await of.count()).toBe(30);
    await of.patch("p3", { stock: 1 });
    expect(source.rows.get("p3")?.stock).toBe(1);
    expect([faulty.name, faulty.schema, faulty.capabilities]).toEqual([
      source.name,
      source.schema,
      source.capabilities,
    ]);
    expect([faulty.calls("read"), faulty.calls("get"), faulty.calls("delete"), faulty.calls()]).toEqual([
      1, 1, 0, 4,
    ]);
  });

  test("T6 it offers what the source offers, and nothing else", () => {
    const source = createSource();
    const bare: Source<Product> = {
      name: "bare",
      schema: source.schema,
      capabilities: source.capabilities,
      fingerprint: () => "bare",
      async *read() {},
      explain: () => "reads it all",
      close: async () => undefined,
    };
    const faulty = createFaultySource(bare);
    for (const method of ["get", "count", "page", "window", "next", "insert", "add", "watch", "version"]) {
      expect(method in faulty).toBe(false);
      expect(method in createFaultySource(source)).toBe(method !== "add");
    }
    expect(faulty.explain?.(everything)).toBe("reads it all");
    expect("close" in faulty).toBe(true);
  });

  test("T7 the n-th call of a method meets the same in every run and beside other methods", async () => {
    const faults = { seed: 11, errorRate: 0.3, permanentErrorRate: 0.1, nonErrorRate: 0.1 };
    const alone = createFaulty(faults);
    const mixed = createFaulty(faults);
    const expected = await outcomes(60, () => alone.get?.("p1", {}) ?? Promise.resolve());
    const found: string[] = [];
    for (let turn = 0; turn < 60; turn++) {
      await outcomes(1, () => mixed.count?.(everything, {}) ?? Promise.resolve());
      found.push(...(await outcomes(1, () => mixed.get?.("p1", {}) ?? Promise.resolve())));
    }
    expect(found).toEqual(expected);
    const other = createFaulty({ ...faults, seed: 12 });
    expect(await outcomes(60, () => other.get?.("p1", {}) ?? Promise.resolve())).not.toEqual(expected);
  });

  test("T8 latency is the clock's, and ends with the signal", async () => {
    const clock = createManualClock();
    const faulty = createFaulty({ clock, latencyMs: { get: [100, 100] } });
    let answered = false;
    const asked = vista(faulty)
      .get("p1")
      .then(() => (answered = true));
    await clock.advance(99);
    expect(answered).toBe(false);
    await clock.advance(1);
    await asked;
    expect(await vista(faulty).count()).toBe(30);
    const control = new AbortController();
    const aborted = outcomes(1, () => faulty.get?.("p1", { signal: control.signal }) ?? Promise.resolve());
    control.abort();
    expect(await aborted).toEqual(["no DioramaError"]);
    expect(clock.timerCount).toBe(0);
    faulty.setFaults({ latencyMs: [5, 10] });
    const slow = vista(faulty).count();
    await clock.advance(4);
    expect(clock.timerCount).toBe(1);
    await clock.advance(6);
    expect(await slow).toBe(30);
  });

  test("T8 a hanging call never settles, but a Vista's reader can leave", async () => {
    const faulty = createFaulty({ hangRate: 1 });
    const control = new AbortController();
    const reads = [
      vista(faulty).get("p1", { signal: control.signal }),
      vista(faulty).list({ signal: control.signal }),
    ];
    const left = new Error("left");
    control.abort(left);
    for (const read of reads) await expect(read).rejects.toBe(left);
  });

  test("T9 errors come at their rates, of every kind", async () => {
    const faulty = createFaulty({ seed: 3, errorRate: 0.2, permanentErrorRate: 0.1, nonErrorRate: 0.1 });
    const found = await outcomes(2_000, () => faulty.get?.("p1", {}) ?? Promise.resolve());
    expect(share(found, "unavailable")).toBeGreaterThan(0.15);
    expect(share(found, "unavailable")).toBeLessThan(0.21);
    expect(share(found, "rejected")).toBeCloseTo(0.1, 1);
    expect(share(found, "no DioramaError")).toBeGreaterThan(0.05);
    const reads = createFaultySource(createSource(3_500), { seed: 3, errorRate: 1 });
    const broken = new Set<number>();
    for (let turn = 0; turn < 30; turn++) {
      let rows = 0;
      try {
        for await (const batch of reads.read(everything, {})) rows += batch.length;
      } catch {
        broken.add(rows);
      }
    }
    expect([...broken].toSorted((a, b) => a - b)).toEqual([0, 1_000, 2_000, 3_000]);
  });

  test("T9 failNext fails the next calls of a method, whatever it throws", async () => {
    const faulty = createFaulty({});
    faulty.failNext("patch", new DioramaError("conflict", "made up"), 2);
    faulty.failNext("patch", "text");
    const of = vista(faulty);
    const patch = (): Promise<unknown> => of.patch("p1", { stock: 1 });
    expect(await outcomes(4, patch)).toEqual(["conflict", "conflict", "no DioramaError", "ok"]);
    faulty.failNext("watch", new DioramaError("unavailable", "made up"));
    expect(await outcomes(1, () => of.watch().next())).toEqual(["unavailable"]);
  });

  test("T9 an outage fails every call inside its time", async () => {
    const clock = createManualClock();
    await clock.advance(5_000);
    const faulty = createFaulty({ clock, outages: [[100, 200]] });
    const ask = (): Promise<string[]> => outcomes(1, () => vista(faulty).list());
    const found = [...(await ask())];
    await clock.advance(100);
    found.push(...(await ask()));
    await clock.advance(99);
    found.push(...(await ask()));
    await clock.advance(1);
    found.push(...(await ask()));
    expect(found).toEqual(["ok", "unavailable", "unavailable", "ok"]);
  });

  test("T10 a lost answer fails a write that was done", async () => {
    const source = createSource();
    const faulty = createFaultySource(source, { lostAnswerRate: 1 });
    expect(await outcomes(1, () => vista(faulty).delete("p1"))).toEqual(["unavailable"]);
    expect(source.rows.has("p1")).toBe(false);
    expect(await outcomes(1, () => vista(faulty).patch("p2", { stock: 7 }))).toEqual(["unavailable"]);
    expect(source.rows.get("p2")?.stock).toBe(7);
    expect(await outcomes(1, () => vista(faulty).get("p2"))).toEqual(["ok"]);
  });

  test("T11 pages come short, repeated, doubled and with wrong totals", async () => {
    const window = async (faults: FaultOptions, offset: number) =>
      createFaulty(faults).window?.(everything, { offset, limit: 10 }, {});
    const partial = await window({ partialPageRate: 1 }, 0);
    expect(partial?.rows.length).toBeLessThan(10);
    expect(partial?.total).toBe(30);
    const totals = new Set<number | undefined>();
    for (let seed = 0; seed < 20; seed++) totals.add((await window({ seed, lyingTotalRate: 1 }, 0))?.total);
    expect(totals.size).toBeGreaterThan(10);
    const doubled = createFaulty({ duplicatedIdRate: 1 });
    expect(await outcomes(1, () => vista(doubled).fetchPage(1, 10))).toEqual(["rejected"]);
    expect(await outcomes(1, () => vista(doubled).list())).toEqual(["rejected"]);
    const repeating = createFaulty({ duplicatedPageRate: 1 });
    const first = await repeating.page?.(everything, { number: 1, size: 5 }, {});
    const second = await repeating.page?.(everything, { number: 2, size: 5 }, {});
    expect(second?.rows).toEqual(first?.rows);
    const lying = createFaulty({ lyingTotalRate: 1 });
    expect(await lying.count?.(everything, {})).not.toBe(30);
  });

  test("T11 data can change between pages, and a healed source answers rightly at once", async () => {
    const source = createSource();
    const faulty = createFaultySource(source, {
      changeDuringPagination: () => void source.remove("p0"),
      partialPageRate: 1,
      duplicatedIdRate: 1,
      errorRate: 0,
    });
    await faulty.next?.(everything, { token: undefined, size: 5 }, {});
    expect(source.rows.has("p0")).toBe(true);
    await faulty.next?.(everything, { token: undefined, size: 5 }, {});
    expect(source.rows.has("p0")).toBe(false);
    faulty.heal();
    const page = await vista(faulty).fetchPage(1, 5);
    expect([...page.rows.keys()]).toEqual(["p1", "p2", "p3", "p4", "p5"]);
    expect(page.total).toBe(29);
  });

  test("T11 a read can be deaf to its signal", async () => {
    const deaf = createFaultySource(createSource(3_000), { deafToAbort: true });
    expect(await readAll(deaf, AbortSignal.abort())).toHaveLength(3_000);
    expect(await outcomes(1, () => vista(deaf).list({ signal: AbortSignal.abort() }))).toEqual([
      "no DioramaError",
    ]);
  });

  test("T11 a feed is lost at its error rate", async () => {
    const source = createSource();
    const faulty = createFaultySource(source, { seed: 2, errorRate: 1 });
    const heard: number[] = [];
    for (let turn = 0; turn < 20; turn++) {
      let count = 0;
      const reading = (async () => {
        for await (const _change of vista(faulty).watch()) count += 1;
      })();
      const lost = expect(reading).rejects.toMatchObject({ code: "unavailable" });
      for (let change = 0; change < 5; change++) {
        await new Promise((resolve) => setTimeout(resolve));
        source.set("p1", { ...source.rows.get("p1"), stock: turn * 10 + change } as Product);
      }
      await lost;
      heard.push(count);
    }
    expect(new Set(heard).size).toBeGreaterThan(2);
  });

  test("T27 a rate or a latency can be that of some methods alone", async () => {
    const faulty = createFaulty({
      errorRate: { get: 1 },
      permanentErrorRate: { count: 1 },
      lostAnswerRate: { patch: 1 },
      nonErrorRate: { delete: 1 },
    });
    const of = vista(faulty);
    const calls = [
      () => of.get("p1"),
      () => of.count(),
      () => of.list(),
      () => of.patch("p1", { stock: 1 }),
      () => of.replace("p1", { ...generateOne(), stock: 2 }),
      () => of.delete("p1"),
    ];
    const found = await Promise.all(calls.map((call) => outcomes(1, call)));
    expect(found.flat()).toEqual(["unavailable", "rejected", "ok", "unavailable", "ok", "no DioramaError"]);
  });

  test("T28 an outage ends what is under way: reads break off, answers are lost, feeds end", async () => {
    const clock = createManualClock();
    const source = createSource(3_000);
    const faulty = createFaultySource(source, {
      clock,
      latencyMs: { get: [10, 10] },
      batchLatencyMs: [5, 5],
    });
    const feed = (async () => {
      for await (const _change of vista(faulty).watch());
    })();
    const slowWrite = createFaultySource(createFaultySource(source, { clock, latencyMs: [10, 10] }), {
      clock,
    });
    const under = Promise.allSettled([
      outcomes(1, () => readAll(faulty)),
      outcomes(1, () => vista(faulty).get("p1")),
      outcomes(1, () => vista(slowWrite).patch("p1", { stock: 9_999 })),
      feed.then(undefined, (error: unknown) => isDioramaError(error) && error.code),
    ]);
    await clock.advance(3);
    faulty.goDown(1_000);
    slowWrite.setFaults({ outages: [[0, 1_003]] });
    await clock.advance(20);
    expect((await under).map((each) => each.status === "fulfilled" && String(each.value))).toEqual(
      Array.from({ length: 4 }, () => "unavailable"),
    );
    expect(source.rows.get("p1")?.stock).toBe(9_999);
    expect(source.watcherCount).toBe(0);
    await clock.advance(1_000);
    const later = readAll(faulty);
    await clock.advance(20);
    expect(await later).toHaveLength(3_000);
    faulty.goDown();
    expect(await outcomes(1, () => vista(faulty).count())).toEqual(["unavailable"]);
    faulty.heal();
    expect(await outcomes(1, () => vista(faulty).count())).toEqual(["ok"]);
    expect(clock.timerCount).toBe(0);
  });

  test("T28 a scheduled outage ends a feed on which nothing happens, when it begins", async () => {
    const clock = createManualClock();
    const faulty = createFaulty({ clock, outages: [[100, 200]] });
    const feed = outcomes(1, async () => {
      for await (const _change of vista(faulty).watch());
    });
    await clock.advance(99);
    expect(clock.timerCount).toBe(1);
    await clock.advance(1);
    expect(await feed).toEqual(["unavailable"]);
    expect(clock.timerCount).toBe(0);
  });

  test("T29 a read may stop in its middle, and its data can change between batches", async () => {
    const source = createSource(3_500);
    const stopped = new Set<number>();
    for (let seed = 0; seed < 20; seed++) {
      const faulty = createFaultySource(source, { seed, hangRate: 1 });
      let rows = 0;
      void (async () => {
        for await (const batch of faulty.read(everything, {})) rows += batch.length;
        expect.fail("it never ends");
      })();
      await new Promise((resolve) => setTimeout(resolve));
      stopped.add(rows);
    }
    expect([...stopped].toSorted((a, b) => a - b)).toEqual([0, 1_000, 2_000, 3_000]);
    const drawn: number[] = [];
    const changing = (): FaultySource<Product> =>
      createFaultySource(source, { changeDuringPagination: (random) => drawn.push(random.integer(0, 1e9)) });
    await readAll(changing());
    await readAll(changing());
    expect(drawn).toHaveLength(6);
    expect(drawn.slice(0, 3)).toEqual(drawn.slice(3));
  });

  test("T30 the history tells each call and what it met", async () => {
    const clock = createManualClock();
    const faulty = createFaulty({ clock, seed: 4 });
    await outcomes(1, () => vista(faulty).get("p1"));
    await clock.advance(5);
    faulty.failNext("get", new DioramaError("conflict", "made up"));
    await outcomes(1, () => vista(faulty).get("p1"));
    faulty.setFaults({ lostAnswerRate: 1, partialPageRate: 1, lyingTotalRate: 1, hangRate: { version: 1 } });
    await outcomes(1, () => vista(faulty).patch("p1", { stock: 1 }));
    await outcomes(1, () => vista(faulty).fetchPage(1, 10));
    void faulty.version?.({});
    await new Promise((resolve) => setTimeout(resolve));
    expect(faulty.history.map(({ call, number, atMs }) => [call, number, atMs])).toEqual([
      ["get", 1, 0],
      ["get", 2, 5],
      ["patch", 1, 5],
      ["page", 1, 5],
      ["version", 1, 5],
    ]);
    const [fine, failed, lost, page, hung] = faulty.history.map(({ met }) => met);
    expect([fine, failed, lost, hung]).toEqual([[], ["fails: made up"], ["answer lost"], ["hangs"]]);
    expect(page?.join()).toMatch(/^partial page: \d rows for 10,total \d+ for 30$/);
    await outcomes(1_500, () => faulty.get?.("p1", {}) ?? Promise.resolve());
    expect(faulty.history).toHaveLength(1_000);
  });
});
