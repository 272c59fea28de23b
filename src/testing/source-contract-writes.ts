import { assert, must, sleep, systemClock } from "../base/index.ts";
import { everything, hasId } from "../query/index.ts";
import { idOf, type Row } from "../record/index.ts";
import type { ChangeEvent } from "../vista/index.ts";
import { fails, same } from "./contract-check.ts";
import { createContractRow, narrowedBy, randomMatch } from "./source-contract-data.ts";
import { expectedFor, sameAnswer, sameRow, type Proven, type ProveSource } from "./source-subject.ts";

/** So soon after its signal fired, a feed has ended. */
const END_WITHIN_MS = 2_000;

export function proveWrites(prove: ProveSource): void {
  proveStoring(prove);
  proveDeleting(prove);
}

function proveStoring(prove: ProveSource): void {
  prove("T20 insert stores the row and answers with it; a taken id is conflict", async (proven, random) => {
    if (!proven.source.capabilities.canInsert) return;
    const rows = new Map(proven.data.rows);
    for (const id of ["new-1", "new-2", "ähnlich 😀", "o'clock"]) {
      const row = createContractRow(random, id, proven.data.columns);
      sameRow(await proven.vista.insert(id, row), row, `answer for ${id}`);
      rows.set(id, row);
    }
    await fails(proven.vista.insert("new-1", { id: "new-1" }), "conflict");
    sameAnswer(await proven.vista.list(), [...rows], everything);
  });

  prove("T20 add stores the row under the id that it answers with", async (proven, random) => {
    if (!proven.source.capabilities.canInsert) return;
    const { id: _left, ...row } = createContractRow(random, "", proven.data.columns);
    const [first, second] = [await proven.vista.add(row), await proven.vista.add(row)];
    assert(first !== second, "each added row has an id of its own");
    const { id, ...stored } = must(await proven.vista.get(first), "the added row is there");
    same(idOf(id), first, "id column of the added row");
    sameRow(stored, row, "the added row");
  });

  prove("T20 replace stores the whole row, also where there was none", async (proven, random) => {
    if (!proven.source.capabilities.canUpdate) return;
    const rows = new Map(proven.data.rows);
    for (const id of [firstId(proven), "never there"]) {
      const row = createContractRow(random, id, proven.data.columns);
      sameRow(await proven.vista.replace(id, row), row, `answer for ${id}`);
      sameRow(await proven.vista.replace(id, row), row, `answer for ${id} again`);
      rows.set(id, row);
    }
    sameAnswer(await proven.vista.list(), [...rows], everything);
  });

  prove("T20 patch changes its columns and no others; a missing row is notFound", async (proven) => {
    if (!proven.source.capabilities.canUpdate) return;
    const id = firstId(proven);
    const before = must(proven.data.rows.get(id), "the row is there");
    const [column = "id"] = Object.keys(before).filter((name) => name !== "id" && before[name] !== null);
    const expected = { ...before, [column]: null };
    sameRow(await proven.vista.patch(id, { [column]: null }), expected, "answer");
    sameRow(await proven.vista.patch(id, {}), expected, "answer for nothing");
    await fails(proven.vista.patch("nobody", { [column]: null }), "notFound");
    sameAnswer(await proven.vista.list(), [...new Map(proven.data.rows).set(id, expected)], everything);
  });
}

function proveDeleting(prove: ProveSource): void {
  prove("T20 delete removes one row; a missing one is notFound", async (proven) => {
    if (!proven.source.capabilities.canDelete) return;
    const rows = new Map(proven.data.rows);
    const id = firstId(proven);
    await proven.vista.delete(id);
    rows.delete(id);
    await fails(proven.vista.delete(id), "notFound");
    await fails(proven.vista.delete("nobody"), "notFound");
    sameAnswer(await proven.vista.list(), [...rows], everything);
  });

  prove("T20 deleteAll removes the rows of its query and spares the others", async (proven, random) => {
    const { capabilities } = proven.source;
    if (!capabilities.canDelete) return;
    const rows = new Map(proven.data.rows);
    if (capabilities.canMatch) {
      for (const query of [
        narrowedBy(randomMatch(random, proven.data)),
        narrowedBy(hasId(firstId(proven))),
      ]) {
        await proven.vista.narrowedBy(query).deleteAll();
        for (const [id] of expectedFor(proven, query)) rows.delete(id);
        sameAnswer(await proven.vista.list(), [...rows], everything);
      }
    }
    await proven.vista.deleteAll();
    same((await proven.vista.list()).size, 0, "rows after deleteAll");
    await proven.vista.deleteAll();
  });

  prove("T21 an op that comes again has no second effect and the same answer", async (proven, random) => {
    if (proven.subject.knowsOps !== true || !proven.source.capabilities.canInsert) return;
    const row = createContractRow(random, "new", proven.data.columns);
    await proven.vista.insert("new", row, { opId: "op-1" });
    sameRow(await proven.vista.insert("new", row, { opId: "op-1" }), row, "the second answer");
    if (!proven.source.capabilities.canDelete) return;
    await proven.vista.delete("new", { opId: "op-2" });
    await proven.vista.delete("new", { opId: "op-2" });
    same(await proven.vista.get("new"), undefined, "the deleted row");
  });

  prove("T22 watch tells changes, its own and others', and ends with its signal", async (proven, random) => {
    if (!proven.source.capabilities.canSubscribe) return;
    const control = new AbortController();
    const feed = proven.source.watch?.({ signal: control.signal });
    const changes = must(feed, "canSubscribe is claimed, so there is watch()")[Symbol.asyncIterator]();
    const first = changes.next();
    const id = firstId(proven);
    const row = createContractRow(random, id, proven.data.columns);
    await change(proven, id, row);
    await told(proven, { first, changes }, id, row);
    const waiting = changes.next();
    control.abort();
    const ended = await Promise.race([
      untilDone(waiting, changes),
      sleep(systemClock, END_WITHIN_MS, undefined, { keepAlive: true }),
    ]);
    assert(ended !== undefined, `the feed ends within ${END_WITHIN_MS} ms of its signal`);
  });
}

/** Another user changes the row, where there can be one; else the source's own writer does. */
async function change(proven: Proven, id: string, row: Row): Promise<void> {
  if (proven.under.set !== undefined) await proven.under.set(id, row);
  else if (proven.source.capabilities.canUpdate) await proven.vista.replace(id, row);
  else throw new Error("the subject claims canSubscribe: give it a `set`, or nothing can change");
}

type Step = IteratorResult<ChangeEvent, unknown>;

interface Feed {
  readonly first: Promise<Step>;
  readonly changes: AsyncIterator<ChangeEvent, unknown>;
}

/** Sooner or later the row is told as it is now, or that everything may have changed. */
async function told(proven: Proven, feed: Feed, id: string, row: Row): Promise<void> {
  for (let step = await feed.first; step.done !== true; step = await feed.changes.next()) {
    const event = step.value;
    if (event.type === "invalidated") return sameRow(await proven.vista.get(id), row, "the row read again");
    if (event.id !== id) continue;
    assert(event.type === "updated" || event.type === "inserted", `a change is told, not ${event.type}`);
    return sameRow(event.row ?? (await proven.vista.get(id)), row, "the row told");
  }
  throw new Error("assertion failed: the feed ended before the change was told");
}

async function untilDone(
  waiting: Promise<Step>,
  changes: AsyncIterator<ChangeEvent, undefined>,
): Promise<Step> {
  let step = await waiting;
  while (step.done !== true) step = await changes.next();
  return step;
}

function firstId(proven: Proven): string {
  return must([...proven.data.rows.keys()][0], "the data has rows");
}
