import fc from "fast-check";
import { expect, test } from "vitest";
import { runs } from "../../test/properties/runs.ts";
import { createRig, type Rig } from "../../test/dio/write-rig.ts";
import { DioramaError } from "../base/index.ts";
import { equalRows, type Row } from "../record/index.ts";
import type { WriteOp } from "../vista/index.ts";
import { applyOp } from "./overlay.ts";
import type { WriteHandle, WriteRequest, WriteResult } from "./writer.ts";

// A backend, its change feed and a writer, in random sequences of everything that can happen to them; beside
// them an oracle of a few lines.

const IDS = ["a", "b", "c"];
const id = fc.constantFrom(...IDS);
const row: fc.Arbitrary<Row> = fc.dictionary(fc.constantFrom("x", "y"), fc.integer({ min: 0, max: 3 }), {
  noNullPrototype: true,
});

/** What becomes of one call: `lost` is done without an answer. */
const fate = fc.constantFrom("row", "row", "row", "void", "down", "lost", "bad", "boom", "later", "other id");
type Fate = typeof fate extends fc.Arbitrary<infer T> ? T : never;

const request: fc.Arbitrary<WriteRequest> = fc.oneof(
  { arbitrary: fc.record({ kind: fc.constantFrom("insert", "replace"), id, row }), weight: 4 },
  { arbitrary: fc.record({ kind: fc.constant("patch"), id, partial: row }), weight: 6 },
  { arbitrary: fc.record({ kind: fc.constant("delete"), id }), weight: 2 },
  {
    arbitrary: fc.record({ kind: fc.constant("deleteAll"), ids: fc.array(id, { maxLength: 3 }) }),
    weight: 1,
  },
  { arbitrary: fc.record({ kind: fc.constant("deleteAll") }), weight: 1 },
);

type Move =
  | "tell"
  | "tell all"
  | "wait"
  | "settle"
  | "refresh"
  | "offline"
  | "active"
  | "hold"
  | "delay"
  | "release";

type Command =
  | { readonly do: "write"; readonly request: WriteRequest; readonly fates: readonly Fate[] }
  | { readonly do: "master"; readonly id: string; readonly row: Row | undefined }
  | { readonly do: Move }
  | { readonly do: "retry" | "discard" | "cancel"; readonly at: number };

const command: fc.Arbitrary<Command> = fc.oneof(
  {
    arbitrary: fc.record({ do: fc.constant("write"), request, fates: fc.array(fate, { maxLength: 3 }) }),
    weight: 10,
  },
  {
    arbitrary: fc.record({ do: fc.constant("master"), id, row: fc.option(row, { nil: undefined }) }),
    weight: 3,
  },
  {
    arbitrary: fc.record({ do: fc.constantFrom("tell", "tell all", "wait", "settle", "settle") }),
    weight: 8,
  },
  {
    arbitrary: fc.record({
      do: fc.constantFrom("refresh", "offline", "active", "hold", "delay", "delay", "release"),
    }),
    weight: 4,
  },
  { arbitrary: fc.record({ do: fc.constantFrom("retry", "discard", "cancel"), at: fc.nat(5) }), weight: 3 },
);

interface Setting {
  readonly concurrency: number;
  readonly optimistic: boolean;
  readonly coalesce: boolean;
  readonly batches: boolean;
  readonly names: boolean;
}

const setting: fc.Arbitrary<Setting> = fc.record({
  concurrency: fc.constantFrom(1, 1, 3),
  optimistic: fc.constantFrom(true, true, false),
  coalesce: fc.boolean(),
  batches: fc.boolean(),
  names: fc.boolean(),
});

interface Change {
  readonly id: string;
  readonly row: Row | undefined;
  readonly opId?: string;
}

class World {
  readonly rows = new Map<string, Row>();
  /** Told later, in order. */
  readonly feed: Change[] = [];
  readonly fates = new Map<string, Fate[]>();
  /** Accepted, and done later. */
  readonly accepted: WriteOp[] = [];
  readonly taken = new Set<string>();
  readonly named = new Set<string>();
  readonly firstSent: string[] = [];
  readonly handles: {
    readonly handle: WriteHandle;
    readonly failed: ReadonlySet<string>;
    outcome: string;
  }[] = [];
  readonly cancelled = new Set<string>();
  readonly mirror = new Map<string, Row>();
  readonly setting: Setting;
  /** Calls wait before they do anything; answers wait on their way back. */
  gate: PromiseWithResolvers<void> | undefined;
  delay: PromiseWithResolvers<void> | undefined;
  /** Which dead letter an op has to wait for. */
  readonly held = new Map<string, string>();
  wrong: string | undefined;
  #rig: Rig | undefined;

  constructor(settings: Setting) {
    this.setting = settings;
  }

  get rig(): Rig {
    if (this.#rig === undefined) throw new Error("not started");
    return this.#rig;
  }

  async start(): Promise<void> {
    const { concurrency, optimistic, coalesce, batches } = this.setting;
    this.#rig = await createRig({
      policy: { concurrency, optimistic, coalesce },
      host: {
        send: (op) => this.send(op),
        ...(batches ? { sendBatch: (ops: readonly WriteOp[]) => this.sendBatch(ops) } : {}),
        readStored: async (wanted) => this.rows.get(wanted),
        reread: (wanted) => void this.reread(wanted),
      },
    });
    const { state } = this.rig;
    state.bus.on("writeFailed", ({ op }) => this.noteFailed(op));
    state.subscribe(({ changes, reset }) => {
      if (reset) this.mirror.clear();
      if (reset) for (const [each, shown] of state.visibleEntries()) this.mirror.set(each, shown);
      for (const { id: each, before, after } of changes) {
        if (!same(before, this.mirror.get(each)))
          this.wrong ??= `a publication has another before of ${each}`;
        if (after === undefined) this.mirror.delete(each);
        else this.mirror.set(each, after);
      }
    });
  }

  async sendBatch(ops: readonly WriteOp[]): Promise<readonly (WriteResult | Error)[]> {
    const results: (WriteResult | Error)[] = [];
    for (const op of ops) this.checkOrder(op, new Set(ops.map(({ opId }) => opId)));
    await this.gate?.promise;
    for (const op of ops) {
      try {
        results.push(this.answer(op));
      } catch (error) {
        if (!(error instanceof Error)) throw error;
        results.push(error);
      }
    }
    await this.delay?.promise;
    return results;
  }

  async send(op: WriteOp): Promise<WriteResult> {
    this.checkOrder(op, new Set([op.opId]));
    await this.gate?.promise;
    try {
      return this.answer(op);
    } finally {
      await this.delay?.promise;
    }
  }

  answer(op: WriteOp): WriteResult {
    switch (this.fates.get(op.opId)?.shift() ?? "row") {
      case "down":
        throw new DioramaError("unavailable", "down");
      case "bad":
        throw new DioramaError("rejected", "bad");
      case "boom":
        throw new Error("boom");
      case "lost":
        this.take(op);
        throw new DioramaError("timeout", "lost");
      case "void":
        this.take(op);
        return undefined;
      case "later":
        this.accepted.push(op);
        return { awaitEcho: true };
      case "other id":
        if (op.kind !== "insert") return this.take(op);
        return { id: `${op.id}+`, ...this.take({ ...op, id: `${op.id}+` }) };
      default:
        return this.take(op);
    }
  }

  /** A strict backend. */
  take(op: WriteOp): { row: Row } | undefined {
    if (op.kind === "deleteAll") {
      for (const each of op.ids ?? [...this.rows.keys()]) this.put(each, undefined, op.opId);
      this.taken.add(op.opId);
      return undefined;
    }
    const stored = this.rows.get(op.id);
    if (op.kind === "insert" && stored !== undefined) throw new DioramaError("conflict", "it exists");
    if ((op.kind === "patch" || op.kind === "delete") && stored === undefined) {
      throw new DioramaError("notFound", "there is none");
    }
    const next = applyOp(op, stored);
    this.taken.add(op.opId);
    this.put(op.id, next, op.opId);
    return next === undefined ? undefined : { row: next };
  }

  put(changed: string, next: Row | undefined, opId?: string): void {
    if (next === undefined) this.rows.delete(changed);
    else this.rows.set(changed, next);
    const named = opId !== undefined && this.setting.names ? { opId } : {};
    this.feed.push({ id: changed, row: next, ...named });
  }

  tell(): void {
    const { state, writer, clock } = this.rig;
    const [change] = this.feed.splice(0, 1);
    if (change === undefined) return;
    state.confirm(change.id, change.row, { fetchedAt: clock.now() });
    // A deleteAll is told row by row: only its last one would say that it is done.
    const isPart = this.feed.some(({ opId }) => opId !== undefined && opId === change.opId);
    if (change.opId !== undefined && !isPart) this.named.add(change.opId);
    writer.observe(change.id, isPart ? undefined : change.opId);
  }

  async reread(wanted: string): Promise<void> {
    const { state, clock } = this.rig;
    const mark = state.beginRead();
    const found = this.rows.get(wanted);
    await Promise.resolve();
    if (!mark.isNewer(wanted)) state.confirm(wanted, found, { fetchedAt: clock.now(), mark });
    state.endRead(mark);
  }

  refresh(): void {
    const { state, writer, clock } = this.rig;
    this.feed.length = 0;
    for (const each of new Set([...this.rows.keys(), ...state.store.ids()])) {
      state.confirm(each, this.rows.get(each), { fetchedAt: clock.now() });
    }
    writer.observeRefresh();
  }

  /** Nothing earlier on its ids waits when an op is sent for the first time; with a concurrency of 1 nothing at all. */
  checkOrder(op: WriteOp, together: ReadonlySet<string>): void {
    const letter = this.held.get(op.opId);
    if (letter !== undefined && this.rig.writer.failed().some((failed) => failed.op.opId === letter)) {
      this.wrong ??= `${op.kind} was sent though it is parked`;
    }
    if (this.firstSent.includes(op.opId)) return;
    this.firstSent.push(op.opId);
    for (const earlier of this.rig.writer.pending()) {
      if (earlier.op.opId === op.opId) return;
      if (earlier.state === "parked" || earlier.state === "echo" || together.has(earlier.op.opId)) continue;
      if (this.setting.concurrency === 1 || concerns(earlier.op, op)) {
        this.wrong ??= `${op.kind} was sent before ${earlier.op.kind}`;
      }
    }
  }

  /** What was queued behind it on its ids, up to a deleteAll of everything, is held up. */
  noteFailed(op: WriteOp): void {
    const order = this.handles.map(({ handle }) => handle.opId);
    for (const { op: other } of this.rig.writer.pending()) {
      if (order.indexOf(other.opId) < order.indexOf(op.opId)) continue;
      if (hidesAll(other)) return;
      // Made between the failure and its event: then it may be sent.
      if (this.handles.find(({ handle }) => handle.opId === other.opId)?.failed.has(op.opId) === true)
        continue;
      if (!hidesAll(op) && concerns(op, other)) this.held.set(other.opId, op.opId);
    }
  }

  write(wanted: WriteRequest, fates: readonly Fate[]): void {
    const failed = new Set(this.rig.writer.failed().map(({ op }) => op.opId));
    const handle = this.rig.writer.submit(wanted);
    const entry = { handle, failed, outcome: "open" };
    this.handles.push(entry);
    this.fates.set(handle.opId, [...fates]);
    handle.confirmed.then(
      () => (entry.outcome = "confirmed"),
      () => (entry.outcome = "rejected"),
    );
  }

  /** What has to hold after every step. */
  check(): void {
    const { state, writer } = this.rig;
    const all = new Set([...IDS, ...IDS.map((each) => `${each}+`)]);
    for (const each of all) {
      let expected = state.store.get(each);
      if (this.setting.optimistic) {
        for (const { op } of writer.pending()) {
          if (this.named.has(op.opId)) continue;
          if (op.kind === "deleteAll") expected = op.ids?.includes(each) === false ? expected : undefined;
          else if (op.id === each) expected = applyOp(op, expected);
        }
      }
      expect(
        same(state.visible(each), expected),
        `${each} shows confirmed rows with the ops that survive`,
      ).toBe(true);
    }
    expect(this.wrong).toBeUndefined();
  }

  checkMirror(): void {
    const shown = new Map(this.rig.state.visibleEntries());
    expect(Object.fromEntries(this.mirror)).toEqual(Object.fromEntries(shown));
    expect(this.rig.state.visibleCount).toBe(shown.size);
  }

  async run(step: Command): Promise<void> {
    switch (step.do) {
      case "write":
        return this.write(step.request, step.fates);
      case "master":
        return this.put(step.id, step.row);
      case "retry":
      case "discard":
      case "cancel":
        return this.decide(step.do, step.at);
      default:
        return this.go(step.do);
    }
  }

  async go(what: Move): Promise<void> {
    const { clock, activity, settle } = this.rig;
    switch (what) {
      case "tell":
        return this.tell();
      case "tell all":
        while (this.feed.length > 0) this.tell();
        return;
      case "wait":
        return clock.advance(20_000);
      case "settle":
        this.accepted.splice(0, 1).forEach((op) => this.takeLate(op));
        return settle();
      case "refresh":
        return this.refresh();
      case "offline":
      case "active":
        return activity.set(what);
      case "hold":
        this.gate ??= Promise.withResolvers();
        return;
      case "delay":
        this.delay ??= Promise.withResolvers();
        return;
      case "release":
        return this.release();
    }
  }

  decide(what: "retry" | "discard" | "cancel", at: number): void {
    const { writer } = this.rig;
    if (what === "cancel") {
      const target = this.handles.at(-1 - at);
      void target?.handle.cancel().then((done) => done && this.cancelled.add(target.handle.opId));
    } else {
      const letter = writer.failed().at(at);
      if (letter !== undefined) void writer[what](letter.op.opId);
    }
  }

  takeLate(op: WriteOp): void {
    try {
      this.take(op);
    } catch {
      // Accepted and then refused behind the scenes: nobody is told.
    }
  }

  release(): void {
    this.gate?.resolve();
    this.gate = undefined;
    this.delay?.resolve();
    this.delay = undefined;
  }

  /** Everything is made to work again, and nothing may be left. */
  async finish(): Promise<void> {
    const { writer, state, clock, activity } = this.rig;
    this.fates.clear();
    this.release();
    activity.set("active");
    for (let round = 0; round < 50 && writer.pending().length + writer.failed().length > 0; round++) {
      this.accepted.splice(0).forEach((op) => this.takeLate(op));
      await clock.advance(61_000);
      for (const { op } of writer.failed()) void writer[round % 2 === 0 ? "retry" : "discard"](op.opId);
      while (this.feed.length > 0) this.tell();
    }
    await clock.advance(61_000);
    while (this.feed.length > 0) this.tell();
    await clock.advance(1_000);
    expect(writer.pending()).toEqual([]);
    expect(writer.failed()).toEqual([]);
    await writer.flush();
    expect(state.overlay.isEmpty).toBe(true);
    expect(writer.diagnostics()).toMatchObject({ depth: 0, inFlight: 0, failed: 0, oldestMs: undefined });
    for (const { handle, outcome } of this.handles) {
      expect(outcome).not.toBe("open");
      if (this.cancelled.has(handle.opId))
        expect([outcome, this.taken.has(handle.opId)]).toEqual(["rejected", false]);
    }
    expect(Object.fromEntries(state.visibleEntries())).toEqual(Object.fromEntries(this.rows));
  }
}

const same = (a: Row | undefined, b: Row | undefined): boolean =>
  a === b || (a !== undefined && b !== undefined && equalRows(a, b));

const hidesAll = (op: WriteOp): boolean => op.kind === "deleteAll" && op.ids === undefined;

function concerns(a: WriteOp, b: WriteOp): boolean {
  const idsOf = (op: WriteOp): readonly string[] | undefined => (op.kind === "deleteAll" ? op.ids : [op.id]);
  const [mine, others] = [idsOf(a), idsOf(b)];
  return mine === undefined || others === undefined || mine.some((each) => others.includes(each));
}

const plain: Setting = { concurrency: 1, optimistic: true, coalesce: false, batches: false, names: false };
const insertOf = (wanted: string, ...fates: Fate[]): Command => ({
  do: "write",
  request: { kind: "insert", id: wanted, row: {} },
  fates,
});
const patchOf = (wanted: string): Command => ({
  do: "write",
  request: { kind: "patch", id: wanted, partial: {} },
  fates: [],
});
const deleteAll = (...fates: Fate[]): Command => ({ do: "write", request: { kind: "deleteAll" }, fates });

/** What failed once, as it was shrunk. */
const past: [Setting, Command[]][] = [
  [plain, [insertOf("a"), { do: "tell" }, insertOf("a", "other id")]],
  [
    { ...plain, batches: true },
    [
      insertOf("a", "lost"),
      { do: "write", request: { kind: "delete", id: "b" }, fates: [] },
      patchOf("b"),
      insertOf("a"),
      { do: "wait" },
    ],
  ],
  [plain, [patchOf("a"), deleteAll(), { do: "retry", at: 0 }]],
  [plain, [deleteAll("bad"), insertOf("a"), { do: "retry", at: 0 }]],
  [plain, [{ do: "delay" }, insertOf("b"), { do: "master", id: "b", row: undefined }, { do: "refresh" }]],
  [
    plain,
    [
      { do: "delay" },
      deleteAll("later"),
      { do: "settle" },
      { do: "master", id: "a", row: {} },
      { do: "tell" },
    ],
  ],
  [
    plain,
    [
      { do: "delay" },
      { do: "write", request: { kind: "replace", id: "a", row: { x: 1 } }, fates: [] },
      { do: "settle" },
      { do: "master", id: "a", row: { x: 2 } },
      { do: "tell all" },
    ],
  ],
];

test("W33 W7 W10 W18 every sequence of writes, outcomes and changes ends well", async () => {
  await fc.assert(
    fc.asyncProperty(
      setting,
      fc.array(command, { maxLength: 40, size: "max" }),
      async (settings, commands) => {
        const world = new World(settings);
        await world.start();
        for (const step of commands) {
          await world.run(step);
          world.check();
          await Promise.resolve();
          await Promise.resolve();
        }
        await world.rig.settle();
        world.check();
        world.checkMirror();
        await world.finish();
        world.checkMirror();
      },
    ),
    { ...runs(500), examples: past },
  );
});
