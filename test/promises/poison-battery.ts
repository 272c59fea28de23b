import { isDeepStrictEqual } from "node:util";
import {
  type ActivitySwitch,
  createActivity,
  type Dio,
  DioramaError,
  Lens,
  memory,
  type MemoryVista,
  type Row,
  seedFromMaster,
  type WriteHandle,
  type WriteOp,
  type WriteRequest,
} from "vantage-diorama";
import { createManualClock, createRandom, type ManualClock, type Random } from "vantage-diorama/testing";
import type { Battery, Counts } from "./battery.ts";
import { hidesAll, idsOf, OrderWatch, told } from "./poison-rules.ts";
import { playRounds } from "./rounds.ts";

const IDS = ["a", "b", "c", "d", "e", "f"];
const WRITES = 60;
/** Of the ops: every attempt is refused until somebody does something about it. */
const PERMANENT_RATE = 0.05;
/** Of the attempts; half of them are done and only their answer is lost. */
const TRANSIENT_RATE = 0.2;
/** Of one call of the battery. */
const ROUNDS = 50;
const LONG_MS = 3_600_000;

/** A write as its caller knows it. */
interface Written {
  readonly handle: WriteHandle;
  readonly request: WriteRequest;
  outcome: "open" | "confirmed" | "rejected";
  isCancelled: boolean;
}

/** Random writes on few ids over a destination that fails. Throws where a promise is broken. */
class PoisonRound {
  readonly #random: Random;
  readonly #clock: ManualClock = createManualClock();
  readonly #activity: ActivitySwitch = createActivity();
  readonly #backend: MemoryVista = memory<Row>("things", {
    id: "id",
    columns: { id: "text", n: "integer", m: "integer" },
    rows: IDS.slice(0, 3).map((id): Row => ({ id, n: 0 })),
  });
  readonly #concurrency: number;
  readonly #coalesce: boolean;
  readonly #isBatched: boolean;
  /** Without optimism the cache is not told of what the destination did. */
  readonly #isOptimistic: boolean;
  readonly #isComplete: boolean;
  readonly #written = new Map<string, Written>();
  readonly #poison = new Map<string, boolean>();
  readonly #taken = new Set<string>();
  /** Tried before with unknown outcome, and found to be there, or gone, already. */
  readonly #needless = new Set<string>();
  /** Refused ops that nobody has decided on yet. */
  readonly #letters = new Set<string>();
  readonly counts = { writes: 0, attempts: 0, retried: 0, letters: 0, confirmed: 0, merged: 0, lost: 0 };
  #isHealed = false;
  #broken: Error | undefined;

  constructor(random: Random) {
    this.#random = random;
    this.#concurrency = random.pick([1, 1, 2, 8]);
    this.#coalesce = random.chance(0.4);
    this.#isBatched = random.chance(0.3);
    this.#isOptimistic = random.chance(0.8);
    this.#isComplete = random.chance(0.7);
  }

  async run(): Promise<Counts> {
    const writeQueue = { concurrency: this.#concurrency, coalesce: this.#coalesce };
    let builder = Lens.builder().clock(this.#clock).activity(this.#activity).writeQueue(writeQueue);
    builder = builder.optimistic(this.#isOptimistic);
    if (this.#isComplete) builder = builder.onStart(seedFromMaster);
    let watch: OrderWatch | undefined;
    const arrive = async (ops: readonly WriteOp[]): Promise<void> => {
      this.#guard(() => watch?.arrive(ops));
      if (this.#random.chance(0.3)) await Promise.resolve();
    };
    builder = this.#isBatched
      ? builder.onWriteBatch(async (_dio, ops) => {
          await arrive(ops);
          for (const op of ops) this.#answer(op);
        })
      : builder.onWrite(async (_dio, op) => {
          await arrive([op]);
          this.#answer(op);
        });
    const lens = await builder.build();
    const dio = await lens.makeDio(this.#backend);
    watch = new OrderWatch(dio, this.#concurrency);
    this.#listen(dio, watch);
    for (let n = 1; n <= WRITES; n++) await this.#step(dio, watch, n);
    await this.#settleAndCheckLetters(dio);
    await this.#drain(dio, watch);
    await this.#checkEnd(dio);
    await lens.close({ drain: 0 });
    return this.counts;
  }

  #listen(dio: Dio, watch: OrderWatch): void {
    dio.on("writeRetrying", () => (this.counts.retried += 1));
    dio.on("writeFailed", ({ op }) => {
      this.counts.letters += 1;
      this.#letters.add(op.opId);
      this.#guard(() => watch.failed(op));
      this.#guard(() => this.#checkListed(dio));
    });
  }

  async #step(dio: Dio, watch: OrderWatch, n: number): Promise<void> {
    const random = this.#random;
    this.#write(dio, watch, n);
    if (random.chance(0.5)) await this.#clock.advance(random.pick([0, 0, 1, 300, 20_000]));
    if (random.chance(0.05)) this.#activity.set(random.pick(["offline", "active", "active"]));
    if (random.chance(0.06)) await this.#cancelOne();
    if (random.chance(0.05)) await this.#decideOne(dio, watch);
    this.#guard(() => this.#checkListed(dio));
    if (this.#broken !== undefined) throw this.#broken;
  }

  #write(dio: Dio, watch: OrderWatch, n: number): void {
    const random = this.#random;
    const id = random.pick(IDS);
    const cells = random.chance(0.5) ? { n } : { m: n };
    const request = random.pick<WriteRequest>([
      { kind: "insert", id, row: { id, ...cells } },
      { kind: "replace", id, row: { id, ...cells } },
      { kind: "patch", id, partial: cells },
      { kind: "patch", id, partial: cells },
      { kind: "delete", id },
      random.chance(0.2)
        ? { kind: "deleteAll" }
        : { kind: "deleteAll", ids: [id, random.pick(IDS.filter((other) => other !== id))] },
    ]);
    let handle: WriteHandle;
    try {
      handle = dio.submit(request);
    } catch (error) {
      // What the visible rows decide is no write.
      if (error instanceof DioramaError && ["conflict", "notFound"].includes(error.code)) return;
      throw error;
    }
    watch.made(handle.opId);
    this.counts.writes += 1;
    const written: Written = { handle, request, outcome: "open", isCancelled: false };
    this.#written.set(handle.opId, written);
    this.#poison.set(handle.opId, random.chance(PERMANENT_RATE));
    handle.confirmed.then(
      () => (written.outcome = "confirmed"),
      () => (written.outcome = "rejected"),
    );
  }

  async #cancelOne(): Promise<void> {
    const target = this.#random.pick([...this.#written.values(), undefined]);
    if (target !== undefined && (await target.handle.cancel())) target.isCancelled = true;
  }

  async #decideOne(dio: Dio, watch: OrderWatch): Promise<void> {
    // What has failed has been told by then.
    await this.#clock.advance(0);
    const letter = dio.writes.failed().at(0);
    if (letter === undefined) return;
    const { opId } = letter.op;
    this.#letters.delete(opId);
    watch.decided(opId);
    const isRetry = this.#random.chance(0.5);
    if (isRetry) this.#poison.set(opId, this.#isHealed ? false : this.#random.chance(0.5));
    const isDone = isRetry ? await dio.writes.retry(opId) : await dio.writes.discard(opId);
    if (!isDone) throw new Error(`P4 the dead letter ${told(letter.op)} was listed and is gone`);
  }

  /** What one attempt meets; a strict destination. */
  #answer(op: WriteOp): void {
    this.counts.attempts += 1;
    if (this.#poison.get(op.opId) === true) throw new DioramaError("rejected", "poison");
    const fails = !this.#isHealed && this.#random.chance(TRANSIENT_RATE);
    const isLost = this.#random.chance(0.5);
    if (fails && !isLost) throw new DioramaError("unavailable", "down");
    this.#take(op);
    if (fails) throw new DioramaError("timeout", "done, but the answer is lost");
  }

  #take(op: WriteOp): void {
    const { source } = this.#backend;
    if (op.kind === "deleteAll") {
      for (const id of op.ids ?? [...source.rows.keys()]) source.remove(id);
    } else {
      const stored = source.rows.get(op.id);
      if (op.attempt > 1) this.#needless.add(op.opId);
      if (op.kind === "insert" && stored !== undefined) throw new DioramaError("conflict", "it exists");
      if ((op.kind === "patch" || op.kind === "delete") && stored === undefined)
        throw new DioramaError("notFound", "there is none");
      if (op.kind === "delete") source.remove(op.id);
      else if (op.kind === "patch") source.set(op.id, { ...stored, ...(op.partial as Row) });
      else source.set(op.id, op.row);
    }
    this.#needless.delete(op.opId);
    this.#taken.add(op.opId);
  }

  /** Every refused op is listed until somebody decides, and is not pending as well. */
  #checkListed(dio: Dio): void {
    const listed = new Set(dio.writes.failed().map(({ op }) => op.opId));
    const pending = new Set(dio.writes.pending().map(({ op }) => op.opId));
    for (const opId of this.#letters) {
      if (!listed.has(opId)) throw new Error(`P4 the dead letter ${opId} is not listed`);
      if (pending.has(opId)) throw new Error(`P4 the dead letter ${opId} is pending as well`);
    }
  }

  /** Once only refusals are left, what waits is what stands behind one of them on one of its ids. */
  async #settleAndCheckLetters(dio: Dio): Promise<void> {
    this.#isHealed = true;
    this.#activity.set("active");
    await this.#clock.advance(LONG_MS);
    // By real time a writer that has sent for long gives the event loop a turn first.
    await this.#clock.until(dio.flush());
    if (this.#broken !== undefined) throw this.#broken;
    this.#checkListed(dio);
    const held = new Set(dio.writes.failed().flatMap(({ op }) => idsOf(op)));
    for (const { op, state } of dio.writes.pending()) {
      const waits = state === "parked" && !hidesAll(op) && idsOf(op).some((id) => held.has(id));
      if (!waits) throw new Error(`P4 ${told(op)} is ${state} though no dead letter holds its ids`);
      for (const id of idsOf(op)) held.add(id);
    }
  }

  async #drain(dio: Dio, watch: OrderWatch): Promise<void> {
    for (let round = 0; round < 4 * WRITES && dio.writes.failed().length > 0; round++) {
      await this.#decideOne(dio, watch);
      await this.#clock.advance(LONG_MS);
      if (this.#broken !== undefined) throw this.#broken;
    }
    await dio.flush();
  }

  async #checkEnd(dio: Dio): Promise<void> {
    const left = [...dio.writes.pending(), ...dio.writes.failed()];
    if (left.length > 0) throw new Error(`P4 not drained: ${left.map(({ op }) => told(op)).join(", ")}`);
    for (const written of this.#written.values()) this.#checkOutcome(written);
    if (!this.#isComplete || !this.#isOptimistic) await dio.refresh();
    const shown = [...(await dio.vista().orderBy("id").list())];
    const stored = [...(await this.#backend.orderBy("id").list())];
    if (!isDeepStrictEqual(shown, stored))
      throw new Error(`P4 shown ${JSON.stringify(shown)}, stored ${JSON.stringify(stored)}`);
  }

  #checkOutcome({ handle, outcome, isCancelled, request }: Written): void {
    const wasTaken = this.#taken.has(handle.opId);
    const isMerged = outcome === "confirmed" && !wasTaken && this.#coalesce;
    const isThere = wasTaken || this.#needless.has(handle.opId);
    if (outcome === "confirmed" && isThere) this.counts.confirmed += 1;
    else if (isMerged) this.counts.merged += 1;
    else if (outcome === "open" || (outcome === "confirmed" && !isThere) || (isCancelled && wasTaken)) {
      this.counts.lost += 1;
      throw new Error(`P4 ${JSON.stringify(request)} ended ${outcome}, arrived: ${wasTaken}`);
    }
  }

  /** What a check finds in a callback of the Dio is told where the round can throw it. */
  #guard(check: () => void): void {
    try {
      check();
    } catch (error) {
      this.#broken ??= error instanceof Error ? error : new Error(String(error));
    }
  }
}

/** Promises 3 and 4. */
export const poisonBattery: Battery = {
  promise: "P3 P4",
  goals: { seeds: 5_000 },
  least: { seeds: 1_000 },
  sharesMachine: true,
  run: (seed) =>
    playRounds(seed, ROUNDS, async (own) => ({
      seeds: 1,
      ...(await new PoisonRound(createRandom(own)).run()),
    })),
};
