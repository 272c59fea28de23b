import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, onTestFinished, test } from "vitest";
import { byPrice, dearTarts, found, product, WarmSession } from "../../test/dio/warm-session.ts";
import { runs } from "../../test/properties/runs.ts";
import type { Query } from "../query/index.ts";
import type { WriteOp } from "../vista/index.ts";
import type { OverlayOp } from "./overlay.ts";

const ROWS = 6_000;

const root = mkdtempSync(join(tmpdir(), "diorama-warm-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let folders = 0;
async function filledFolder(queries: readonly Query[] = [byPrice], rows = ROWS): Promise<string> {
  const folder = join(root, `folder-${++folders}`);
  await WarmSession.fill(folder, rows, queries);
  return folder;
}

/** A session whose rows and whose blocks behind the first wait; closed at the end of the test. */
async function held(folder: string): Promise<WarmSession> {
  const session = await WarmSession.open(folder, { isHeld: true });
  onTestFinished(() => session.end());
  return session;
}

function orderOf(session: WarmSession, query: Query): string[] {
  return session.state.views.openOrdered(query).idsBetween(0, Infinity);
}

/** Opens the gates, and looks whether the view ends as the rows are ordered from scratch. */
async function endsRight(session: WarmSession, query: Query): Promise<void> {
  session.release();
  const view = await session.whole(query);
  const ids = view.idsBetween(0, Infinity);
  expect(ids).toEqual(session.recomputed(query));
  expect(view.count).toBe(ids.length);
}

let lastSequence = 0;
function queue(op: object): OverlayOp {
  const sequence = ++lastSequence;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- each call gives what its kind needs
  const full = { opId: `op${sequence}`, enqueuedAt: 0, attempt: 0, ...op } as WriteOp;
  return { sequence, op: full };
}

describe("after a restart", () => {
  test("D60 a view has its first rows before the table's are in memory, then all of them", async () => {
    const queries = [byPrice, dearTarts, found];
    const folder = await filledFolder(queries);
    const session = await held(folder);
    for (const query of queries) {
      expect(await session.warm.restore(query)).toBe(true);
      expect(session.warm.hasRestored(query)).toBe(true);
    }
    expect(session.store.isLoaded).toBe(false);
    const firstScreens = queries.map((query) => {
      const view = session.state.views.openOrdered(query);
      const ids = view.idsBetween(0, 50);
      expect(ids.map((id) => session.state.visible(id))).toEqual(
        ids.map((id) => product(Number(id.slice(1)))),
      );
      return { query, ids, count: view.count };
    });
    for (const { query } of firstScreens) await endsRight(session, query);
    for (const { query, ids, count } of firstScreens) {
      const all = orderOf(session, query);
      expect([all.slice(0, 50), all.length]).toEqual([ids, count]);
    }
    expect(session.told).toEqual([]);
  });

  test("D60 the whole order is there before the rows are, and jumps anywhere are answered", async () => {
    const session = await held(await filledFolder());
    expect(await session.warm.restore(byPrice)).toBe(true);
    const view = session.state.views.openOrdered(byPrice);
    expect([view.count, view.idAt(3_000)]).toEqual([ROWS, undefined]);
    session.restGate.open();
    await view.whenComplete();
    const ids = view.idsBetween(3_000, 3_050);
    expect([session.store.isLoaded, ids.length, view.prepared]).toEqual([false, 50, ROWS]);
    await endsRight(session, byPrice);
    expect(orderOf(session, byPrice).slice(3_000, 3_050)).toEqual(ids);
  });

  test("D61 rows that are looked for come first, and are told", async () => {
    const session = await held(await filledFolder());
    await session.warm.restore(byPrice);
    session.restGate.open();
    const view = session.state.views.openOrdered(byPrice);
    await view.whenComplete();
    const ids = view.idsBetween(3_000, 3_050);
    expect(ids.map((id) => session.state.visible(id))).toEqual(ids.map(() => undefined));
    const told: string[] = [];
    const isTold = new Promise<void>((resolve) => {
      view.subscribe((effect) => {
        told.push(...effect.ids);
        resolve();
      });
    });
    for (const id of ids) session.warm.wanted.add(id);
    session.warm.wanted.add("not there");
    await isTold;
    expect([told.toSorted(), session.store.isLoaded]).toEqual([ids.toSorted(), false]);
    expect(ids.every((id) => session.state.visible(id) !== undefined)).toBe(true);
  });

  test("D62 what changes while rows and order are on their way lands exactly", async () => {
    const session = await held(await filledFolder());
    // Before the order is restored, and of rows at its beginning, in its middle and at its end.
    await session.change("new first", { name: "a", price: 1_000 });
    await session.change("p1", { name: "moved to the end" });
    await session.change("p2", undefined);
    expect(await session.warm.restore(byPrice)).toBe(true);
    const view = session.state.views.openOrdered(byPrice);
    expect(view.idsBetween(0, 1)).toEqual(["new first"]);
    await session.change("new second", { name: "b", price: 999 });
    await session.change("new middle", { name: "c", price: 200 });
    await session.change("p3", { name: "x", price: 998 });
    await session.change("new first", { name: "a", price: 5 });
    await session.change("p5", undefined);
    await session.change("p5", { name: "came again", price: 997 });
    expect(view.idsBetween(0, 3)).toEqual(["new second", "p3", "p5"]);
    // What was changed is stored by now: the order that is being read stands for the rows as they were.
    await session.store.journal.flush();
    await endsRight(session, byPrice);
    expect(session.told).toEqual([]);
  });

  test("D62 whatever changes, and whenever, the order ends as the rows would be ordered from scratch", async () => {
    const folder = await filledFolder([byPrice, dearTarts], 2_000);
    const change = fc.record({
      id: fc.nat(2_100),
      price: fc.option(fc.nat(410)),
      isTart: fc.boolean(),
      isQueued: fc.boolean(),
    });
    const stretches = fc.array(fc.array(change, { maxLength: 6 }), { minLength: 3, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(stretches, fc.nat(8), fc.nat(8), async (all, restoreAt, restAt) => {
        const copy = `${folder}-${++folders}`;
        cpSync(folder, copy, { recursive: true });
        const session = await WarmSession.open(copy, { isHeld: true });
        try {
          for (const [at, changes] of all.entries()) {
            if (at === restoreAt % all.length) {
              expect(await session.warm.restore(byPrice)).toBe(true);
              expect(await session.warm.restore(dearTarts)).toBe(true);
            }
            if (at === restAt) session.restGate.open();
            await session.store.ensure(changes.map(({ id }) => `p${id}`));
            for (const { id, price, isTart, isQueued } of changes) {
              const row = { name: "n", price, category: isTart ? "tarts" : "buns" };
              const kind = {
                id: `p${id}`,
                ...(price === null ? { kind: "delete" } : { kind: "replace", row }),
              };
              if (isQueued) session.state.overlayAdd(queue(kind));
              else session.put(`p${id}`, price === null ? undefined : row);
            }
            await session.state.published();
          }
          await endsRight(session, byPrice);
          await endsRight(session, dearTarts);
          expect(session.told).toEqual([]);
        } finally {
          await session.end();
          rmSync(copy, { recursive: true });
        }
      }),
      runs(8),
    );
  }, 60_000);
});
