import { array, assert, asyncProperty, constantFrom, nat, record } from "fast-check";
import { expect, test } from "vitest";
import { FlakyTable } from "../../test/dio/flaky-table.ts";
import { runs } from "../../test/properties/runs.ts";
import { must, silentLogger } from "../base/index.ts";
import { createManualClock } from "../testing/index.ts";
import { DioState } from "./dio-state.ts";
import { RowStore } from "./row-store.ts";
import { Run, type RunKind } from "./run.ts";

const ids = ["a", "b", "c", "d"];

interface Lane {
  readonly run: Run;
  /** When it began: to this moment belongs what it writes. */
  readonly begun: number;
  readonly staged: Map<string, number | undefined>;
  cleared: boolean;
}

/** Three runs and single changes over one state, and what everyone ought to see of them. */
class Model {
  readonly state: DioState;
  readonly #kind: RunKind;
  readonly #lanes: Lane[] = [];
  /** What everyone sees, and to which moment it belongs. */
  readonly #shown = new Map<string, number>();
  readonly #since = new Map<string, number>();
  #moment = 0;

  constructor(store: RowStore, kind: RunKind) {
    this.state = new DioState(store, silentLogger);
    this.#kind = kind;
    for (let lane = 0; lane < 3; lane++) this.#begin(lane);
  }

  async play(move: string, laneNumber: number, id: string): Promise<void> {
    const lane = must(this.#lanes[laneNumber], "there are three lanes");
    const n = ++this.#moment;
    switch (move) {
      case "put":
        lane.run.put(id, { n });
        lane.staged.set(id, n);
        break;
      case "remove":
        lane.run.remove(id);
        lane.staged.set(id, undefined);
        break;
      case "clear":
        lane.run.clear();
        lane.staged.clear();
        lane.cleared = true;
        break;
      case "publish":
        await this.#publish(lane);
        break;
      case "end":
        await this.#publish(lane);
        lane.run.end();
        this.#begin(laneNumber);
        break;
      case "fail":
        lane.run.end();
        this.#begin(laneNumber);
        break;
      default:
        this.state.confirm(id, move === "drop" ? undefined : { n }, { fetchedAt: n });
        this.#settle(id, move === "drop" ? undefined : n, n);
        await this.state.published();
    }
    this.#check(must(this.#lanes[laneNumber], "there are three lanes"));
  }

  #begin(lane: number): void {
    const run = new Run(this.state, {
      kind: this.#kind,
      startedAt: 1,
      signal: new AbortController().signal,
    });
    this.#lanes[lane] = { run, begun: ++this.#moment, staged: new Map(), cleared: false };
  }

  async #publish(lane: Lane): Promise<void> {
    await lane.run.publish();
    if (lane.cleared) {
      for (const id of ids)
        if (!lane.staged.has(id) && this.#shown.has(id)) this.#settle(id, undefined, lane.begun);
    }
    for (const [id, n] of lane.staged) this.#settle(id, n, lane.begun);
    lane.staged.clear();
    lane.cleared = false;
  }

  /** What belongs to a later moment stays. */
  #settle(id: string, n: number | undefined, moment: number): void {
    if ((this.#since.get(id) ?? 0) > moment) return;
    this.#since.set(id, moment);
    if (n === undefined) this.#shown.delete(id);
    else this.#shown.set(id, n);
  }

  #check(lane: Lane): void {
    const visible = [...this.state.visibleEntries()].map(([id, row]) => [id, row["n"]] as const);
    expect(new Map(visible)).toEqual(this.#shown);
    const own = new Map(lane.cleared ? [] : this.#shown);
    for (const [id, n] of lane.staged) {
      if (n === undefined) own.delete(id);
      else own.set(id, n);
    }
    expect(new Map([...lane.run.visibleEntries()].map(([id, row]) => [id, row["n"]]))).toEqual(own);
  }
}

test("D13 D14 D15 runs and single changes in any order end as the rules say", async () => {
  const move = record({
    kind: constantFrom(
      "put",
      "put",
      "remove",
      "clear",
      "publish",
      "publish",
      "end",
      "fail",
      "confirm",
      "drop",
    ),
    lane: nat(2),
    id: constantFrom(...ids),
  });
  const property = asyncProperty(
    array(move, { maxLength: 50 }),
    constantFrom<RunKind>("bulk", "query"),
    async (moves, kind) => {
      const clock = createManualClock();
      const host = { clock, keeps: true, onFailure: () => undefined, onLost: () => undefined };
      const model = new Model(new RowStore(await FlakyTable.create(), host), kind);
      for (const { kind: name, lane, id } of moves) await model.play(name, lane, id);
      expect(model.state.readsUnderWay).toBe(3);
    },
  );
  await assert(property, runs(500));
}, 60_000);
