import { array, constant, constantFrom, nat, oneof, record, tuple } from "fast-check";
import type { WriteOp } from "vantage-diorama";
import { silentLogger } from "../../src/base/index.ts";
import { DioState } from "../../src/dio/dio-state.ts";
import type { OverlayOp } from "../../src/dio/overlay.ts";
import { RowStore } from "../../src/dio/row-store.ts";
import { createManualClock } from "../../src/testing/index.ts";
import { FlakyTable } from "./flaky-table.ts";

/** One change of a Dio's state; `ops`: the queued writes that stand on it. */
export type Step = (state: DioState, ops: OverlayOp[]) => void;

export async function createState(): Promise<DioState> {
  const store = new RowStore(await FlakyTable.create(), {
    clock: createManualClock(),
    keeps: true,
    onFailure: () => undefined,
    onLost: () => undefined,
  });
  return new DioState(store, silentLogger);
}

const id = constantFrom("a", "b", "c", "d", "e");
// Few contents, so that a row often becomes what it was.
const row = record({ n: nat(2) }, { requiredKeys: [] });

let lastSequence = 0;
function addOp(state: DioState, ops: OverlayOp[], op: object): void {
  const sequence = ++lastSequence;
  const entry: OverlayOp = {
    sequence,
    op: { opId: `op${sequence}`, enqueuedAt: 0, attempt: 0, ...op } as WriteOp,
  };
  ops.push(entry);
  state.overlayAdd(entry);
}

const at = { fetchedAt: 1 };

/** Everything that can happen to five rows. */
export const step = oneof(
  tuple(id, row).map(
    ([key, content]): Step =>
      (state) =>
        state.confirm(key, { ...content }, at),
  ),
  id.map(
    (key): Step =>
      (state) =>
        state.confirm(key, undefined, at),
  ),
  array(tuple(id, row), { maxLength: 4 }).map(
    (entries): Step =>
      (state) =>
        state.confirmAll(new Map(entries), at),
  ),
  tuple(id, row, constantFrom("insert", "replace")).map(
    ([key, content, kind]): Step =>
      (state, ops) =>
        addOp(state, ops, { kind, id: key, row: content }),
  ),
  tuple(id, row).map(
    ([key, partial]): Step =>
      (state, ops) =>
        addOp(state, ops, { kind: "patch", id: key, partial }),
  ),
  id.map(
    (key): Step =>
      (state, ops) =>
        addOp(state, ops, { kind: "delete", id: key }),
  ),
  constantFrom(undefined, ["a", "b"]).map(
    (ids): Step =>
      (state, ops) =>
        addOp(state, ops, ids === undefined ? { kind: "deleteAll" } : { kind: "deleteAll", ids }),
  ),
  nat(20).map((index): Step => (state, ops) => {
    const [entry] = ops.splice(index % Math.max(ops.length, 1), 1);
    if (entry !== undefined) state.overlayRemove(entry);
  }),
  constant<Step>((state) => state.publishNow()),
  constant<Step>((state) => state.startOver()),
);
