import { describe, expect, test } from "vitest";
import { FlakyTable } from "../../test/dio/flaky-table.ts";
import { type DioramaError, yieldToLoop } from "../base/index.ts";
import { blankMeta, type TableMeta } from "../cache/index.ts";
import type { Row } from "../record/index.ts";
import { createManualClock } from "../testing/index.ts";
import { Journal } from "./journal.ts";

async function createRig(meta: Partial<TableMeta> = {}) {
  const clock = createManualClock();
  const table = await FlakyTable.create([], meta);
  const failures: DioramaError[] = [];
  const rig = {
    clock,
    table,
    failures,
    rows: new Map<string, Row>(),
    meta: table.meta,
    set(id: string, n: number) {
      rig.rows.set(id, { n });
      journal.changed(id);
    },
    setMany(count: number, n: number, prefix = "") {
      for (let index = 0; index < count; index++) rig.set(`${prefix}${index}`, n);
    },
    remove(id: string) {
      rig.rows.delete(id);
      journal.changed(id);
    },
    setMeta(change: Partial<TableMeta>) {
      rig.meta = { ...rig.meta, ...change };
      journal.metaChanged();
    },
    async stored() {
      return new Map([...table.content].map(([id, { row }]) => [id, row["n"]]));
    },
  };
  const journal = new Journal(
    table,
    {
      stored: (id) => {
        const row = rig.rows.get(id);
        return row === undefined ? undefined : { id, row, fetchedAt: 1 };
      },
      allIds: () => rig.rows.keys(),
      writesBehind: true,
      meta: () => rig.meta,
      onFailure: (error) => failures.push(error),
    },
    clock,
  );
  return { ...rig, rig, journal };
}

const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn++) await yieldToLoop();
};

describe("writing behind", () => {
  test("D8 a change is on its way within 50 ms, ten changes of one row are one write", async () => {
    const { clock, table, set, remove, stored } = await createRig();
    for (let n = 0; n < 10; n++) set("a", n);
    set("b", 1);
    remove("b");
    await clock.advance(49);
    expect(table.attempts).toBe(0);
    await clock.advance(1);
    await settle();
    expect(table.applied).toEqual([{ puts: [{ id: "a", row: { n: 9 }, fetchedAt: 1 }], deletes: ["b"] }]);
    expect(await stored()).toEqual(new Map([["a", 9]]));
    expect(clock.timerCount).toBe(0);
  });

  test("D8 what changes while a transaction is under way waits its own 50 ms at most, and goes together", async () => {
    const { clock, table, set, journal } = await createRig();
    set("a", 1);
    await clock.advance(50);
    table.hold();
    set("b", 1);
    await clock.advance(30);
    set("c", 1);
    table.release();
    await settle();
    expect(table.applied.map(({ puts }) => puts?.length)).toEqual([1]);
    expect(journal.backlog).toBe(2);
    await clock.advance(20);
    await settle();
    expect(table.applied.map(({ puts }) => puts?.length)).toEqual([1, 2]);
    set("d", 1);
    set("e", 1);
    table.hold();
    await clock.advance(50);
    set("f", 1);
    await clock.advance(200);
    table.release();
    await settle();
    // It has waited long enough.
    await clock.advance(0);
    await settle();
    expect(table.applied.map(({ puts }) => puts?.length)).toEqual([1, 2, 2, 1]);
  });

  test("D8 many changes are not kept waiting, and those of one stretch go together", async () => {
    const { clock, table, setMany } = await createRig();
    setMany(5_000, 1);
    expect(table.attempts).toBe(0);
    await settle();
    expect(table.applied.map(({ puts }) => puts?.length)).toEqual([5_000]);
    expect(clock.timerCount).toBe(0);
  });

  test("D8 the process stays for what is not written, not for what can't be", async () => {
    const { clock, table, set } = await createRig();
    const kept: (boolean | undefined)[] = [];
    const { setTimer } = clock;
    clock.setTimer = (callback, delayMs, options) => {
      kept.push(options?.keepAlive);
      return setTimer(callback, delayMs);
    };
    set("a", 1);
    table.fail({ code: "full" });
    await clock.advance(50);
    await settle();
    expect(kept).toEqual([true, undefined]);
    expect(clock.timerCount).toBe(1);
    await clock.advance(1_000);
    await settle();
    expect([table.rowCount, clock.timerCount]).toEqual([1, 0]);
  });
});

describe("metadata", () => {
  test("D8 it goes with the transaction that leaves nothing unwritten", async () => {
    const { table, setMany, setMeta, journal } = await createRig({ complete: true, version: "1" });
    setMany(25_000, 2);
    setMeta({ clean: false, version: "2", notes: { position: 7 } });
    await journal.flush();
    expect(table.applied.map(({ puts, meta }) => [puts?.length, meta?.version, meta?.clean])).toEqual([
      // Being changed, it is not clean any more.
      [10_000, "1", false],
      [10_000, undefined, undefined],
      [5_000, "2", false],
    ]);
    expect(table.meta).toEqual({
      ...blankMeta,
      complete: true,
      clean: false,
      version: "2",
      notes: { position: 7 },
    });
    setMany(1, 3);
    await journal.flush();
    expect(table.applied.at(-1)).not.toHaveProperty("meta");
  });

  test("D8 a table that is filled anew is complete with the transaction that completes it", async () => {
    const { table, rig, journal } = await createRig({ complete: true, clean: false });
    for (let index = 0; index < 25_000; index++) rig.rows.set(String(index), { n: 1 });
    rig.meta = { ...rig.meta, seededAt: 5 };
    journal.rewritten();
    await journal.flush();
    expect(
      table.applied.map(({ clear, puts, meta }) => [clear, puts?.length, meta?.complete, meta?.clean]),
    ).toEqual([
      [true, 10_000, false, false],
      [undefined, 10_000, undefined, undefined],
      [undefined, 5_000, true, false],
    ]);
  });

  test("D8 in the middle of a change it claims no more than will be true", async () => {
    const { table, setMany, setMeta, journal } = await createRig({
      complete: true,
      clean: false,
      fingerprint: "one",
    });
    setMeta({ complete: false });
    setMany(15_000, 1);
    await journal.flush();
    expect(table.applied.map(({ meta }) => meta?.complete)).toEqual([false, false]);
    // Rows of two sources are nobody's.
    setMeta({ fingerprint: "two", complete: true });
    setMany(15_000, 2);
    await journal.flush();
    expect(table.applied.slice(2).map(({ meta }) => [meta?.fingerprint, meta?.complete])).toEqual([
      [undefined, false],
      ["two", true],
    ]);
  });

  test("D8 changes that come as fast as they are written do not keep it out", async () => {
    const { table, set, setMeta, journal } = await createRig({ clean: false });
    let n = 0;
    table.onApplied = () => {
      if (table.applied.length < 30) for (let index = 0; index < 9_000; index++) set(`x${n++}`, 1);
    };
    setMeta({ version: "2" });
    for (let index = 0; index < 15_000; index++) set(`a${index}`, 1);
    await journal.flush();
    expect(table.meta.version).toBe("2");
    expect(table.applied.length).toBeLessThan(5);
    table.onApplied = undefined;
    await journal.flush();
    expect(journal.backlog).toBe(0);
  });
});

describe("flush", () => {
  test("D8 it waits for what was changed before it, and not for what changes since", async () => {
    const { table, clock, set, journal } = await createRig();
    await journal.flush();
    expect(table.attempts).toBe(0);
    set("a", 1);
    let more = 0;
    table.onApplied = () => set(`more${more++}`, 1);
    await journal.flush();
    expect(more).toBe(1);
    const [first, second] = [journal.flush(), journal.flush()];
    await Promise.all([first, second]);
    expect(more).toBe(2);
    table.onApplied = undefined;
    await clock.advance(100);
    await settle();
    expect([journal.backlog, clock.timerCount]).toEqual([0, 0]);
  });

  test("D8 one that comes while a transaction is under way waits for the next one too", async () => {
    const { table, clock, set, journal, stored } = await createRig();
    set("a", 1);
    table.hold();
    await clock.advance(50);
    set("b", 1);
    const flushed = journal.flush();
    table.release();
    await flushed;
    expect([...(await stored()).keys()]).toEqual(["a", "b"]);
  });

  test("D8 D12 it rejects with why, and the next one tries again at once", async () => {
    const { table, clock, set, journal, failures, stored } = await createRig();
    set("a", 1);
    table.fail({ code: "full" }, { code: "full" });
    await expect(journal.flush()).rejects.toMatchObject({ code: "full" });
    await expect(Promise.all([journal.flush(), journal.flush()])).rejects.toMatchObject({ code: "full" });
    expect(journal.failing).toMatchObject({ code: "full" });
    await journal.flush();
    expect(journal.failing).toBeUndefined();
    expect(await stored()).toEqual(new Map([["a", 1]]));
    expect([failures.length, clock.timerCount]).toEqual([1, 0]);
  });

  test("D8 D12 a transaction that failed and had begun before it does not count: it is tried again", async () => {
    const { table, clock, set, journal, stored } = await createRig();
    set("a", 1);
    table.hold();
    table.fail({ code: "full" });
    await clock.advance(50);
    await settle();
    const flushed = journal.flush();
    table.release();
    await flushed;
    expect(await stored()).toEqual(new Map([["a", 1]]));
  });

  test("D8 after the end it is closed, unless nothing is left", async () => {
    const { table, set, journal, clock } = await createRig();
    set("a", 1);
    await journal.flush();
    journal.close();
    await journal.flush();
    set("b", 1);
    await expect(journal.flush()).rejects.toMatchObject({ code: "closed" });
    await journal.whenBelow(0);
    await clock.advance(10_000);
    expect([table.attempts, clock.timerCount]).toEqual([1, 0]);
  });
});

describe("a table that fails", () => {
  test("D12 in the middle of several transactions it goes on where it stood", async () => {
    const { table, clock, setMany, remove, setMeta, journal, failures, stored, rig } = await createRig({
      clean: false,
    });
    setMany(25_000, 1);
    setMeta({ complete: true });
    table.fail({ code: "full" });
    table.onApplied = () => table.fail({ code: "full" });
    await expect(journal.flush()).rejects.toMatchObject({ code: "full" });
    remove("7");
    setMany(10, 2, "new");
    table.heal();
    let claimed = 0;
    table.onApplied = () => {
      if (table.meta.complete) claimed += 1;
      if (table.meta.complete) expect(table.rowCount).toBe(rig.rows.size);
    };
    await clock.advance(1_000);
    await settle();
    expect(claimed).toBe(1);
    expect(await stored()).toEqual(new Map([...rig.rows].map(([id, row]) => [id, row["n"]])));
    expect(failures).toHaveLength(1);
  });

  test("D12 a clearing that failed is made up for before anything else", async () => {
    const { table, rig, set, journal, stored } = await createRig({ clean: false });
    set("old", 1);
    await journal.flush();
    rig.rows.clear();
    for (let index = 0; index < 12_000; index++) rig.rows.set(String(index), { n: 1 });
    journal.rewritten();
    table.fail({ code: "unavailable", kept: true }, { code: "unavailable" });
    await expect(journal.flush()).rejects.toMatchObject({ code: "unavailable" });
    await expect(journal.flush()).rejects.toMatchObject({ code: "unavailable" });
    rig.rows.delete("5");
    journal.changed("5");
    await journal.flush();
    expect((await stored()).size).toBe(11_999);
    expect((await stored()).has("old")).toBe(false);
  });

  test("D12 one that was damaged is filled again at once; damaged again, after a pause", async () => {
    const { table, clock, set, setMeta, journal, failures, stored } = await createRig();
    for (let index = 0; index < 5; index++) set(String(index), 1);
    setMeta({ complete: true, clean: false });
    await journal.flush();
    set("0", 2);
    table.fail({ code: "corrupt" });
    await journal.flush();
    expect(failures.map(({ code }) => code)).toEqual(["corrupt"]);
    expect((await stored()).size).toBe(5);
    expect([table.meta.complete, (await stored()).get("0")]).toEqual([true, 2]);
    set("0", 3);
    table.fail({ code: "corrupt" }, { code: "corrupt" });
    await expect(journal.flush()).rejects.toMatchObject({ code: "corrupt" });
    await clock.advance(1_000);
    await settle();
    expect([(await stored()).size, (await stored()).get("0"), failures.length]).toEqual([5, 3, 2]);
  });

  test("D12 a row that can't be stored keeps no other one out, and its table is not complete", async () => {
    const { table, set, setMany, setMeta, journal, failures, stored, rig } = await createRig({
      clean: false,
    });
    set("big", 0);
    await journal.flush();
    table.refuse("big");
    setMany(3_000, 1);
    set("big", 1);
    setMany(3_000, 1, "b");
    setMeta({ complete: true });
    await expect(journal.flush()).rejects.toMatchObject({ code: "invalid" });
    expect([(await stored()).size, (await stored()).has("big"), table.meta.complete]).toEqual([
      6_000,
      false,
      false,
    ]);
    expect([failures.length, journal.failing?.code]).toEqual([1, "invalid"]);
    table.heal();
    rig.rows.set("big", { n: 2 });
    journal.changed("big");
    setMeta({ complete: true });
    await journal.flush();
    expect([(await stored()).get("big"), table.meta.complete, journal.failing]).toEqual([2, true, undefined]);
  });

  test("D12 whoever fills faster than the disk waits for it, and not for a disk that takes nothing", async () => {
    const { table, setMany, journal, clock } = await createRig();
    table.hold();
    setMany(30_000, 1);
    let isBelow = false;
    const below = journal.whenBelow(20_000).then(() => (isBelow = true));
    await settle();
    expect(isBelow).toBe(false);
    setMany(30_000, 2, "more");
    const blocked = journal.whenBelow(20_000).then(() => "goes on");
    table.fail({ code: "full" });
    table.release();
    expect(await blocked).toBe("goes on");
    await below;
    await journal.whenBelow(20_000);
    await clock.advance(1_000);
    await settle();
    await journal.flush();
    expect(table.rowCount).toBe(60_000);
  });
});
