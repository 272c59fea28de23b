import {
  type Dio,
  DioramaError,
  Lens,
  memory,
  type MemorySource,
  type RecordScenery,
  type Row,
  seedFromMaster,
  type Source,
  type TableScenery,
  type ValueScenery,
  type WriteRequest,
} from "vantage-diorama";
import {
  createManualClock,
  createScheduler,
  type ManualClock,
  type Scheduler,
} from "vantage-diorama/testing";
import { Floors } from "./interleaving-floors.ts";
import { both, type Command, mine, type Plan, type Setting, theirs } from "./interleaving-plan.ts";
import { numberSource } from "./numbered-source.ts";

type Shown = TableScenery | RecordScenery | ValueScenery<number>;
type CommandOf<D extends Command["do"]> = Extract<Command, { readonly do: D }>;
type Show = "table" | "record" | "value" | "search" | "scroll" | "leave";

const everyId = [...theirs, ...mine, both];

/** One Dio over a source whose calls and answers come when the scheduler says so. */
export class World {
  readonly scheduler: Scheduler;
  readonly #setting: Setting;
  readonly #clock: ManualClock = createManualClock();
  readonly #backend: MemorySource<Row>;
  readonly #floors: Floors;
  readonly #problems: string[] = [];
  #lens: Lens | undefined;
  #dio: Dio | undefined;
  readonly #shown = new Set<Shown>();
  #table: TableScenery | undefined;
  /** Calls that have not settled, by what they are. */
  readonly #under = new Map<Promise<unknown>, string>();
  /** Rows of which a change is being told. */
  readonly #telling = new Set<string>();
  #wasToldAll = true;
  #last = 0;
  #isClosed = false;

  constructor({ seed, setting }: Plan) {
    this.scheduler = createScheduler(seed);
    this.#setting = setting;
    this.#floors = new Floors(setting);
    const rows = [
      ...theirs.map((id) => ({ id, kind: "t", stamp: 0 })),
      ...mine.map((id) => ({ id, kind: "m", n: 0 })),
      { id: both, kind: "x", n: 0 },
    ];
    this.#backend = memory<Row>("rows", {
      id: "id",
      columns: { id: "text", kind: "text", n: "integer", stamp: "integer", via: "integer" },
      rows,
      capabilities: setting.capabilities,
    }).source;
  }

  get problems(): readonly string[] {
    return this.#problems;
  }

  async open(): Promise<void> {
    const { fill, optimistic, concurrency, freshForMs } = this.#setting;
    let builder = Lens.builder()
      .clock(this.#clock)
      .optimistic(optimistic)
      .writeQueue({ concurrency })
      .onEvent((dio, change) => {
        this.#expectOpen("onEvent");
        return dio.applyChange(change);
      });
    if (freshForMs !== undefined) builder = builder.freshFor(freshForMs);
    if (fill.startsWith("seed")) builder = builder.onStart(seedFromMaster);
    if (fill === "seed behind") builder = builder.onStartBlocking(false);
    if (fill === "query") {
      builder = builder.onQuery(async (dio) => {
        this.#expectOpen("onQuery");
        await dio.cache.replaceAll(await dio.master.list());
      });
    }
    if (fill === "paged") {
      builder = builder.pageSize(2).totalProvider((dio) => {
        this.#expectOpen("totalProvider");
        return dio.master.count();
      });
    }
    this.#lens = await builder.build();
    this.#dio = await this.scheduler.waitFor(this.#lens.makeDio<Row>(this.#source()));
    for (const type of ["recordInserted", "recordChanged", "recordRemoved", "invalidated"] as const)
      this.#dio.on(type, () => this.#expectOpen(`on(${type})`));
    this.#dio.on("writeFailed", ({ op }) => {
      if (op.kind !== "deleteAll") this.#floors.refused(op.id);
    });
  }

  /** Begins a command; what it comes to is looked after. */
  begin(command: Command): void {
    const wasClosed = this.#isClosed;
    const name = JSON.stringify(command);
    const call = (async () => this.#do(command))();
    const looked = call.then(
      () => {
        if (wasClosed && !isOutside(command)) this.#problems.push(`${name} worked after close`);
      },
      (error: unknown) => {
        const code = error instanceof DioramaError ? error.code : String(error);
        if (code !== "closed" && (wasClosed || !isExpected(command, code)))
          this.#problems.push(`${name} ended with ${code}: ${String(error)}`);
      },
    );
    this.#under.set(looked, name);
    void looked.finally(() => this.#under.delete(looked));
  }

  /** One turn, and a look at what readers see then. */
  async turn(): Promise<void> {
    await this.scheduler.waitOne();
    await this.look();
  }

  async look(): Promise<void> {
    const { cache } = this.#openDio;
    for (const id of this.#isClosed ? [] : everyId) {
      try {
        this.#note(this.#floors.lookAt(id, await cache.get(id)));
        this.#note(this.#floors.lookAtConfirmed(id, await cache.confirmed(id)));
      } catch (error) {
        if (!(error instanceof DioramaError && error.code === "closed")) throw error;
      }
    }
  }

  /** Until everything has settled; an open Dio then shows what the source has. */
  async end(): Promise<void> {
    await this.#settle();
    for (const name of this.#under.values()) this.#note(`${name} never settled`);
    if (!this.#isClosed && this.#problems.length === 0) await this.#compare();
    this.begin({ do: "close", what: "lens" });
    await this.#settle();
    for (const name of this.#under.values()) this.#note(`${name} never settled`);
    // Whatever is left may call back now.
    await this.scheduler.waitAll();
    await this.#clock.advance(3_600_000);
  }

  get #openDio(): Dio {
    if (this.#dio === undefined) throw new Error("open it first");
    return this.#dio;
  }

  #note(problem: string | undefined): void {
    if (problem !== undefined) this.#problems.push(problem);
  }

  #expectOpen(what: string): void {
    if (this.#isClosed) this.#problems.push(`${what} was called after close`);
  }

  #number(): number {
    return ++this.#last;
  }

  #source(): Source<Row> {
    const isNumbered = this.#setting.mode === "numbered";
    const late = this.scheduler.wrapSource<Row>(this.#backend, { answersOnly: !isNumbered });
    return numberSource(late, {
      onCall: (name) => this.#expectOpen(`source.${name}`),
      number: () => (isNumbered ? this.#number() : undefined),
    });
  }

  async #settle(): Promise<void> {
    for (let left = 100; left > 0 && this.#under.size > 0; left--) {
      while (this.scheduler.waiting > 0) await this.turn();
      await this.#clock.advance(200);
      await this.#giveUpLetters();
    }
    while (this.scheduler.waiting > 0) await this.turn();
  }

  /** What is parked behind them goes on. */
  async #giveUpLetters(): Promise<void> {
    for (const { op } of this.#isClosed ? [] : this.#openDio.writes.failed())
      await this.#openDio.writes.discard(op.opId).catch(() => false);
  }

  /** At rest: where it was told of everything by what it was told, else after a refresh. */
  async #compare(): Promise<void> {
    const dio = this.#openDio;
    await this.#finish(() => dio.flush());
    const hears = this.#wasToldAll && this.#setting.optimistic;
    if (hears && dio.cache.complete) await this.#compareNow("at rest");
    await this.#finish(() => dio.refresh());
    await this.#compareNow("after a refresh");
  }

  async #compareNow(when: string): Promise<void> {
    // What is known to be old is renewed behind the first reader.
    await this.#finish(() => this.#openDio.vista().list());
    let shown: ReadonlyMap<string, Row> = new Map();
    await this.#finish(async () => (shown = await this.#openDio.vista().list()));
    const [found, expected] = [bare(shown), bare(this.#backend.rows)];
    if (found !== expected) this.#note(`${when} it shows ${found}, the source has ${expected}`);
  }

  async #finish(work: () => Promise<unknown>): Promise<void> {
    const call = work();
    this.#under.set(call, "the last look");
    void call.finally(() => this.#under.delete(call));
    await this.#settle();
  }

  // Commands -----------------------------------------------------------------------------------------------

  // oxlint-disable-next-line complexity -- a list of commands
  #do(command: Command): Promise<unknown> {
    const dio = this.#openDio;
    switch (command.do) {
      case "list":
        return dio.vista().list();
      case "count":
        return dio.vista().count();
      case "page":
        return dio.vista().orderBy("id").fetchPage(1, 3);
      case "narrowed":
        return dio.vista().where("kind", "t").list();
      case "mine":
        return dio.vista().where("kind", "m").list();
      case "get":
        return dio.vista().get(command.id);
      case "refresh":
        return this.#refresh();
      case "invalidate all":
        return dio.invalidateAll();
      case "invalidated":
        return dio.handleEvent({ type: "invalidated" });
      case "invalidate":
        return dio.invalidateRecord(command.id);
      case "reload":
        return dio.reload(this.#source());
      case "flush":
        return dio.flush();
      case "time":
        return this.#clock.advance(command.ms);
      case "clear":
        return this.#clear();
      case "change":
        return this.#change(command);
      case "put":
      case "drop":
        return this.#byHand(command);
      case "write":
        return this.#write(command);
      case "close":
        return this.#close(command.what);
      default:
        return this.#show(command.do);
    }
  }

  /** A complete cache then has what the source had at the call, or newer. */
  async #refresh(): Promise<void> {
    const dio = this.#openDio;
    const wasComplete = dio.cache.complete;
    const had = theirs
      .filter((id) => !this.#telling.has(id))
      .map((id) => [id, Number(this.#backend.rows.get(id)?.["stamp"] ?? 0)] as const);
    await dio.refresh();
    // In the other mode rows are known by who asked for them, and equal ones are not asked for in vain.
    if (this.#setting.mode === "numbered" || !wasComplete || !dio.cache.complete) return;
    for (const [id, stamp] of had) if (!this.#telling.has(id)) this.#floors.told(id, stamp, false);
  }

  async #clear(): Promise<void> {
    const number = this.#number();
    const there = theirs.filter((id) => this.#floors.isThere(id));
    await this.#openDio.cache.clear();
    // In the other mode the same row may be fetched again.
    if (this.#setting.mode === "numbered") for (const id of there) this.#floors.told(id, number, true);
  }

  async #change(command: CommandOf<"change">): Promise<void> {
    const { id, gone } = command;
    // What is told behind something else of its row is as old as that: one at a time.
    const told = this.#telling.has(id) ? "no" : command.told;
    const stamp = this.#number();
    const row: Row = { id, kind: id === both ? "x" : "t", stamp };
    if (gone) this.#backend.remove(id);
    else this.#backend.set(id, row);
    if (told === "no") this.#wasToldAll = false;
    if (told === "no") return;
    const isWhole = told === "with row" && !gone;
    this.#telling.add(id);
    try {
      const without = { type: gone ? "deleted" : "updated", id } as const;
      await this.#openDio.handleEvent(isWhole ? this.#updated(id, row, stamp) : without);
      if (isWhole || gone) this.#floors.told(id, stamp, gone);
    } finally {
      this.#telling.delete(id);
    }
  }

  #updated(id: string, row: Row, via: number): { type: "updated"; id: string; row: Row } {
    return { type: "updated", id, row: this.#setting.mode === "numbered" ? { ...row, via } : row };
  }

  async #byHand({ do: what, id }: CommandOf<"put" | "drop">): Promise<void> {
    const { cache } = this.#openDio;
    this.#wasToldAll = false;
    const number = this.#number();
    const row = this.#backend.rows.get(id);
    if (what === "drop" || row === undefined) {
      await cache.delete(id);
      if (this.#setting.mode === "numbered") this.#floors.told(id, number, true);
    } else {
      await cache.insert(id, this.#updated(id, row, number).row);
      if (this.#setting.mode === "numbered") this.#floors.told(id, number, false);
    }
  }

  async #write({ id, kind }: CommandOf<"write">): Promise<void> {
    const n = this.#number();
    const row = { id, kind: id === both ? "x" : "m", n };
    const request: WriteRequest =
      kind === "patch" ? { kind, id, partial: { n } } : kind === "delete" ? { kind, id } : { kind, id, row };
    const handle = this.#openDio.submit(request);
    const confirmed = handle.confirmed.then(() => this.#floors.confirmed(id, n));
    await handle.staged;
    this.#floors.written(id, n);
    await confirmed;
  }

  async #close(what: "dio" | "lens"): Promise<void> {
    await (what === "dio" ? this.#openDio.close({ drain: 0 }) : this.#lens?.close({ drain: 0 }));
    this.#isClosed = true;
  }

  async #show(what: Show): Promise<void> {
    const dio = this.#openDio;
    switch (what) {
      case "table":
        this.#table = await this.#opened(this.#openTable());
        return;
      case "record":
        return void (await this.#opened(dio.recordScenery(mine[0]).open()));
      case "value":
        return void (await this.#opened(
          dio
            .valueScenery({ where: ["kind", "=", "t"] })
            .count()
            .open(),
        ));
      case "search":
        return this.#isEager ? this.#shownTable?.setSearch("t") : undefined;
      case "scroll":
        this.#shownTable?.setViewport(1, 4);
        return this.#setting.fill === "steps" ? this.#shownTable?.loadMore() : undefined;
      case "leave":
        for (const shown of this.#shown) shown.close();
        this.#shown.clear();
    }
  }

  get #isEager(): boolean {
    return this.#setting.fill !== "paged" && this.#setting.fill !== "steps";
  }

  /** The one that was opened last, while it is open. */
  get #shownTable(): TableScenery | undefined {
    return this.#table !== undefined && this.#shown.has(this.#table) ? this.#table : undefined;
  }

  #openTable(): Promise<TableScenery> {
    return this.#openDio.tableScenery(this.#isEager ? { where: ["kind", "!=", "m"] } : {}).open();
  }

  /** Follows what it shows, at each publication. */
  async #opened<S extends Shown>(opening: Promise<S>): Promise<S> {
    const shown = await opening;
    this.#expectOpen("a Scenery's open()");
    this.#shown.add(shown);
    shown.subscribe(() => {
      this.#expectOpen("a Scenery's listener");
      if (!this.#shown.has(shown)) this.#note("a Scenery that was closed told its listener");
      if (!("rows" in shown)) return;
      // That a write was refused is told behind this.
      for (const each of shown.rows(0, Infinity))
        if (each?.row["kind"] === "t") this.#note(this.#floors.lookAt(each.id, each.row));
    });
    return shown;
  }
}

/** It asks nothing of the Dio, or may be done again. */
function isOutside(command: Command): boolean {
  if (command.do === "change") return command.told === "no";
  return ["time", "close", "leave", "search", "scroll"].includes(command.do);
}

function isExpected(command: Command, code: string): boolean {
  return command.do === "write" && ["conflict", "notFound"].includes(code);
}

/** Rows by id, without what only one mode has. */
function bare(rows: ReadonlyMap<string, Row>): string {
  const byName = (entries: readonly (readonly [string, unknown])[]): unknown =>
    entries.toSorted(([a], [b]) => (a < b ? -1 : 1));
  const cells = [...rows].map(([id, { via: _via, ...row }]) => [id, byName(Object.entries(row))] as const);
  return JSON.stringify(byName(cells));
}
