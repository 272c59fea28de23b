import { type DioramaError, Lens, memory, type Row } from "vantage-diorama";
import { createManualClock } from "vantage-diorama/testing";
import { describe, expect, test } from "vitest";
import { openLens, recordEvents, settle } from "./setup.ts";

interface Part {
  readonly id: string;
  readonly rank: number;
}

const part = (rank: number): Part => ({ id: `p${rank}`, rank });
const columns = { id: "text", rank: "number" } as const;

type Push = (index: number, id: string, row?: Row) => void;

/** Loads by the positions that `at` says; without, every position its row. */
async function openParts(
  loader: (range: { start: number; end: number }, push: Push, signal: AbortSignal) => void | Promise<void>,
  total = 100,
) {
  const clock = createManualClock();
  const builder = Lens.builder()
    .clock(clock)
    .onLoadChunk(async (...[, range, sink, , { signal }]) =>
      loader(range, (index, id, row = { ...part(index), id }) => sink.push(index, id, row), signal),
    )
    .totalProvider(() => Promise.resolve(total))
    .pageSize(10)
    .viewportDebounce(0);
  const lens = await openLens({ builder, clock });
  const vista = memory<Part>("parts", { id: "id", columns, rows: [] });
  return { clock, lens, dio: await lens.makeDio<Part>(vista) };
}

const all = ({ start, end }: { start: number; end: number }, push: Push): void => {
  for (let index = start; index < end; index++) push(index, `p${index}`);
};

const idsOf = (table: { rows(start: number, end: number): readonly ({ id: string } | undefined)[] }) =>
  table.rows(0, Infinity).map((row) => row?.id);

describe("what is asked of a table", () => {
  test("S1 S16 D44 unknown columns are invalid, name the vista and the column, and leave nothing open", async () => {
    const { dio } = await openParts(all);
    const bad = { code: "invalid", message: expect.stringMatching(/parts.*nope|nope.*parts/s) };
    await expect(async () => dio.tableScenery({ where: ["nope", "=", 1] }).open()).rejects.toMatchObject(bad);
    await expect(async () => dio.tableScenery({ orderBy: "nope" }).open()).rejects.toMatchObject(bad);
    await expect(async () => dio.tableScenery({ pageSize: 0 }).open()).rejects.toMatchObject({
      code: "invalid",
    });
    expect(() => dio.valueScenery().sum("nope")).toThrow(expect.objectContaining(bad));
    expect(() => dio.valueScenery({ groupBy: "nope" }).count()).toThrow(expect.objectContaining(bad));
    expect(() => dio.valueScenery({ where: ["nope", "=", 1] })).toThrow(expect.objectContaining(bad));
    expect(() => dio.recordScenery("")).toThrow(expect.objectContaining({ code: "invalid" }));
    const table = await dio.tableScenery({ orderBy: "rank" }).open();
    for (const change of [() => table.setOrder("nope"), () => table.setWhere(["nope", "=", 1])])
      await expect(change()).rejects.toMatchObject(bad);
    expect([table.row(3)?.id, table.generation]).toEqual(["p3", 0]);
    table.close();
    expect(dio.diagnostics().views.sceneries).toBe(0);
  });

  test("S3 S6 D44 viewports and positions that are none", async () => {
    const { dio, clock } = await openParts(all);
    const table = await dio.tableScenery().open();
    for (const [start, end] of [
      [-1, 5],
      [5, 4],
      [0.5, 2],
      [Number.NaN, 2],
      [0, Infinity],
    ] as const)
      expect(() => table.setViewport(start, end)).toThrow(expect.objectContaining({ code: "invalid" }));
    expect([table.viewport, table.generation]).toEqual([undefined, 0]);
    expect([-1, 0.5, 100, 1e9, Infinity, Number.NaN].map((index) => table.row(index))).toEqual(
      Array.from({ length: 6 }),
    );
    expect([table.rows(100, 200), table.rows(5, 2), table.rows(-3, 1).length, table.indexOf("none")]).toEqual(
      [[], [], 1, -1],
    );
    table.setViewport(500, 510);
    await clock.advance(0);
    await settle();
    expect([table.rowCount, table.rows(500, 510), table.state.kind]).toEqual([100, [], "partial"]);
  });
});

describe("what a loader pushes", () => {
  const misdeeds: readonly (readonly [string, (push: Push) => void])[] = [
    ["a position twice", (push) => push(0, "other")],
    ["an id twice", (push) => push(9, "p0")],
    ["below its range", (push) => push(-1, "other")],
    ["above its range", (push) => push(10, "other")],
    ["at no whole number", (push) => push(0.5, "other")],
    ["an id that is none", (push) => push(9, "")],
    ["a row that is none", (push) => push(9, "other", new Date() as never)],
    ["a row of another id", (push) => push(9, "other", { id: "else", rank: 1 })],
  ];

  test.for(misdeeds)(
    "S24 D43 %s: it hears so, and nothing of the load is shown or kept",
    async ([, misdeed]) => {
      const heard: unknown[] = [];
      let isBad = true;
      const { dio, clock } = await openParts((range, push) => {
        for (let index = range.start; index < range.end - 1; index++) push(index, `p${index}`);
        if (!isBad) return push(range.end - 1, `p${range.end - 1}`);
        try {
          misdeed(push);
        } catch (error) {
          heard.push((error as DioramaError).code);
        }
      });
      const events = recordEvents(dio);
      const table = await dio.tableScenery({ orderBy: "rank" }).open();
      await settle();
      expect(heard).toEqual(["invalid"]);
      expect(table.state).toMatchObject({ kind: "error", error: { code: "invalid" } });
      expect([idsOf(table).filter(Boolean), await dio.cache.count()]).toEqual([[], 0]);
      expect(events.filter(({ type }) => type === "loadFailed")).toHaveLength(1);
      isBad = false;
      await clock.advance(1_000);
      await settle();
      expect([idsOf(table).slice(0, 10), table.state.kind]).toEqual([
        Array.from({ length: 10 }, (_, index) => `p${index}`),
        "partial",
      ]);
    },
  );

  test("S24 S26 D43 after its signal fired: nobody's", async () => {
    const waiting: { push: Push; signal: AbortSignal; answer: () => void }[] = [];
    const { dio, clock } = await openParts(async (range, push, signal) => {
      if (range.start === 0) return all(range, push);
      await new Promise<void>((resolve) => waiting.push({ push, signal, answer: resolve }));
      push(range.start, `late${range.start}`);
    });
    const table = await dio.tableScenery({ orderBy: "rank" }).open();
    table.setViewport(50, 60);
    await clock.advance(0);
    await settle();
    table.setViewport(80, 90);
    await clock.advance(0);
    await settle();
    expect(waiting.map(({ signal }) => signal.aborted)).toEqual([true, false]);
    waiting[0]?.push(51, "p51");
    waiting[0]?.answer();
    await settle();
    expect([table.row(50), table.row(51), await dio.cache.get("p51"), await dio.cache.get("late50")]).toEqual(
      [undefined, undefined, undefined, undefined],
    );
    table.close();
    expect(waiting[1]?.signal.aborted).toBe(true);
    waiting[1]?.answer();
    await settle();
    expect(await dio.cache.get("late80")).toBeUndefined();
  });

  test("S32 D43 an id that stands elsewhere: no view shows it twice, and it ends at one place", async () => {
    const { dio, clock } = await openParts((range, push) => {
      for (let index = range.start; index < range.end; index++)
        push(index, index === 55 ? "p5" : `p${index}`);
    });
    const table = await dio.tableScenery({ orderBy: "rank" }).open();
    const torn: unknown[] = [];
    table.subscribe(() => {
      const shown = idsOf(table).filter((id) => id !== undefined);
      if (new Set(shown).size < shown.length) torn.push(shown);
    });
    expect(table.indexOf("p5")).toBe(5);
    table.setViewport(50, 60);
    await clock.advance(0);
    await settle(100);
    expect([torn, table.row(table.indexOf("p5"))?.id, table.indexOf("p5"), table.row(54)?.id]).toEqual([
      [],
      "p5",
      55,
      "p54",
    ]);
  });
});
