import {
  type Arbitrary,
  array,
  assert,
  asyncProperty,
  constant,
  constantFrom,
  nat,
  oneof,
  record,
  tuple,
} from "fast-check";
import { expect, test } from "vitest";
import { FlakyTable, type TableFailure } from "../../test/dio/flaky-table.ts";
import { runs } from "../../test/properties/runs.ts";
import { yieldToLoop } from "../base/index.ts";
import type { Row } from "../record/index.ts";
import { createManualClock, type ManualClock } from "../testing/index.ts";
import { RowStore } from "./row-store.ts";

interface TestRow extends Row {
  readonly n: number;
}

/** A Map that was told the same, and what every change was, by number. */
class Oracle {
  rows = new Map<string, TestRow>();
  /** Each change of an id: its number, and the row as it was from then on. */
  history = new Map<string, { readonly number: number; readonly n: number | undefined }[]>();
  number = 0;

  set(key: string, row: TestRow | undefined): void {
    if (row === undefined) this.rows.delete(key);
    else this.rows.set(key, row);
    const list = this.history.get(key) ?? [];
    list.push({ number: this.number, n: row?.n });
    this.history.set(key, list);
  }

  /** A crash: what is in the table is the truth from now on. */
  become(table: FlakyTable): void {
    this.history.clear();
    this.rows.clear();
    for (const [key, { row }] of table.content) this.set(key, { n: Number(row["n"]) });
  }

  /** The table says at which change it stands: every row is as it was there, or as it became later. */
  check(table: FlakyTable): void {
    const { notes, complete } = table.meta;
    const at = Number(notes["at"] ?? 0);
    for (const [key, list] of this.history) {
      const n = table.content.get(key)?.row["n"];
      // One that is being filled anew says that it isn't complete, and may lack rows; it never has old ones.
      if (n === undefined && !complete) continue;
      const last = list.findLastIndex(({ number }) => number <= at);
      const isAllowed = last === -1 ? n === undefined : n === list[last]?.n;
      if (isAllowed || list.some((entry) => entry.number > at && entry.n === n)) continue;
      throw new Error(`at change ${at}, ${key} is ${JSON.stringify(n)}, after ${JSON.stringify(list)}`);
    }
    for (const key of table.content.keys()) if (!this.history.has(key)) throw new Error(`nobody put ${key}`);
  }
}

/** A store over a table, both followed by the oracle. */
class Session {
  readonly oracle = new Oracle();
  table: FlakyTable;
  store: RowStore;
  clock: ManualClock = createManualClock();
  losses = 0;
  violation: unknown;

  constructor(table: FlakyTable) {
    this.table = table;
    this.store = this.open(table);
  }

  open(table: FlakyTable): RowStore {
    this.clock = createManualClock();
    this.table = table;
    table.scanRows = 3;
    table.onApplied = () => this.look();
    const host = {
      clock: this.clock,
      keeps: true,
      onFailure: () => undefined,
      onLost: () => (this.losses += 1),
    };
    return (this.store = new RowStore(table, host));
  }

  look(): void {
    try {
      this.oracle.check(this.table);
    } catch (error) {
      this.violation ??= error;
    }
  }

  change(key: string, row: TestRow | undefined): void {
    this.oracle.number += 1;
    this.oracle.set(key, row);
    if (row === undefined) this.store.delete(key);
    else this.store.set(key, row, this.oracle.number);
  }

  /** What the note tells of is there before it. */
  noteChanges(): void {
    this.store.setNotes(new Map([["at", this.oracle.number]]));
  }

  async put(key: string, isThere: boolean): Promise<void> {
    await this.store.ensure([key]).catch(() => undefined);
    this.change(key, isThere ? { n: this.oracle.number + 1 } : undefined);
    this.noteChanges();
  }

  adopt(keys: readonly string[]): void {
    this.oracle.number += 1;
    const row = { n: this.oracle.number };
    for (const key of this.oracle.history.keys()) this.oracle.set(key, undefined);
    for (const key of keys) this.oracle.set(key, row);
    this.store.adopt(new Map(keys.map((key) => [key, row])), this.oracle.number);
    this.noteChanges();
  }

  async changeMany(count: number): Promise<void> {
    await this.store.whenLoaded();
    for (let index = 0; index < count; index++) this.change(`many${index}`, { n: this.oracle.number + 1 });
    this.noteChanges();
  }

  checkOne(key: string): void {
    if (this.store.knows(key)) expect(this.store.get(key)).toEqual(this.oracle.rows.get(key));
    if (this.store.isLoaded) expect(this.store.count).toBe(this.oracle.rows.size);
  }

  async checkAll(): Promise<void> {
    await this.store.whenLoaded();
    expect(new Map(this.store.entries())).toEqual(this.oracle.rows);
  }

  async reopen(): Promise<void> {
    this.table.heal();
    await this.store.close({ upToDate: true });
    expect(this.clock.timerCount).toBe(0);
    this.look();
    expect(this.table.content.size).toBe(this.oracle.rows.size);
    this.open(await this.table.reopened());
  }

  async crash(): Promise<void> {
    this.store.journal.close();
    for (let turn = 0; turn < 10; turn++) await yieldToLoop();
    this.look();
    this.oracle.become(this.table);
    const dead = this.store;
    this.open(await this.table.reopened());
    await dead.close({ upToDate: true }).catch(() => undefined);
  }
}

type Move = (session: Session) => void | Promise<void>;

const id = constantFrom(...Array.from({ length: 24 }, (_, index) => `r${index}`));
const failure: Arbitrary<TableFailure> = oneof(
  constant({ code: "full" } as const),
  record({ code: constant("unavailable" as const), kept: constantFrom(true, false) }),
);

/** A move with its name, so that a failure reads as a story. */
function move<T>(
  name: string,
  argument: Arbitrary<T>,
  run: (session: Session, value: T) => void | Promise<void>,
) {
  return argument.map((value): Move =>
    Object.assign((session: Session) => run(session, value), {
      toString: () => `${name}(${JSON.stringify(value)})`,
    }),
  );
}

const moves = oneof(
  { weight: 8, arbitrary: move("set", id, (session, key) => session.put(key, true)) },
  { weight: 5, arbitrary: move("delete", id, (session, key) => session.put(key, false)) },
  {
    weight: 3,
    arbitrary: move("ensure", id, (session, key) => void session.store.ensure([key]).catch(() => undefined)),
  },
  { weight: 4, arbitrary: move("check", id, (session, key) => session.checkOne(key)) },
  { weight: 2, arbitrary: move("delete unseen", id, (session, key) => session.change(key, undefined)) },
  {
    weight: 2,
    arbitrary: move("set unseen", id, (session, key) =>
      session.change(key, { n: session.oracle.number + 1 }),
    ),
  },
  {
    weight: 1,
    arbitrary: move("adopt", array(id, { maxLength: 10 }), (session, keys) => session.adopt(keys)),
  },
  {
    weight: 1,
    arbitrary: move("many", constantFrom(3, 2_500, 12_000), (session, count) => session.changeMany(count)),
  },
  {
    weight: 2,
    arbitrary: move("complete", constantFrom(true, false), (session, complete) =>
      session.store.setMeta({ complete }),
    ),
  },
  {
    weight: 6,
    arbitrary: move("turns", nat(6), async (_, turns) => {
      for (let turn = 0; turn < turns; turn++) await yieldToLoop();
    }),
  },
  { weight: 4, arbitrary: move("ms", nat(1_200), (session, ms) => session.clock.advance(ms)) },
  { weight: 2, arbitrary: move("fail", failure, (session, value) => session.table.fail(value)) },
  { weight: 1, arbitrary: move("fail get", failure, (session, value) => session.table.failGet(value)) },
  {
    weight: 1,
    arbitrary: move("flush", constant(null), (session) =>
      session.store.journal.flush().catch(() => undefined),
    ),
  },
  { weight: 1, arbitrary: move("load", constant(null), (session) => session.checkAll()) },
  { weight: 1, arbitrary: move("reopen", constant(null), (session) => session.reopen()) },
  { weight: 1, arbitrary: move("crash", constant(null), (session) => session.crash()) },
);

async function play(script: readonly Move[], initial: readonly string[]): Promise<void> {
  const rows = [...new Set(initial)].map((key) => ({ id: key, row: { n: 0 }, fetchedAt: 1 }));
  const session = new Session(await FlakyTable.create(rows, { complete: true }));
  session.oracle.become(session.table);
  for (const step of script) await step(session);
  session.table.heal();
  await session.checkAll();
  await session.store.journal.flush();
  expect(session.table.meta).toEqual(session.store.meta);
  await session.reopen();
  await session.checkAll();
  await session.reopen();
  expect(session.violation).toBeUndefined();
  expect(session.losses).toBe(0);
  await session.store.close({ upToDate: true });
}

test("D8 D9 D12 in every interleaving the store equals a Map, and its table what it says of itself", async () => {
  const property = asyncProperty(
    tuple(array(moves, { minLength: 5, maxLength: 60 }), array(id, { maxLength: 24 })),
    ([script, initial]) => play(script, initial),
  );
  await assert(property, runs(300));
}, 120_000);
