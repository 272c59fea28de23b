import { onTestFinished } from "vitest";
import {
  type ActivitySwitch,
  createActivity,
  DioramaError,
  type ErrorCode,
  type Logger,
  silentLogger,
} from "../../src/base/index.ts";
import { type CacheTable, createMemoryCache } from "../../src/cache/index.ts";
import { DioState } from "../../src/dio/dio-state.ts";
import type { DioEvent } from "../../src/dio/events.ts";
import { Failures } from "../../src/dio/failures.ts";
import { applyOp } from "../../src/dio/overlay.ts";
import { RowStore } from "../../src/dio/row-store.ts";
import { Writer, type WritePolicy, type WriteResult, type WriterHost } from "../../src/dio/writer.ts";
import { createMemoryQueues, type WriteQueue } from "../../src/queue/index.ts";
import type { Row } from "../../src/record/index.ts";
import { createManualClock, type ManualClock } from "../../src/testing/index.ts";
import type { WriteOp } from "../../src/vista/index.ts";

/** What one call of the destination does. */
export type Step = (op: WriteOp) => WriteResult | Promise<WriteResult>;

/** Where ops go: a small backend that is told by the test how to behave, call by call. */
export class Destination {
  readonly rows = new Map<string, Row>();
  /** Every op that was sent, in order. */
  readonly calls: WriteOp[] = [];
  /** What the next calls do; then each op is done and answered with its row. */
  readonly script: Step[] = [];
  /** Calls under way, and the most there ever were. */
  underWay = 0;
  mostUnderWay = 0;
  #gate: PromiseWithResolvers<void> | undefined;

  /** From now on calls wait for the returned function. */
  hold(): () => void {
    const gate = Promise.withResolvers<void>();
    this.#gate = gate;
    return () => {
      if (this.#gate === gate) this.#gate = undefined;
      gate.resolve();
    };
  }

  async send(op: WriteOp): Promise<WriteResult> {
    this.calls.push(op);
    const step = this.script.shift() ?? ((next) => this.take(next));
    this.underWay += 1;
    this.mostUnderWay = Math.max(this.mostUnderWay, this.underWay);
    try {
      await this.#gate?.promise;
      return await step(op);
    } finally {
      this.underWay -= 1;
    }
  }

  /** Does the op, and answers with its row. */
  take(op: WriteOp): WriteResult {
    if (op.kind === "deleteAll") {
      for (const id of op.ids ?? [...this.rows.keys()]) this.rows.delete(id);
      return undefined;
    }
    const row = applyOp(op, this.rows.get(op.id));
    if (row === undefined) {
      this.rows.delete(op.id);
      return undefined;
    }
    this.rows.set(op.id, row);
    return { row };
  }

  /** As `patch a 2`: kind, id and attempt of every call. */
  get log(): readonly string[] {
    return this.calls.map((op) => `${op.kind} ${op.id ?? op.ids?.join("+") ?? "*"} ${op.attempt}`);
  }
}

export const failing =
  (code: ErrorCode): Step =>
  () => {
    throw new DioramaError(code, `the destination says ${code}`);
  };

export interface RigOptions {
  readonly policy?: Partial<WritePolicy>;
  readonly host?: Partial<WriterHost>;
  readonly rows?: Readonly<Record<string, Row>>;
  readonly clock?: ManualClock;
  /** Instead of a memory queue and a cache table of its own. */
  readonly queue?: WriteQueue;
  readonly table?: CacheTable;
  /** The test ends it, or cuts it off. */
  readonly isLeftOpen?: boolean;
  /** Rows that only the cache table holds when the writer starts: a warm start. */
  readonly stored?: Readonly<Record<string, Row>>;
  readonly durable?: boolean;
  readonly logger?: Logger;
}

export interface Rig {
  readonly clock: ManualClock;
  readonly state: DioState;
  readonly writer: Writer;
  readonly destination: Destination;
  readonly activity: ActivitySwitch;
  readonly queue: WriteQueue;
  /** Every event so far. */
  readonly events: readonly DioEvent[];
  /** Lets go of them. */
  forgetEvents(): void;
  /** Their types; of row events with the id, of write events with the opId. */
  eventLog(): readonly string[];
  /** All visible rows. */
  shown(): Readonly<Record<string, Row>>;
  /** Ids that were to be read again. */
  readonly rereads: readonly string[];
  /** Lets everything happen that needs no time. */
  settle(): Promise<void>;
}

export const defaultPolicy: WritePolicy = {
  concurrency: 1,
  maxOps: 100_000,
  whenFull: "wait",
  confirm: "response",
  echoTimeoutMs: 60_000,
  coalesce: false,
  optimistic: true,
  retry: { minMs: 250, maxMs: 60_000 },
  unknownErrorAttempts: 4,
};

/** A writer over real parts: memory cache, memory queue, a clock that stands still. */
export async function createRig(options: RigOptions = {}): Promise<Rig> {
  const clock = options.clock ?? createManualClock();
  const table = options.table ?? (await createMemoryCache().openTable("things"));
  const puts = Object.entries(options.stored ?? {}).map(([id, row]) => ({ id, row, fetchedAt: clock.now() }));
  if (puts.length > 0) await table.apply({ puts });
  const store = new RowStore(table, {
    clock,
    keeps: true,
    onFailure: () => undefined,
    onLost: () => undefined,
  });
  const state = new DioState(store, silentLogger);
  const events: DioEvent[] = [];
  collect(state, events);
  const destination = new Destination();
  for (const [id, row] of Object.entries(options.rows ?? {})) {
    destination.rows.set(id, row);
    state.confirm(id, row, { fetchedAt: clock.now() });
  }
  state.publishNow();
  const queue = options.queue ?? (await createMemoryQueues().openQueue("things"));
  const activity = createActivity();
  const rereads: string[] = [];
  const host: WriterHost = {
    state,
    clock,
    failures: new Failures({
      name: "things",
      clock,
      logger: options.logger ?? silentLogger,
      onNews: () => undefined,
    }),
    activity,
    idColumn: undefined,
    name: "things",
    durability: options.durable === true ? "fsync" : "memory",
    hasDurableCache: options.durable === true,
    send: (op) => destination.send(op),
    readStored: async (id) => destination.rows.get(id),
    reread: (id) => rereads.push(id),
    random: () => 1,
    ...options.host,
  };
  const writer = new Writer(host, { ...defaultPolicy, ...options.policy }, queue);
  const settle = (): Promise<void> => clock.advance(0);
  onTestFinished(async () => {
    if (options.isLeftOpen === true) return;
    destination.hold()();
    const closing = writer.close({ drainMs: 0 });
    // Whatever the writer waits for is over by then.
    await clock.advance(10_000);
    await closing;
  });
  return {
    clock,
    state,
    writer,
    destination,
    activity,
    queue,
    events,
    forgetEvents: () => void events.splice(0),
    eventLog: () => events.map(toLine),
    shown: () => Object.fromEntries(state.visibleEntries()),
    rereads,
    settle,
  };
}

function collect(state: DioState, events: DioEvent[]): void {
  const types: readonly DioEvent["type"][] = [
    "recordInserted",
    "recordChanged",
    "recordRemoved",
    "invalidated",
    "upstreamFailed",
    "cacheFailed",
    "queueFailed",
    "writeQueued",
    "writeConfirmed",
    "writeRetrying",
    "writeFailed",
  ];
  for (const type of types) state.bus.on(type, (event) => events.push(event));
}

function toLine(event: DioEvent): string {
  if ("id" in event) return `${event.type} ${event.id}`;
  return "op" in event ? `${event.type} ${event.op.opId}` : event.type;
}
