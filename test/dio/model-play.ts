import {
  createActivity,
  createNoCache,
  type ActivitySwitch,
  type Clock,
  type Dio,
  DioramaError,
  Lens,
  type MakeDioSettings,
  type MemoryVista,
  type QueuedOp,
  type Row,
  seedFromMaster,
  type Source,
  type WriteEdit,
  type WriteHandle,
  type WriteOp,
  type WriteRequest,
} from "vantage-diorama";
import { createManualClock, type ManualClock } from "vantage-diorama/testing";
import { evaluate } from "../../src/query/index.ts";
import type { OracleQueue } from "../../src/testing/oracle-queue.ts";
import type { Command, Decision, LifeCommand, LifeSetting, Setting, Step } from "./model-commands.ts";
import { KeptRows } from "./model-kept-rows.ts";
import type { Files } from "./model-files.ts";
import { Machine } from "./model-machine.ts";
import { same } from "./model-same.ts";
import { toRequest, withFaults, withId } from "./model-source.ts";
import { codeOf, ModelTable, nameOf } from "./model-table.ts";
import { settle, sleep } from "./turns.ts";

const HOUR_MS = 3_600_000;
/** Of an hour: each longer than any wait between two attempts. */
const PARTS = 10;

/** What outlives the process. */
export type Keeps = "nothing" | "writes" | "rows and writes" | ((clock: Clock) => Files);

/** A Lens with its Dios, each beside its oracle, through all the lives of their process. */
export class Play {
  readonly tables: readonly ModelTable[];
  readonly #keeps: Keeps;
  readonly #decision: Decision;
  readonly #clock: ManualClock = createManualClock();
  readonly #files: Files;
  readonly #keptRows = new Map<ModelTable, KeptRows>();
  /** Dead letters that were sent once more. */
  readonly #again = new Set<string>();
  #activity: ActivitySwitch = createActivity();
  #lens: Lens | undefined;

  private constructor(settings: readonly Setting[], keeps: Keeps, decision: Decision) {
    this.tables = settings.map((setting, place) => new ModelTable(`products${place}`, setting));
    for (const table of this.tables) this.#keptRows.set(table, new KeptRows());
    this.#keeps = keeps;
    this.#decision = decision;
    this.#files =
      typeof keeps === "string" ? new Machine(this.#clock, keeps === "rows and writes") : keeps(this.#clock);
  }

  /** One Dio of a Lens in memory. */
  static async open(setting: Setting): Promise<Play> {
    return Play.#opened(new Play([setting], "nothing", { letter: "discard" }));
  }

  /** Dios whose files outlive them: made up ones, or those of a folder. */
  static async openLives(
    { tables, keepsRows, decision }: LifeSetting,
    folder?: (clock: Clock) => Files,
  ): Promise<Play> {
    return Play.#opened(new Play(tables, folder ?? (keepsRows ? "rows and writes" : "writes"), decision));
  }

  static async #opened(play: Play): Promise<Play> {
    await play.#begin();
    return play;
  }

  async close(): Promise<void> {
    const lens = this.#lens;
    this.#lens = undefined;
    await this.#ended(lens?.close({ drain: 0 }) ?? Promise.resolve());
  }

  async step({ of, command }: Step): Promise<void> {
    const table = this.tables[of % this.tables.length];
    if (table === undefined) return;
    await this.#do(table, command);
    await this.#settle();
    for (const each of this.tables) await this.#decideLetters(each);
    for (const each of this.tables) {
      await each.check();
      this.#keptRows.get(each)?.note(each);
    }
  }

  /** With files that other threads write, until everything is as it should be. */
  async #settle(): Promise<void> {
    await settle(8);
    if (this.#files.isReal) for (const table of this.tables) await table.staged();
    for (let tries = 500; tries > 0 && this.#files.isReal; tries--) {
      const states = await Promise.allSettled(this.tables.map((table) => table.check()));
      if (states.every(({ status }) => status === "fulfilled")) return;
      await sleep(2);
    }
  }

  /** Work that waits for nothing but other threads, where there are any: no write is tried again meanwhile. */
  #finished<T>(work: Promise<T>): Promise<T> {
    return this.#files.isReal ? work : this.#clock.until(work);
  }

  /** Work that waits for the clock too. */
  async #ended<T>(work: Promise<T>): Promise<T> {
    if (!this.#files.isReal) return this.#clock.until(work);
    let isOver = false;
    const over = work.finally(() => (isOver = true));
    over.catch(() => undefined);
    while (!isOver) {
      // By then it has stopped whatever would be tried again.
      await sleep(1);
      await this.#clock.advance(50);
    }
    return over;
  }

  async #do(table: ModelTable, command: Command | LifeCommand): Promise<void> {
    switch (command.do) {
      case "time":
        return this.#pass(() => undefined);
      case "suspend":
        return this.#pass((clock) => clock.suspend(8 * HOUR_MS));
      case "jump":
        return this.#clock.jumpWall(command.hours * HOUR_MS);
      case "flush":
        await this.#finished(this.#lens?.flush() ?? Promise.resolve());
        return this.#allKept();
      case "close":
        await this.close();
        for (const each of this.tables) this.#keptRows.get(each)?.allKept(each);
        return this.#nextLife();
      case "crash":
        return this.#nextLife();
      case "crash during":
        return this.#crashDuring(table, command);
      case "withdraw":
        await table.withdraw(command.place);
        return table.oracle.queue.pump();
      case "offline":
        return this.#offline(table, command.requests.map(toRequest), command.place);
      case "reload":
        return table.reload(command.rows, (backend) => this.#sourceOf(table, backend));
      default:
        return table.do(command);
    }
  }

  /** So much time that every attempt is made and everything is in its file. */
  async #pass(begin: (clock: ManualClock) => void): Promise<void> {
    begin(this.#clock);
    for (let part = 0; part < PARTS; part++) {
      await this.#clock.advance(HOUR_MS / PARTS);
      if (this.#files.isReal) await sleep(3);
    }
    for (const table of this.tables) table.oracle.queue.pass();
    await this.#settle();
    this.#allKept();
  }

  #allKept(): void {
    // Of real files it is not known before they are opened again.
    if (this.#files.isReal) return;
    for (const table of this.tables) {
      // A write that was confirmed a moment ago is applied once more at the next start.
      const isBehind = this.#files.ops(table.name).some(({ state }) => state === "confirmed");
      if (!isBehind) this.#keptRows.get(table)?.allKept(table);
    }
  }

  /** Dead letters are decided on at once and one by one, so that there is one order of things. */
  async #decideLetters(table: ModelTable): Promise<void> {
    const { dio, oracle } = table;
    for (let left = 100; left > 0; left--) {
      const [letter] = dio.writes.failed();
      if (letter === undefined) return;
      const told = await this.#decide(dio, letter.op);
      await settle(8);
      told(oracle.queue);
      await this.#settle();
    }
  }

  /** Answers with what the oracle is to do then. */
  async #decide({ writes }: Dio, letter: WriteOp): Promise<(queue: OracleQueue) => void> {
    const decision = this.#decision;
    const { opId } = letter;
    const isFirst = !this.#again.has(opId);
    this.#again.add(opId);
    if (isFirst && decision.letter === "retry") {
      same("retrying", await writes.retry(opId), true);
      return (queue) => queue.retry();
    }
    if (isFirst && decision.letter === "edit") {
      const edit = edited(letter, decision);
      if (edit !== undefined) {
        const next = await writes.edit(opId, edit.change);
        if (next === undefined) throw new Error("a dead letter that is there can't be edited");
        this.#again.add(next);
        return (queue) => queue.edit(edit.request);
      }
      // A deletion has no content.
      const code = await writes.edit(opId, { row: decision.row }).then(() => "none", codeOf);
      same("editing a deletion", code, "invalid");
    }
    same("discarding", await writes.discard(opId), true);
    return (queue) => queue.discard();
  }

  /** Of a Dio that knows every row: nothing has to be asked for. One write is withdrawn before it can be sent. */
  async #offline(table: ModelTable, requests: readonly WriteRequest[], place: number): Promise<void> {
    const { oracle } = table;
    if (!oracle.isComplete || oracle.hasStale) return;
    this.#activity.set("offline");
    for (const request of requests) await this.#submit(table, request);
    await this.#settle();
    await table.check();
    await table.withdraw(place);
    await this.#settle();
    this.#activity.set("active");
    // What waits for its next attempt, of any Dio, is tried at once.
    for (const each of this.tables) each.oracle.queue.wake();
  }

  /** Not sent yet, as far as the oracle is concerned. */
  async #submit(table: ModelTable, request: WriteRequest): Promise<WriteHandle | undefined> {
    const refusal = table.oracle.write(request, false);
    let handle: WriteHandle | undefined;
    let code: string | undefined;
    try {
      handle = table.submit(request);
    } catch (error) {
      code = codeOf(error);
    }
    same(`a write ${nameOf(request)}`, code, refusal);
    return handle;
  }

  /** The process ends in the middle of things: what was acknowledged is there, the rest may be. */
  async #crashDuring(
    table: ModelTable,
    { requests, turns, isOffline }: LifeCommand & { readonly do: "crash during" },
  ): Promise<void> {
    // Half of a group that other threads are writing can't be copied.
    if (this.#files.isReal) return;
    // What is refused now would be another one after the crash.
    for (const { faults, oracle } of this.tables) {
      faults.writes.splice(0);
      oracle.queue.fates.splice(0);
    }
    const before = this.#files.ops(table.name).map(({ op }) => op.opId);
    const acknowledged: string[] = [];
    if (isOffline) this.#activity.set("offline");
    for (const request of requests.map(toRequest)) {
      let handle: WriteHandle;
      try {
        handle = table.submit(request);
      } catch (error) {
        if (error instanceof DioramaError) continue;
        throw error;
      }
      const { opId } = handle;
      handle.staged.then(
        () => acknowledged.push(opId),
        () => undefined,
      );
    }
    await turn(turns);
    const promised = [...before, ...acknowledged];
    await this.#nextLife(table, () => {
      const kept = new Set(this.#files.ops(table.name).map(({ op }) => op.opId));
      for (const opId of promised) {
        if (!kept.has(opId) && !table.faults.taken.has(opId))
          throw new Error(`an acknowledged write is lost`);
      }
    });
  }

  /** The process has ended, and begins anew. `unsettled`: whose oracle does not know how far it had come. */
  async #nextLife(unsettled?: ModelTable, look: () => void = () => undefined): Promise<void> {
    const names = this.tables.map(({ name }) => name);
    await this.#files.crash(() => this.close(), names);
    look();
    this.#activity = createActivity();
    for (const table of this.tables) this.#takeOver(table, table !== unsettled);
    await this.#begin();
    await settle(8);
    for (const table of this.tables) {
      // What an earlier life has left of all rows is looked at behind the first reader; a start that a deleteAll of
      // the queue has met half way leaves it to him as well.
      if (!table.oracle.isComplete) continue;
      await this.#finished(table.dio.vista().list());
      await this.#finished(table.dio.refresh());
      table.oracle.refresh();
    }
  }

  /** The oracle goes on from the files, which hold what it knows or, where it was unsettled, what may be. */
  #takeOver(table: ModelTable, isSettled: boolean): void {
    const { oracle, faults, name, setting } = table;
    const keepsRows = !["nothing", "writes"].includes(String(this.#keeps)) && setting.cache !== "none";
    table.detach();
    faults.read = false;
    const ops = this.#files.ops(name);
    const left = ops.filter(({ state }) => state !== "confirmed");
    // Applied in the order in which they were confirmed: a retried letter is later than its number says.
    const confirmed = ops
      .filter(({ state }) => state === "confirmed")
      .toSorted((one, other) => one.nextAttemptAt - other.nextAttemptAt)
      .map(({ op }) => op);
    if (isSettled) {
      // That a write is done reaches a file of other threads a while later: it is sent again, to no effect.
      const isOpen = (isThere: boolean): boolean => !this.#files.isReal || !isThere;
      same(
        "kept writes",
        left.filter(({ op }) => isOpen(faults.taken.has(op.opId))).map(({ op }) => nameOf(op)),
        oracle.pending.filter(({ isThere }) => isOpen(isThere)).map(nameOf),
      );
    }
    if (!keepsRows) same("writes whose rows wait for their file", confirmed.length, 0);
    oracle.up.clear();
    for (const [key, row] of table.backend.source.rows) oracle.up.set(key, row);
    const rows = new Map<string, Row>();
    if (keepsRows) for (const [key, row] of this.#files.rows(name)) rows.set(key, row);
    oracle.reopen({
      rows,
      isComplete: keepsRows && this.#files.isComplete(name),
      isClean: !keepsRows || this.#files.isClean(name),
      confirmed,
    });
    const keptRows = this.#keptRows.get(table);
    if (keepsRows && isSettled) keptRows?.check(table, confirmed);
    keptRows?.allKept(table);
    if (setting.cache === "complete" && !oracle.isComplete) oracle.readAll();
    oracle.queue.reopen(left.map((queued) => toKept(queued, faults.taken)));
  }

  async #begin(): Promise<void> {
    let builder = Lens.builder().clock(this.#files.clock()).activity(this.#activity);
    if (this.#keeps !== "nothing") builder = this.#files.configure(builder);
    if (this.tables.every(({ setting }) => setting.cache === "none"))
      builder = builder.cacheSource(createNoCache());
    this.#lens = await builder.build();
    for (const table of this.tables) {
      const master = this.#sourceOf(table, table.backend);
      const dio = await this.#lens.makeDio<Row>(master, callbacksOf(table.setting));
      await table.attach(dio);
    }
  }

  #sourceOf(table: ModelTable, backend: MemoryVista): Source<Row> {
    return withFaults(backend.source, table.faults, this.#files.isAlive());
  }
}

function callbacksOf({ cache }: Setting): MakeDioSettings<Row> {
  if (cache === "complete") return { onStart: seedFromMaster };
  if (cache !== "filled") return {};
  return {
    onQuery: async (each, asked) => {
      await each.cache.insertAll(evaluate(await each.master.list(), asked, undefined));
    },
  };
}

/** The content that a dead letter gets, for the oracle and for the Dio; `undefined`: it has none. */
function edited(
  letter: WriteRequest,
  { row, partial }: Decision & { readonly letter: "edit" },
): { readonly request: WriteRequest; readonly change: WriteEdit } | undefined {
  switch (letter.kind) {
    case "insert":
    case "replace": {
      const own = withId(letter.id, row);
      return { request: { kind: letter.kind, id: letter.id, row: own }, change: { row: own } };
    }
    case "patch":
      return { request: { kind: "patch", id: letter.id, partial }, change: { partial } };
    case "delete":
    case "deleteAll":
      return undefined;
  }
}

function toKept({ op, sequence, state, parksUpTo }: QueuedOp, taken: ReadonlySet<string>) {
  const isThere = taken.has(op.opId);
  return {
    request: op,
    sequence,
    isThere,
    parksUpTo: state === "failed" ? (parksUpTo ?? sequence) : undefined,
  };
}

async function turn(turns: number): Promise<void> {
  // The first ones are within the stretch.
  for (let each = 0; each < turns && each < 6; each++) await Promise.resolve();
  await settle(Math.max(0, turns - 6));
}
