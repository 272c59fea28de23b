import fc from "fast-check";
import {
  type Dio,
  DioramaError,
  Lens,
  memory,
  type MemoryVista,
  type Row,
  seedFromMaster,
  type WriteRequest,
} from "vantage-diorama";
import {
  createFaultySource,
  createManualClock,
  type FaultySource,
  type ManualClock,
} from "vantage-diorama/testing";
import { expect, test } from "vitest";
import { runs } from "../properties/runs.ts";
import { settle, wholeOnly } from "./setup.ts";

// Everything at once and nothing awaited, over a source that takes its time. Whatever overtakes whatever: when
// all has come to rest, a Dio that watches its master holds what the master has.

const id = fc.constantFrom("a", "b", "c");
const cells = fc.record({ price: fc.integer({ min: 0, max: 3 }) });
const write: fc.Arbitrary<WriteRequest> = fc.oneof(
  fc.record({ kind: fc.constantFrom("insert", "replace"), id, row: cells }),
  fc.record({ kind: fc.constant("patch"), id, partial: cells }),
  fc.record({ kind: fc.constant("delete"), id }),
  fc.record({ kind: fc.constant("deleteAll") }),
  fc.record({ kind: fc.constant("deleteAll"), ids: fc.array(id, { minLength: 1, maxLength: 2 }) }),
);

type Call = "reload" | "list" | "count" | "narrowed" | "refresh" | "invalidate all" | "clear" | "invalidated";
const calls: readonly Call[] = [
  "list",
  "count",
  "narrowed",
  "narrowed",
  "refresh",
  "invalidate all",
  "clear",
  "reload",
  "invalidated",
];

const command = fc.oneof(
  { arbitrary: fc.record({ do: fc.constant("write"), request: write }), weight: 6 },
  {
    arbitrary: fc.record({ do: fc.constant("upstream"), id, row: fc.option(cells, { nil: undefined }) }),
    weight: 5,
  },
  { arbitrary: fc.record({ do: fc.constantFrom("get", "invalidate", "told"), id }), weight: 4 },
  { arbitrary: fc.record({ do: fc.constantFrom(...calls) }), weight: 5 },
  { arbitrary: fc.record({ do: fc.constant("wait"), ms: fc.constantFrom(0, 1, 3, 7, 20) }), weight: 8 },
);
type Command = typeof command extends fc.Arbitrary<infer T> ? T : never;

const setting = fc.record({
  seed: fc.integer(),
  capabilities: fc.constantFrom({}, wholeOnly),
  starts: fc.boolean(),
  slowest: fc.constantFrom(0, 5, 20),
  errorRate: fc.constantFrom(0, 0, 0.2),
  concurrency: fc.constantFrom(1, 3),
  confirm: fc.constantFrom<"response" | "echo" | undefined>("response", "response", "echo", undefined),
});
type Setting = typeof setting extends fc.Arbitrary<infer T> ? T : never;

interface Backend {
  readonly rows: MemoryVista<Row>;
  readonly source: FaultySource<Row>;
}

interface Stage {
  readonly dio: Dio<Row>;
  readonly lens: Lens;
  readonly clock: ManualClock;
  /** The one that is the master, and the one that a reload makes it. */
  readonly backends: readonly [Backend, Backend];
  /** Index of the master. */
  master: number;
}

function createBackend(given: Setting, clock: ManualClock, rows: readonly Row[]): Backend {
  const backend = memory<Row>("products", {
    id: "id",
    columns: { id: "text", price: "integer" },
    rows,
    capabilities: given.capabilities,
  });
  return { rows: backend, source: createFaultySource(backend.source, { clock, seed: given.seed }) };
}

async function open(given: Setting): Promise<Stage> {
  const clock = createManualClock();
  const first = createBackend(given, clock, [
    { id: "a", price: 0 },
    { id: "b", price: 1 },
  ]);
  const second = createBackend(given, clock, [
    { id: "a", price: 0 },
    { id: "c", price: 3 },
  ]);
  const lens = await Lens.builder()
    .clock(clock)
    .onStart((dio, call) => (given.starts ? seedFromMaster(dio, call) : undefined))
    .writeQueue({ concurrency: given.concurrency, confirm: given.confirm ?? "response" })
    .optimistic(given.confirm !== undefined)
    .build();
  const dio = await lens.makeDio<Row>(first.source);
  dio.watch();
  await settle();
  for (const { source } of [first, second])
    source.setFaults({ latencyMs: [0, given.slowest], errorRate: given.errorRate });
  return { dio, lens, clock, backends: [first, second], master: 0 };
}

async function reload(stage: Stage): Promise<void> {
  const next = 1 - stage.master;
  await stage.dio.reload(stage.backends[next === 0 ? 0 : 1].source);
  stage.master = next;
}

function begin(stage: Stage, next: Exclude<Command, { do: "wait" }>): Promise<unknown> {
  const { dio, backends } = stage;
  switch (next.do) {
    case "write":
      return dio.submit(toRequest(next.request)).staged;
    case "upstream":
      for (const { rows } of backends) {
        if (next.row === undefined) rows.source.remove(next.id);
        else rows.source.set(next.id, { id: next.id, ...next.row });
      }
      return Promise.resolve();
    case "get":
      return dio.vista().get(next.id);
    case "invalidate":
      return dio.invalidateRecord(next.id);
    case "told":
      return dio.handleEvent({ type: "updated", id: next.id });
    default:
      return beginSimple(stage, next.do);
  }
}

function beginSimple(stage: Stage, call: Call): Promise<unknown> {
  const { dio } = stage;
  const vista = dio.vista();
  switch (call) {
    case "list":
      return vista.list();
    case "count":
      return vista.count();
    case "narrowed":
      return vista.where("price", "<", 2).orderBy("price").fetchPage(1, 2);
    case "refresh":
      return dio.refresh();
    case "invalidate all":
      return dio.invalidateAll();
    case "invalidated":
      return dio.handleEvent({ type: "invalidated" });
    case "reload":
      return reload(stage);
    case "clear":
      return dio.cache.clear();
  }
}

function toRequest(request: WriteRequest): WriteRequest {
  return request.kind === "insert" || request.kind === "replace"
    ? { ...request, row: { id: request.id, ...request.row } }
    : request;
}

const sorted = (rows: ReadonlyMap<string, Row>): [string, Row][] =>
  [...rows].toSorted(([a], [b]) => (a < b ? -1 : 1));

test(
  "D2 D15 D18 D24 D31 D34 whatever overtakes whatever, at rest a Dio holds what its master has",
  { timeout: 120_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(
        setting,
        fc.array(command, { maxLength: 40, size: "max" }),
        async (given, commands) => {
          const stage = await open(given);
          const { dio, lens, clock, backends } = stage;
          const under: Promise<unknown>[] = [];
          for (const next of commands) {
            if (next.do === "wait") {
              await clock.advance(next.ms);
              continue;
            }
            const call = (async () => begin(stage, next))();
            // What is refused or fails is told as such.
            under.push(call.catch((error: unknown) => expect(error).toBeInstanceOf(DioramaError)));
          }
          for (const { source } of backends) source.heal();
          for (let left = 20; left > 0; left--) {
            await clock.advance(10_000);
            for (const { op } of dio.writes.failed()) await dio.writes.discard(op.opId);
          }
          await Promise.all(under);
          await clock.advance(120_000);
          expect(dio.writes.pending()).toEqual([]);
          const master = backends[stage.master === 0 ? 0 : 1];
          // What is known to be old is renewed behind the first reader.
          await dio.vista().list();
          await settle();
          expect(sorted(await dio.vista().list())).toEqual(sorted(master.rows.source.rows));
          expect(sorted(await dio.cache.list())).toEqual(sorted(master.rows.source.rows));
          expect(dio.cache.complete).toBe(true);
          const closed = lens.close({ drain: 0 });
          await clock.advance(60_000);
          await closed;
        },
      ),
      runs(300),
    );
  },
);
