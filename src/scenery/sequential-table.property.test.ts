import { array, assert, asyncProperty, constantFrom, nat } from "fast-check";
import { expect, test } from "vitest";
import { runs } from "../../test/properties/runs.ts";
import { MapHost } from "../../test/scenery/map-host.ts";
import { settle } from "../../test/scenery/paged-rig.ts";
import { sleep } from "../base/index.ts";
import { everything } from "../query/index.ts";
import { createRandom, type Random } from "../testing/index.ts";
import type { ViewEffect } from "../views/index.ts";
import type { NextRows } from "./scenery-host.ts";
import { SequentialTable } from "./sequential-table.ts";

const PAGE = 5;

/** A sequential table over a source that is late, fails and changes; a token is the number of rows before its page. */
class Chaos {
  readonly host = new MapHost();
  readonly ids: string[];
  readonly table: SequentialTable;
  readonly random: Random;
  isCalm = false;
  flights = 0;
  effects = 0;
  #copy: readonly (string | undefined)[] = [];
  #lastId: number;

  constructor(seed: number, rows: number) {
    this.random = createRandom(seed);
    this.ids = Array.from({ length: rows }, (_, at) => `r${at}`);
    this.#lastId = rows;
    this.host.feeds.loadNext = (token, size, _query, signal) => this.#load(token, size, signal);
    this.table = new SequentialTable(this.host, everything, PAGE);
  }

  use = () => this.table.use((effect) => this.#follow(effect));

  async play(act: string): Promise<void> {
    const { host, ids, random } = this;
    if (act === "more") void this.table.loadMore();
    if (act === "refresh") host.notify("refreshed");
    if (act === "pass") await host.clock.advance(random.integer(0, 500));
    if (act === "change") {
      const at = random.integer(0, ids.length);
      const [left] = random.chance(0.5) ? ids.splice(at, 1) : [];
      if (left === undefined) ids.splice(at, 0, `r${(this.#lastId += 1)}`);
      else host.put(left, undefined);
      if (random.chance(0.5)) host.notify("upstream");
    }
    await settle();
    const shown = this.table.idsBetween(0, 1_000);
    expect(shown.map((id) => this.table.indexOf(id))).toEqual(shown.map((_, at) => at));
    expect(this.flights).toBeLessThanOrEqual(1);
  }

  async #load(token: string | undefined, size: number, signal: AbortSignal): Promise<NextRows> {
    this.flights += 1;
    const end = (): void => void (this.flights -= 1);
    signal.addEventListener("abort", end, { once: true });
    try {
      if (!this.isCalm && this.random.chance(0.6)) await sleep(this.host.clock, this.random.integer(0, 400));
      if (!this.isCalm && this.random.chance(0.25)) throw new Error("down");
      const start = Number(token ?? 0);
      const ids = this.ids.slice(start, start + size);
      for (const id of ids) if (this.host.row(id) === undefined) this.host.set(id, { id });
      this.host.publish();
      return { ids, token: start + size < this.ids.length ? String(start + size) : undefined };
    } finally {
      signal.removeEventListener("abort", end);
      if (!signal.aborted) end();
    }
  }

  #follow(effect: ViewEffect): void {
    this.effects += 1;
    const before = this.#copy;
    const now = this.table.idsBetween(0, 1_000);
    this.#copy = now;
    for (let index = 0; !effect.reset && index < Math.max(now.length, before.length); index++) {
      if (before[index] === now[index]) continue;
      expect(effect.ranges.some(({ start, end }) => index >= start && index < end)).toBe(true);
    }
  }
}

test("S37 S38 S39 whatever a source does, rows are shown once, one flight at a time, and end up right", async () => {
  const acts = constantFrom("more", "more", "pass", "pass", "change", "refresh");
  const property = asyncProperty(
    nat(2 ** 31),
    nat(40),
    array(acts, { maxLength: 25 }),
    async (seed, rows, steps) => {
      const chaos = new Chaos(seed, rows);
      const use = chaos.use();
      for (const act of steps) await chaos.play(act);
      chaos.isCalm = true;
      await chaos.play("refresh");
      await chaos.host.clock.advance(120_000);
      while (chaos.table.hasMore) await chaos.table.loadMore();
      await chaos.host.clock.advance(120_000);
      expect(chaos.table.idsBetween(0, 1_000)).toEqual(chaos.ids);
      expect([chaos.table.state.kind, chaos.host.clock.timerCount]).toEqual(["complete", 0]);
      void chaos.play("refresh");
      use.release();
      const { effects } = chaos;
      await chaos.host.clock.advance(120_000);
      expect([chaos.effects, chaos.host.listenerCount, chaos.host.clock.timerCount]).toEqual([effects, 0, 0]);
    },
  );
  await assert(property, runs(200));
}, 60_000);
