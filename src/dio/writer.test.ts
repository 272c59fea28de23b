import { expect, test } from "vitest";
import { createActivity, DioramaError, silentLogger } from "../base/index.ts";
import { createMemoryCache } from "../cache/index.ts";
import { createMemoryQueues } from "../queue/index.ts";
import { createManualClock } from "../testing/index.ts";
import { DioState } from "./dio-state.ts";
import { RowStore } from "./row-store.ts";
import { Writer, type WriterHost } from "./writer.ts";

test("W1 a queued write is visible at once and confirmed in order", async () => {
  const clock = createManualClock();
  const table = await createMemoryCache().openTable("t");
  const state = new DioState(new RowStore(table, { clock, onFailure: () => undefined }), silentLogger);
  const sent: string[] = [];
  const host: WriterHost = {
    state,
    clock,
    logger: silentLogger,
    activity: createActivity(),
    idColumn: undefined, name: "t", durable: false,
    async send(op) {
      sent.push(`${op.kind} ${op.id} ${op.attempt}`);
      if (op.kind === "delete" && op.attempt < 3) throw new DioramaError("unavailable", "x");
    },
  };
  const queue = await createMemoryQueues().openQueue("t");
  const writer = new Writer(
    host,
    {
      concurrency: 1,
      maxOps: 100,
      whenFull: "wait",
      confirm: "response",
      echoTimeoutMs: 60000,
      coalesce: false,
      optimistic: true,
      retry: { minMs: 250, maxMs: 60000 },
      unknownErrorAttempts: 4,
    },
    queue,
  );
  const events: string[] = [];
  const sub = state.bus.subscribe();
  void (async () => {
    for await (const e of sub) events.push(e.type);
  })();
  const a = writer.submit({ kind: "insert", id: "a", row: { n: 1 } });
  const b = writer.submit({ kind: "patch", id: "a", partial: { m: 2 } });
  expect(state.visible("a")).toEqual({ n: 1, m: 2 });
  await a.staged;
  expect(await b.confirmed).toEqual({ n: 1, m: 2 });
  expect(state.store.get("a")).toEqual({ n: 1, m: 2 });
  const c = writer.submit({ kind: "delete", id: "a" });
  const flushed = writer.flush();
  await clock.advance(2000);
  await c.confirmed;
  await flushed;
  expect(sent).toEqual(["insert a 1", "patch a 1", "delete a 1", "delete a 2", "delete a 3"]);
  await Promise.resolve();
  await writer.close({ drainMs: 10 });
});
