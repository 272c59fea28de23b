import { array, assert, asyncProperty, constantFrom, integer, nat, record } from "fast-check";
import { expect, test } from "vitest";
import { runs } from "../../test/properties/runs.ts";
import { ChaoticSource } from "../../test/scenery/chaotic-source.ts";
import { MapHost } from "../../test/scenery/map-host.ts";
import { settle } from "../../test/scenery/paged-rig.ts";
import { everything } from "../query/index.ts";
import { createRandom } from "../testing/index.ts";
import type { Range, ViewEffect } from "../views/index.ts";
import { PagedTable } from "./paged-table.ts";
import type { ModelUse } from "./table-model.ts";

const PAGE = 10;
/** Beyond what any source of the test has. */
const SPAN = 400;
/** For one step: a viewport of a few pages, begun again twice, each load with one doubt, and the search for the end. */
const MOST_LOADS_A_STEP = 40;

interface Step {
  readonly act: string;
  readonly use: number;
  readonly start: number;
  readonly length: number;
}

/** A table over a chaotic source, and what somebody who only follows effects knows of it. */
class Chaos {
  readonly host = new MapHost();
  readonly source: ChaoticSource;
  readonly table: PagedTable;
  readonly uses: ModelUse[] = [];
  readonly views: Range[] = [];
  effects = 0;
  #copy: (string | undefined)[] = [];
  #steps = 0;

  constructor(seed: number, rows: number) {
    this.host.pageSize = PAGE;
    this.source = new ChaoticSource(this.host, createRandom(seed), rows);
    this.table = new PagedTable(this.host, everything, PAGE);
    for (const use of [0, 1]) {
      this.views.push({ start: 0, end: PAGE });
      this.uses.push(this.table.use((effect) => this.#follow(effect, use)));
    }
  }

  async play({ act, use, start, length }: Step): Promise<void> {
    this.#steps += 1;
    const { host, source } = this;
    switch (act) {
      case "look":
        this.look(use, start, start + length);
        break;
      case "refresh":
        source.epoch += 1;
        host.notify("refreshed");
        break;
      case "change": {
        const { id, isThere } = source.change();
        if (!isThere) host.put(id, undefined);
        if (length % 2 === 0) host.notify("upstream");
        break;
      }
      case "more":
        void this.table.loadMore();
        break;
      case "pass":
        await host.clock.advance(start * 5);
        break;
      default:
        await host.clock.advance(length);
    }
    await settle();
    this.check();
  }

  look(use: number, start: number, end: number): void {
    this.views[use] = { start, end };
    this.uses[use]?.setViewport({ start, end });
  }

  check(): void {
    const rows = this.#rows();
    // Every row stands at one place, and all of them are of one epoch.
    for (const [index, id] of rows) expect(this.table.indexOf(id)).toBe(index);
    if (rows.length > 0) expect(this.source.epochsOf(rows)).not.toEqual([]);
    expect(this.table.idsBetween(0, SPAN).length).toBe(Math.min(SPAN, this.table.rowCount));
    const { total, state, rowCount } = this.table;
    if (total.value !== undefined) expect(total.value).toBe(rowCount);
    if (state.kind === "complete") expect(total.kind).toBe("stated");
    expect(this.source.loads).toBeLessThanOrEqual((this.#steps + 2) * MOST_LOADS_A_STEP);
    expect(this.source.running.size).toBeLessThanOrEqual(4);
  }

  /** The source behaves, and after a refresh what is looked at is what it has. */
  async calm(): Promise<void> {
    this.source.isCalm = true;
    await this.play({ act: "refresh", use: 0, start: 0, length: 0 });
    await this.host.clock.advance(120_000);
    await settle();
    // Totals that were too small show what is behind them when it is asked for.
    for (let page = 0; page <= SPAN / PAGE; page++) {
      await this.table.loadMore();
      await settle();
    }
    this.check();
    for (const { start, end } of this.views) {
      const ids = this.table.idsBetween(start, end).filter((id) => id !== undefined);
      expect(ids).toEqual(this.source.ids.slice(start, end));
    }
    expect(["partial", "complete"]).toContain(this.table.state.kind);
    expect(this.host.clock.timerCount).toBe(0);
  }

  async release(): Promise<void> {
    for (const use of this.uses) use.release();
    const [effects, announced, loads] = [this.effects, this.host.announced.length, this.source.loads];
    expect([this.source.running.size, this.host.listenerCount]).toEqual([0, 0]);
    this.host.notify("refreshed");
    await this.host.clock.advance(120_000);
    expect([this.effects, this.host.announced.length, this.source.loads]).toEqual([
      effects,
      announced,
      loads,
    ]);
    expect(this.host.clock.timerCount).toBe(0);
  }

  #rows(): [number, string][] {
    const ids = this.table.idsBetween(0, SPAN);
    return ids.flatMap((id, index): [number, string][] => (id === undefined ? [] : [[index, id]]));
  }

  /** Outside of what the effect names nothing is different. */
  #follow(effect: ViewEffect, use: number): void {
    this.effects += 1;
    if (use !== 0) return;
    const now = Array.from({ length: SPAN }, (_, index) => this.table.idAt(index));
    const before = this.#copy;
    this.#copy = now;
    if (effect.reset) return;
    const named = new Set(effect.ids);
    for (const [index, id] of now.entries()) {
      if (before[index] === id) continue;
      expect(effect.ranges.some(({ start, end }) => index >= start && index < end)).toBe(true);
      for (const one of [before[index], id]) if (one !== undefined) expect(named.has(one)).toBe(true);
    }
    const edges = effect.ranges.flatMap(({ start, end }) => [start, end]);
    expect(edges).toEqual(edges.toSorted((a, b) => a - b));
    expect(new Set(edges).size).toBe(edges.length);
  }
}

const acts = ["look", "look", "look", "pass", "pass", "tick", "change", "change", "refresh", "more"] as const;

test("S27 S29 S32 S35 S39 whatever a source does, a view is of one state of it and ends up right", async () => {
  const step = record({
    act: constantFrom(...acts),
    use: nat(1),
    start: nat(150),
    length: integer({ min: 1, max: 35 }),
  });
  const property = asyncProperty(
    nat(2 ** 31),
    nat(150),
    array(step, { maxLength: 30 }),
    async (seed, rows, steps) => {
      const chaos = new Chaos(seed, rows);
      await settle();
      for (const one of steps) await chaos.play(one);
      await chaos.calm();
      await chaos.release();
    },
  );
  await assert(property, runs(150));
}, 60_000);

test("S39 a table that is released in the middle of it all leaves nothing behind", async () => {
  const property = asyncProperty(nat(2 ** 31), nat(150), nat(300), async (seed, at, afterMs) => {
    const chaos = new Chaos(seed, 100);
    chaos.look(0, at, at + 20);
    chaos.look(1, 5, 35);
    await chaos.host.clock.advance(afterMs);
    await chaos.release();
  });
  await assert(property, runs(150));
}, 60_000);
