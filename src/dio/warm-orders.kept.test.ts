import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, onTestFinished, test } from "vitest";
import { byPrice, dearTarts, WarmSession } from "../../test/dio/warm-session.ts";
import type { Query } from "../query/index.ts";
import type { Row } from "../record/index.ts";
import { LazyOrder, storedBlocks } from "../views/index.ts";
import { createRandom } from "../testing/index.ts";
import type { WriteOp } from "../vista/index.ts";
import type { OverlayOp } from "./overlay.ts";
import { orderName } from "./warm-host.ts";

const ROWS = 5_000;
const IDLE_MS = 30_000;

const seed = Number(process.env["DIORAMA_SEED"] ?? Math.floor(Math.random() * 2 ** 32));
const root = mkdtempSync(join(tmpdir(), "diorama-kept-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let folders = 0;
async function filledFolder(queries: readonly Query[] = [byPrice], rows = ROWS): Promise<string> {
  const folder = join(root, `folder-${++folders}`);
  await WarmSession.fill(folder, rows, queries);
  return folder;
}

async function open(folder: string, isHeld = false): Promise<WarmSession> {
  const session = await WarmSession.open(folder, { isHeld });
  onTestFinished(() => session.end());
  return session;
}

async function endsRight(session: WarmSession, query: Query): Promise<void> {
  session.release();
  const view = await session.whole(query);
  expect(view.idsBetween(0, Infinity).join(" ") === session.recomputed(query).join(" ")).toBe(true);
}

let lastSequence = 0;
function queue(op: object): OverlayOp {
  const sequence = ++lastSequence;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- each call gives what its kind needs
  const full = { opId: `op${sequence}`, enqueuedAt: 0, attempt: 0, ...op } as WriteOp;
  return { sequence, op: full };
}

describe("an order that can't be believed", () => {
  test("D63 rows that changed after it was kept make it missing, also after an unclean end", async () => {
    const folder = await filledFolder();
    const first = await open(folder);
    await first.store.whenLoaded();
    await first.change("p1", { name: "z", price: 5_000 });
    await first.store.journal.flush();
    // The process ends here: nothing is kept.
    await first.end();
    const second = await open(folder, true);
    expect(await second.warm.restore(byPrice)).toBe(false);
    expect(second.warm.hasRestored(byPrice)).toBe(false);
    await endsRight(second, byPrice);
    expect(second.state.views.openOrdered(byPrice).idAt(0)).toBe("p1");
  });

  test("D63 where nothing has changed since it was kept it is used, also after an unclean end", async () => {
    const folder = await filledFolder();
    const first = await open(folder);
    await first.store.whenLoaded();
    await first.end();
    const second = await open(folder, true);
    expect(await second.warm.restore(byPrice)).toBe(true);
    await endsRight(second, byPrice);
  });

  test("D63 an order of another query, or of an incomplete table, is not there", async () => {
    const folder = await filledFolder();
    const first = await open(folder, true);
    expect(await first.warm.restore(dearTarts)).toBe(false);
    expect(await first.warm.restore({ ...byPrice, order: [] })).toBe(false);
    first.store.setMeta({ complete: false });
    expect(await first.warm.restore(byPrice)).toBe(false);
    await first.end();
    const second = await open(folder, true);
    expect(await second.warm.restore(byPrice)).toBe(false);
  });

  test("D63 where a row changed that nobody had looked up, what the order stood for is not known", async () => {
    const session = await open(await filledFolder(), true);
    session.store.set("p7", { name: "blind", price: 1 }, 1);
    expect(await session.warm.restore(byPrice)).toBe(false);
    await endsRight(session, byPrice);
  });

  test(`D64 damage anywhere in it: no wrong row, and the order is made anew (DIORAMA_SEED=${seed})`, async () => {
    const folder = await filledFolder([byPrice], 10_000);
    const random = createRandom(seed);
    const outcomes = new Set<string>();
    const [file = ""] = readdirSync(join(folder, "orders"));
    const sound = readFileSync(join(folder, "orders", file));
    for (let time = 0; time < 12; time++) {
      const copy = `${folder}-${time}`;
      cpSync(folder, copy, { recursive: true });
      const bytes = Buffer.from(sound);
      // In the first block, anywhere behind it, or in the list of blocks.
      const [from, to] = [
        [0, 2_000],
        [20_000, bytes.length - 1_000],
        [bytes.length - 200, bytes.length - 1],
      ][time % 3] ?? [0, 0];
      const at = random.integer(from ?? 0, to ?? 0);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << random.integer(0, 7));
      writeFileSync(join(copy, "orders", file), time === 11 ? bytes.subarray(0, at) : bytes);
      const session = await open(copy, true);
      const isRestored = await session.warm.restore(byPrice);
      const first = isRestored ? session.state.views.openOrdered(byPrice).idsBetween(0, 200) : [];
      await endsRight(session, byPrice);
      expect(first).toEqual(session.recomputed(byPrice).slice(0, first.length));
      await session.settled();
      await endsRight(session, byPrice);
      outcomes.add(`${isRestored ? "its beginning was shown" : "not used"}, ${session.told.length} told`);
      await session.end();
    }
    expect(outcomes).toEqual(new Set(["not used, 0 told", "its beginning was shown, 1 told"]));
  }, 30_000);

  test("D64 an order that has other rows than it should have is made anew", async () => {
    const folder = await filledFolder([byPrice, dearTarts]);
    for (const query of [byPrice, dearTarts]) {
      const copy = `${folder}-${++folders}`;
      cpSync(folder, copy, { recursive: true });
      const writing = await open(copy);
      await writing.store.whenLoaded();
      const rows = new Map<string, Row>();
      for (const id of writing.recomputed(query).slice(0, -1)) rows.set(id, writing.state.visible(id) ?? {});
      const order = LazyOrder.over(query.order, [...rows.keys()], [...rows.values()]);
      order.finish();
      const { index } = order;
      if (index === undefined) throw new Error("it is complete");
      const { orders } = writing.table;
      const blocks = async function* (): AsyncGenerator<Uint8Array<ArrayBuffer>> {
        yield* storedBlocks(index, new Map());
      };
      expect(await orders?.write(orderName(query, undefined), orders.edition, blocks())).toBe(true);
      await writing.end();
      const session = await open(copy, true);
      expect(await session.warm.restore(query)).toBe(true);
      session.release();
      await session.whole(query);
      await session.settled();
      expect(session.told).toHaveLength(1);
      await endsRight(session, query);
      await session.end();
    }
  });

  test("D64 readers that start over while rows are on their way wait for them", async () => {
    const session = await open(await filledFolder(), true);
    expect(await session.warm.restore(byPrice)).toBe(true);
    session.state.startOver();
    await session.state.published();
    expect(session.warm.hasRestored(byPrice)).toBe(false);
    expect(await session.warm.restore(byPrice)).toBe(false);
    await endsRight(session, byPrice);
    await session.settled();
    await endsRight(session, byPrice);
  });
});

describe("keeping orders", () => {
  test("D65 at the end those that are not kept yet as they are", async () => {
    const folder = await filledFolder([byPrice, dearTarts]);
    const first = await open(folder);
    await first.warm.restore(byPrice);
    await first.whole(byPrice);
    await first.whole(dearTarts);
    await first.warm.close();
    // The one that was restored is still right; the other was made anew, since nobody had asked for what is kept.
    expect(first.written).toEqual([orderName(dearTarts, ["name"])]);
    await first.end();
    const second = await open(folder);
    for (const query of [byPrice, dearTarts]) {
      await second.warm.restore(query);
      await second.whole(query);
    }
    await second.change("p1", { name: "z", price: 5_000, category: "buns" });
    await second.warm.close();
    expect(second.written.toSorted()).toEqual(
      [orderName(byPrice, ["name"]), orderName(dearTarts, ["name"])].toSorted(),
    );
    await second.end();
    const third = await open(folder, true);
    expect(await third.warm.restore(byPrice)).toBe(true);
    expect(third.state.views.openOrdered(byPrice).idAt(0)).toBe("p1");
    await endsRight(third, byPrice);
  });

  test("D65 while it runs, once nothing has changed for a while", async () => {
    const folder = await filledFolder([]);
    const session = await open(folder);
    await session.store.whenLoaded();
    await session.whole(byPrice);
    session.warm.watch();
    await session.clock.advance(IDLE_MS);
    expect(session.written).toEqual([]);
    await session.change("p1", { name: "z", price: 5_000 });
    await session.store.journal.flush();
    await session.clock.advance(IDLE_MS);
    expect(session.written).toEqual([]);
    await session.clock.advance(IDLE_MS);
    await session.settled();
    expect(session.written).toHaveLength(1);
    await session.clock.advance(IDLE_MS * 3);
    await session.settled();
    await session.warm.close();
    expect(session.written).toHaveLength(1);
    await session.end();
    const next = await open(folder, true);
    expect(await next.warm.restore(byPrice)).toBe(true);
    expect(next.state.views.openOrdered(byPrice).idAt(0)).toBe("p1");
    await endsRight(next, byPrice);
  });

  test("D65 a row that changes while an order is being written ends that", async () => {
    const folder = await filledFolder([]);
    const session = await open(folder);
    await session.whole(byPrice);
    const closing = session.warm.close();
    while (session.written.length === 0) await session.turn();
    session.put("p1", { name: "z", price: 5_000 });
    await closing;
    expect(await session.table.orders?.names()).toEqual([]);
    expect(session.told).toEqual([]);
  });

  test("D65 not of a small table, which is read as fast", async () => {
    const folder = await filledFolder([byPrice], 500);
    const session = await open(folder);
    expect(await session.table.orders?.names()).toEqual([]);
  });

  test("D66 what queued writes show is kept with the order, whatever has become of them since", async () => {
    const folder = await filledFolder([]);
    const first = await open(folder);
    await first.whole(byPrice);
    const ops = [
      queue({ kind: "replace", id: "p1", row: { name: "q", price: 5_000 } }),
      queue({ kind: "insert", id: "new", row: { name: "q", price: 4_000 } }),
      queue({ kind: "delete", id: "p2" }),
      queue({ kind: "patch", id: "p3", partial: { price: 3_000 } }),
    ];
    for (const op of ops) first.state.overlayAdd(op);
    await first.state.published();
    expect(first.state.views.openOrdered(byPrice).idsBetween(0, 3)).toEqual(["p1", "new", "p3"]);
    await first.close();
    for (const left of [ops, ops.slice(0, 2), ops.slice(2), []]) {
      const copy = `${folder}-${++folders}`;
      cpSync(folder, copy, { recursive: true });
      const session = await open(copy, true);
      // As at a start: from the queue's file, told to nobody.
      for (const op of left) session.state.overlay.add(op);
      await session.change("p4", { name: "x", price: 4_500 });
      expect(await session.warm.restore(byPrice)).toBe(true);
      const ids = session.state.views.openOrdered(byPrice).idsBetween(0, 100);
      await endsRight(session, byPrice);
      expect(ids).toEqual(session.recomputed(byPrice).slice(0, 100));
      expect(session.told).toEqual([]);
      await session.end();
    }
  });

  test("D66 no order is kept while a queued deleteAll hides everything, nor used", async () => {
    const folder = await filledFolder();
    const first = await open(folder);
    await first.whole(byPrice);
    first.state.overlayAdd(queue({ kind: "deleteAll" }));
    await first.state.published();
    await first.warm.close();
    expect(first.written).toEqual([]);
    await first.end();
    const second = await open(folder, true);
    second.state.overlay.add(queue({ kind: "deleteAll" }));
    expect(await second.warm.restore(byPrice)).toBe(false);
  });
});
