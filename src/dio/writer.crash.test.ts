import fc from "fast-check";
import { expect, test } from "vitest";
import { runs } from "../../test/properties/runs.ts";
import { createRig, Destination, type Rig } from "../../test/dio/write-rig.ts";
import { DioramaError } from "../base/index.ts";
import {
  blankMeta,
  type CacheBatch,
  type CacheTable,
  createMemoryCache,
  type StoredRow,
} from "../cache/index.ts";
import type { ApplyOptions, QueueBatch, QueuedOp, WriteQueue } from "../queue/index.ts";
import type { Row } from "../record/index.ts";
import { createManualClock } from "../testing/index.ts";
import { applyOp } from "./overlay.ts";
import type { WriteOp } from "../vista/index.ts";
import type { WriteHandle, WriteResult } from "./writer.ts";

// A durable writer whose process ends at any moment, and starts again from what its two files hold by then.

const IDS = ["a", "b", "c"];
const id = fc.constantFrom(...IDS);
const cell = fc.integer({ min: 0, max: 99 });
const request = fc.oneof(
  fc.record({ kind: fc.constant("patch"), id, partial: fc.record({ x: cell }) }),
  fc.record({ kind: fc.constant("patch"), id, partial: fc.record({ y: cell }) }),
  fc.record({ kind: fc.constant("replace"), id, row: fc.record({ x: cell, y: cell }) }),
);
const fate = fc.constantFrom("row", "row", "void", "down", "lost");
const command = fc.oneof(
  {
    arbitrary: fc.record({ do: fc.constant("write"), request, fates: fc.array(fate, { maxLength: 2 }) }),
    weight: 6,
  },
  {
    arbitrary: fc.record({ do: fc.constantFrom("turn", "turn", "settle", "wait", "flush", "crash") }),
    weight: 6,
  },
  { arbitrary: fc.record({ do: fc.constant("powerCut"), batches: fc.nat({ max: 6 }) }), weight: 1 },
);
type Command = typeof command extends fc.Arbitrary<infer T> ? T : never;

/** What a dead process waits for. */
const neverEnding = new Promise<void>(() => undefined);

/** Files of one machine: what was applied is there after a crash, and a dead process applies nothing more. */
class Machine {
  readonly ops = new Map<number, QueuedOp>();
  readonly rows = new Map<string, StoredRow>(
    IDS.map((each) => [each, { id: each, row: { x: 0, y: 0 }, fetchedAt: 0 }]),
  );
  #life = 0;
  /** The queue before each batch that a power cut may take back. */
  #unflushed: ReadonlyMap<number, QueuedOp>[] = [];

  /** As `crash`, and the last so many batches of those that were not flushed are not on the disk. */
  cutPower(batches: number): void {
    this.crash();
    const before = this.#unflushed.slice(-batches)[0];
    this.#unflushed = [];
    if (batches === 0 || before === undefined) return;
    this.ops.clear();
    for (const [sequence, queued] of before) this.ops.set(sequence, queued);
  }

  /** Whatever runs is dead from here on. */
  crash(): void {
    this.#life += 1;
  }

  async openQueue(): Promise<WriteQueue> {
    const life = this.#life;
    return {
      lost: [],
      kept: [...this.ops.values()].toSorted((a, b) => a.sequence - b.sequence),
      apply: async ({ puts = [], removes = [] }: QueueBatch, { relaxed = false }: ApplyOptions = {}) => {
        await Promise.resolve();
        if (life !== this.#life) return neverEnding;
        if (relaxed) this.#unflushed.push(new Map(this.ops));
        else this.#unflushed = [];
        for (const sequence of removes) this.ops.delete(sequence);
        for (const queued of puts) this.ops.set(queued.sequence, queued);
        await Promise.resolve();
        return life === this.#life ? undefined : neverEnding;
      },
      close: () => Promise.resolve(),
    };
  }

  async openTable(): Promise<CacheTable> {
    const life = this.#life;
    const table = await createMemoryCache().openTable("things");
    await table.apply({ puts: [...this.rows.values()], meta: { ...blankMeta, complete: true } });
    const apply = async (batch: CacheBatch): Promise<void> => {
      await Promise.resolve();
      if (life !== this.#life) return neverEnding;
      for (const gone of batch.deletes ?? []) this.rows.delete(gone);
      for (const stored of batch.puts ?? []) this.rows.set(stored.id, stored);
      await table.apply(batch);
      return life === this.#life ? undefined : neverEnding;
    };
    return {
      meta: table.meta,
      rowCount: table.rowCount,
      lost: undefined,
      get: (ids) => table.get(ids),
      scan: (batchRows) => table.scan(batchRows),
      apply,
      close: () => table.close(),
    };
  }
}

class CrashWorld {
  readonly machine = new Machine();
  readonly clock = createManualClock();
  readonly backend = new Destination();
  readonly fates = new Map<string, (typeof fate extends fc.Arbitrary<infer T> ? T : never)[]>();
  /** Every op that counts, in order. */
  written: { readonly op: WriteOp; readonly handle: WriteHandle; isAcknowledged: boolean }[] = [];
  /** The opIds that arrived, each time. */
  readonly arrived: string[] = [];
  #rig: Rig | undefined;

  get rig(): Rig {
    if (this.#rig === undefined) throw new Error("not started");
    return this.#rig;
  }

  async start(): Promise<void> {
    for (const each of IDS) if (!this.backend.rows.has(each)) this.backend.rows.set(each, { x: 0, y: 0 });
    const queue = await this.machine.openQueue();
    const kept = new Set(queue.kept.map(({ op }) => op.opId));
    // What was on its way when the process ended may be in the file or not.
    for (const entry of this.written) entry.isAcknowledged ||= kept.has(entry.op.opId);
    this.written = this.written.filter(({ isAcknowledged }) => isAcknowledged);
    let isAlive = true;
    this.#rig = await createRig({
      clock: this.clock,
      queue,
      table: await this.machine.openTable(),
      durable: true,
      isLeftOpen: true,
      host: {
        send: async (op) => {
          if (!isAlive) return neverEnding;
          const [outcome] = await Promise.allSettled([this.send(op)]);
          if (!isAlive) return neverEnding;
          if (outcome.status === "rejected") throw outcome.reason;
          return outcome.value;
        },
      },
    });
    const { state } = this.#rig;
    this.stop = () => {
      isAlive = false;
      state.bus.close();
    };
    // As whoever opens a Dio waits until all that was kept shows.
    await this.#rig.writer.ready;
    // Readers look only at rows that are known.
    await state.store.ensure(IDS);
  }

  stop: () => void = () => undefined;

  async send(op: WriteOp): Promise<WriteResult> {
    const next = this.fates.get(op.opId)?.shift();
    if (next === "down") throw new DioramaError("unavailable", "down");
    this.arrived.push(op.opId);
    const result = this.backend.take(op);
    await Promise.resolve();
    if (next === "lost") throw new DioramaError("timeout", "lost");
    return next === "void" ? undefined : result;
  }

  async run(step: Command): Promise<void> {
    switch (step.do) {
      case "write": {
        const handle = this.rig.writer.submit(step.request);
        this.fates.set(handle.opId, [...step.fates]);
        const op: WriteOp = { ...step.request, opId: handle.opId, enqueuedAt: 0, attempt: 0 };
        const entry = { op, handle, isAcknowledged: false };
        this.written.push(entry);
        void handle.staged.then(() => (entry.isAcknowledged = true));
        return;
      }
      case "turn":
        return Promise.resolve();
      case "settle":
        return this.clock.advance(0);
      case "wait":
        return this.clock.advance(200);
      case "flush":
        void this.rig.state.store.journal.flush();
        return;
      case "crash":
        this.machine.crash();
        this.stop();
        return this.start();
      case "powerCut":
        this.machine.cutPower(step.batches);
        this.stop();
        return this.start();
    }
  }

  check(): void {
    for (const each of IDS) {
      let expected: Row | undefined = { x: 0, y: 0 };
      for (const { op } of this.written) if (op.id === each) expected = applyOp(op, expected);
      expect(this.rig.state.visible(each), `${each} shows every write`).toEqual(expected);
    }
  }

  /** At least once, first times in order for each id, and the files agree with the backend. */
  async finish(): Promise<void> {
    const { writer } = this.rig;
    this.fates.clear();
    await this.clock.advance(60_000);
    expect(writer.pending()).toEqual([]);
    expect(writer.failed()).toEqual([]);
    expect([...this.machine.ops.keys()]).toEqual([]);
    const firsts = [...new Set(this.arrived)];
    const known = new Set(this.written.map(({ op }) => op.opId));
    expect(firsts.filter((opId) => known.has(opId))).toEqual(this.written.map(({ op }) => op.opId));
    expect(firsts.filter((opId) => !known.has(opId))).toEqual([]);
    for (const each of IDS) {
      expect(this.machine.rows.get(each)?.row).toEqual(this.backend.rows.get(each));
      expect(this.rig.state.visible(each)).toEqual(this.backend.rows.get(each));
    }
    this.check();
  }
}

test("W29 W30 W33 W35 no acknowledged write is lost or forgotten, whenever the process ends or the power is cut", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(command, { maxLength: 40, size: "max" }), async (commands) => {
      const world = new CrashWorld();
      await world.start();
      for (const step of commands) {
        await world.run(step);
        world.check();
      }
      await world.finish();
    }),
    runs(300),
  );
});
