import fc from "fast-check";
import { type Dio, DioramaError, Lens, type Row, seedFromMaster, vista } from "vantage-diorama";
import { LiveTable, ManualLiveStream } from "vantage-diorama/live";
import { createFaultySource, createManualClock } from "vantage-diorama/testing";
import { expect, test } from "vitest";
import { runs } from "../properties/runs.ts";
import { createRows, FlakyCache, idOf, settle, ways } from "./setup.ts";

// A Dio over a LiveTable over a source that fails, with other users: when all has settled, both show the source's rows.

const COUNT = 7;
const id = fc.nat(COUNT + 1).map(idOf);
const price = fc.integer({ min: 100, max: 999 });
const oneOf = <const T extends string>(kind: T) => fc.record({ do: fc.constant(kind), id, price });
const command = fc.oneof(
  { weight: 4, arbitrary: oneOf("write") },
  { weight: 1, arbitrary: oneOf("delete") },
  { weight: 4, arbitrary: oneOf("stranger") },
  { weight: 1, arbitrary: oneOf("strangerRemoves") },
  { weight: 3, arbitrary: oneOf("read") },
  { weight: 2, arbitrary: oneOf("refresh") },
  { weight: 1, arbitrary: oneOf("invalidate") },
  { weight: 1, arbitrary: oneOf("breakMaster") },
  { weight: 1, arbitrary: oneOf("breakCache") },
  { weight: 1, arbitrary: oneOf("lose") },
  { weight: 1, arbitrary: oneOf("wait") },
);
type Command = typeof command extends fc.Arbitrary<infer T> ? T : never;

const setting = fc.record({
  capabilities: fc.constantFrom(...Object.values(ways)),
  pageSize: fc.constantFrom(2, 3, 100),
  pushes: fc.boolean(),
  ages: fc.constantFrom({}, { ttl: 500 }, { ttl: 0, staleFor: 1_000 }),
  seeds: fc.boolean(),
});
type Setting = typeof setting extends fc.Arbitrary<infer T> ? T : never;

async function openStage({ capabilities, pageSize, pushes, ages, seeds }: Setting, seed: number) {
  const clock = createManualClock();
  const rows = createRows(COUNT, capabilities);
  const source = createFaultySource(rows, { clock, seed });
  const stream = new ManualLiveStream();
  const cache = new FlakyCache();
  const options = { pageSize, clock, ...ages, ...(pushes ? {} : { stream }) };
  const live = new LiveTable<Row>(source, "k", cache, options);
  const builder = Lens.builder().clock(clock);
  const lens = await (seeds ? builder.onStart(seedFromMaster) : builder).build();
  const dio: Dio<Row> = await lens.makeDio<Row>(vista(live));
  const missed = { isTold: false };
  for (const type of ["upstreamFailed", "refreshFailed"] as const) dio.on(type, () => (missed.isTold = true));
  dio.watch();
  // A source that is wrapped listens a little later than it is asked to.
  await settle();
  return { clock, rows, source, stream, cache, live, lens, dio, missed };
}
type Stage = Awaited<ReturnType<typeof openStage>>;

function read({ dio }: Stage, { id, price }: Command): Promise<unknown> {
  const table = dio.vista();
  if (price % 3 === 0) return table.list();
  return price % 3 === 1 ? table.get(id) : table.fetchPage(2, 2);
}

/** Another user's change; who does not push tells it by hand. */
function stranger({ rows, stream }: Stage, { id, price }: Command): void {
  const type = rows.rows.has(id) ? "updated" : "inserted";
  rows.set(id, { id, price });
  stream.emit({ type, id });
}

async function run(stage: Stage, given: Command): Promise<unknown> {
  const { dio, rows, stream, source, cache, live, clock } = stage;
  const table = dio.vista();
  const { id, price } = given;
  switch (given.do) {
    case "write":
      return table.replace(id, { id, price });
    case "delete":
      return table.delete(id);
    case "stranger":
      return stranger(stage, given);
    case "strangerRemoves":
      return rows.remove(id) ? stream.emit({ type: "deleted", id }) : undefined;
    case "read":
      return read(stage, given);
    case "refresh":
      return dio.refresh();
    case "invalidate":
      return live.invalidate();
    case "breakMaster":
      // No lost answers: a source that knows an opId answers the second time with the row of the first.
      return source.setFaults({ errorRate: 0.4 });
    case "breakCache":
      cache.failing.clear();
      return void cache.failing.add(
        (["get", "put", "invalidatePrefix", "delete"] as const)[price % 4] ?? "get",
      );
    case "lose":
      return stream.fail(new Error("lost (made up)"));
    case "wait":
      return clock.advance(price * 2);
    default:
      throw new Error(`unknown command ${JSON.stringify(given satisfies never)}`);
  }
}

async function rest({ clock, source, cache, dio, missed }: Stage): Promise<void> {
  source.heal();
  cache.failing.clear();
  // Streams are back, writes have been tried again, views have been refreshed.
  for (let turn = 0; turn < 4; turn++) {
    await clock.advance(120_000);
    await settle();
  }
  await clock.until(dio.flush().catch(() => undefined));
  // A change that could not be read again is told, and left to whoever is told.
  if (missed.isTold) await clock.until(dio.refresh());
  for (let turn = 0; turn < 4; turn++) {
    await clock.advance(120_000);
    await settle();
  }
}

test(
  "LT29 LT25 a Dio over a LiveTable shows the master's rows when all has settled",
  { timeout: 600_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(
        setting,
        fc.nat(1_000),
        fc.array(fc.array(command, { minLength: 1, maxLength: 4 }), { maxLength: 8 }),
        async (given, seed, batches) => {
          const stage = await openStage(given, seed);
          const { dio, live, rows, lens, clock } = stage;
          for (const batch of batches) {
            const outcomes = Promise.allSettled(batch.map((one) => run(stage, one)));
            for (const outcome of await clock.until(outcomes)) {
              if (outcome.status === "rejected") expect(outcome.reason).toBeInstanceOf(DioramaError);
            }
            await settle();
          }
          await rest(stage);
          const master = new Map(rows.rows);
          // Rows that are known to be old are shown once more, and read again behind it.
          await dio.vista().list();
          await clock.advance(1_000);
          await settle();
          expect(await vista(live).list(), "the LiveTable").toEqual(master);
          expect(await dio.vista().list(), "the Dio").toEqual(master);
          for (const [id, row] of master) expect(await dio.vista().get(id)).toEqual(row);
          await clock.until(lens.close());
          await live.close();
          expect(clock.timerCount).toBe(0);
        },
      ),
      runs(40),
    );
  },
);
