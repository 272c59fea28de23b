import { type Dio, DioramaError, seedFromMaster } from "vantage-diorama";
import { between, type ClockWorld, same } from "./clock-world.ts";

/** Something that waits, and the clocks jump meanwhile. Throws where it ends too late, never, or in a storm. */
export type Stage = (world: ClockWorld, jump: () => void) => Promise<void>;

const unavailable = (): never => {
  throw new DioramaError("unavailable", "down (made up)");
};

/** A write that waits for its next attempt. */
const retry: Stage = async (world, jump) => {
  let attempts = 0;
  let isDown = true;
  const dio = await world.open((builder) =>
    builder.onStart(seedFromMaster).onWrite(async (_dio, op) => {
      attempts += 1;
      if (isDown) unavailable();
      if (op.kind === "patch") world.backend.source.set(op.id, { id: op.id, n: 2 });
    }),
  );
  await dio.vista().patch("a", { n: 2 });
  await world.pass(5_000);
  const before = attempts;
  jump();
  await world.pass(120_000);
  // Full jitter: a wait may be short, and no wait is longer than a minute.
  between("attempts in two minutes", attempts - before, 1, 40);
  isDown = false;
  await world.pass(60_001);
  same("pending", dio.writes.pending().length, 0);
  between("age of the oldest write", dio.diagnostics().writes.oldestMs ?? 0, 0, 0);
};

/** An accepted write whose echo never comes. */
const echo: Stage = async (world, jump) => {
  const dio = await world.open((builder) =>
    builder
      .onStart(seedFromMaster)
      .writeQueue({ confirm: "echo", echoTimeout: "30s" })
      .onWrite(async () => undefined),
  );
  const before = world.source.calls("get");
  await dio.vista().patch("a", { n: 2 });
  await world.pass(10_000);
  same("state", dio.writes.pending().at(0)?.state, "echo");
  jump();
  between("age of the oldest write", dio.diagnostics().writes.oldestMs ?? 0, 0, Infinity);
  await world.pass(20_001);
  same("waiting for their echo", dio.writes.pending().length, 0);
  // Looked at again, once: the source never did it.
  same("n", (await dio.cache.get("a"))?.["n"], 1);
  between("reads of the row", world.source.calls("get") - before, 1, 2);
};

/** An accepted write moves to another id after the jump, and goes on waiting. */
const movedEcho: Stage = async (world, jump) => {
  const dio = await world.open((builder) =>
    builder
      .onStart(seedFromMaster)
      .writeQueue({ concurrency: 2, echoTimeout: "30s" })
      .onWrite(async (_dio, op) => {
        if (op.kind === "insert") return { awaitEcho: true };
        return op.kind === "patch" ? { id: "b", row: { id: "b", n: 3 } } : undefined;
      }),
  );
  await dio.vista().insert("new", { id: "new", n: 1 });
  await world.pass(1_000);
  jump();
  await dio.vista().patch("new", { n: 3 });
  await world.pass(1_000);
  await world.pass(31_000);
  same("waiting for their echo", dio.writes.pending().length, 0);
};

/** Readers of rows that grow old. */
const fresh: Stage = async (world, jump) => {
  const dio = await world.open((builder) => builder.onStart(seedFromMaster).freshFor("1m").staleFor("1m"));
  await world.pass(30_000);
  world.backend.source.set("a", { id: "a", n: 2 });
  jump();
  const cost = await world.calls(async () => {
    for (let reader = 0; reader < 20; reader++) {
      await world.clock.until(dio.vista().list());
      await world.pass(1);
    }
  });
  // Its version, and its rows.
  between("calls for twenty readers", cost, 0, 2);
  // What is read now is a minute young, whatever the wall clock says.
  await world.pass(61_000);
  await world.clock.until(dio.vista().list());
  await world.pass(1_000);
  same("n", (await world.clock.until(dio.vista().get("a")))?.["n"], 2);
  same("calls for a young row", await world.calls(() => dio.vista().get("a")), 0);
};

/** Rows of an incomplete cache that grow old. */
const freshRows: Stage = async (world, jump) => {
  const dio = await world.open((builder) => builder.freshFor("1m").staleFor("1m"));
  await dio.vista().get("a");
  await world.pass(30_000);
  world.backend.source.set("a", { id: "a", n: 2 });
  jump();
  const cost = await world.calls(async () => {
    for (let reader = 0; reader < 20; reader++) await world.clock.until(dio.vista().get("a"));
  });
  between("calls for twenty readers", cost, 0, 1);
  await world.pass(61_000);
  await world.clock.until(dio.vista().get("a"));
  await world.pass(1_000);
  same("n", (await world.clock.until(dio.vista().get("a")))?.["n"], 2);
};

/** Renewals that fail: readers are served, the source is left in peace. */
const failingRenewal: Stage = async (world, jump) => {
  const dio = await world.open((builder) => builder.onStart(seedFromMaster).freshFor("1m"));
  await world.pass(61_000);
  world.source.setFaults({ errorRate: 1 });
  const readFor = async (seconds: number): Promise<void> => {
    for (let second = 0; second < seconds; second++) {
      same("n", (await dio.vista().get("a"))?.["n"], 1);
      await world.pass(1_000);
    }
  };
  await readFor(30);
  jump();
  between("calls in two minutes", await world.calls(() => readFor(120)), 1, 30);
  world.source.heal();
  world.backend.source.set("a", { id: "a", n: 2 });
  await readFor1(world, () => dio.vista().get("a"));
};

async function readFor1(world: ClockWorld, read: () => Promise<unknown>): Promise<void> {
  for (let second = 0; second < 121; second++) {
    await read();
    await world.pass(1_000);
  }
  const row = await read();
  same("after the outage", JSON.stringify(row), JSON.stringify({ id: "a", n: 2 }));
}

/** Rows that are shown and that nobody reads; they cost so many calls in ten minutes. */
async function renewShown(
  world: ClockWorld,
  dio: Dio,
  jump: () => void,
  calls: [least: number, most: number],
): Promise<void> {
  const record = await dio.recordScenery("a").open();
  await world.pass(30_000);
  world.backend.source.set("a", { id: "a", n: 2 });
  jump();
  const cost = await world.calls(() => world.pass(600_000));
  same("n of what is shown", record.row?.["n"], 2);
  same("its status", record.status, "fresh");
  between("calls in ten minutes", cost, ...calls);
  record.close();
}

const shown: Stage = async (world, jump) => {
  const dio = await world.open((builder) => builder.onStart(seedFromMaster).freshFor("1m"));
  // Each of them the version, and the rows.
  await renewShown(world, dio, jump, [18, 24]);
};

/** The same of an incomplete cache. */
const shownRows: Stage = async (world, jump) => {
  const dio = await world.open((builder) => builder.freshFor("1m"));
  await renewShown(world, dio, jump, [9, 12]);
};

/** Refreshes by the timer, in standby too. */
const refreshEvery: Stage = async (world, jump) => {
  await world.open((builder) => builder.onStart(seedFromMaster).refreshEvery("1m"));
  await world.pass(30_000);
  jump();
  const ticks = async (ms: number): Promise<number> => {
    const before = world.source.calls("version");
    await world.pass(ms);
    return world.source.calls("version") - before;
  };
  between("refreshes in ten minutes", await ticks(600_000), 10, 11);
  await world.pass(20_000);
  jump();
  // The interval under way gets another length.
  world.activity.set("standby");
  between("refreshes in ten minutes of standby", await ticks(600_000), 2, 3);
  world.activity.set("offline");
  jump();
  between("refreshes offline", await ticks(600_000), 0, 0);
  world.activity.set("active");
  between("refreshes in ten minutes", await ticks(600_000), 10, 11);
};

/** Writes that wait for the end of an outage that the application knows of. */
const offline: Stage = async (world, jump) => {
  let attempts = 0;
  const dio = await world.open((builder) =>
    builder.onStart(seedFromMaster).onWrite(async () => void (attempts += 1)),
  );
  world.activity.set("offline");
  await dio.vista().patch("a", { n: 2 });
  await world.pass(60_000);
  jump();
  await world.pass(60_000);
  same("attempts offline", attempts, 0);
  world.activity.set("active");
  await world.pass(1_000);
  same("attempts", attempts, 1);
  same("pending", dio.writes.pending().length, 0);
};

/** A call of the source that hangs. */
const deadline: Stage = async (world, jump) => {
  const dio = await world.open((builder) => builder.deadline("30s"));
  world.source.setFaults({ hangRate: 1 });
  let code: unknown;
  dio
    .vista()
    .get("a")
    .catch((error: unknown) => (code = (error as DioramaError).code));
  await world.pass(10_000);
  jump();
  await world.pass(20_001);
  same("what the call ended with", code, "timeout");
  world.source.heal();
  same("n", (await dio.vista().get("a"))?.["n"], 1);
};

/** A feed that breaks each time it is subscribed to. */
const feed: Stage = async (world, jump) => {
  let subscriptions = 0;
  const dio = await world.open((builder) => builder.onStart(seedFromMaster));
  // oxlint-disable-next-line require-yield -- it breaks before it has anything to say
  const following = dio.follow(async function* broken() {
    subscriptions += 1;
    unavailable();
  });
  await world.pass(120_000);
  const before = subscriptions;
  jump();
  await world.pass(600_000);
  between("subscriptions in ten minutes", subscriptions - before, 5, 200);
  await following.stop();
};

/** A viewport that has not come to rest. */
const viewport: Stage = async (world, jump) => {
  const asked: number[] = [];
  const dio = await world.open((builder) =>
    builder
      .totalProvider(async () => 1_000)
      .onLoadChunk(async (_dio, range, sink) => {
        asked.push(range.start);
        for (let at = range.start; at < range.end; at++) sink.push(at, `r${at}`, { id: `r${at}`, n: at });
      })
      .pageSize(10)
      .viewportDebounce("1s"),
  );
  const table = await dio.tableScenery({ orderBy: ["n"] }).open();
  await world.pass(5_000);
  asked.splice(0);
  table.setViewport(500, 510);
  await world.pass(500);
  jump();
  await world.pass(501);
  same("row 505", table.row(505)?.row["n"], 505);
  between("loads", asked.length, 1, 2);
  table.close();
};

/** Views and orders that nobody uses any more. */
const cleanup: Stage = async (world, jump) => {
  const dio = await world.open((builder) => builder.onStart(seedFromMaster));
  const table = await dio.tableScenery({ orderBy: ["n"] }).open();
  table.close();
  await world.pass(10_000);
  jump();
  await world.pass(120_000);
  const { open, idle } = dio.diagnostics().views;
  same("views left", open + idle, 0);
};

/** Rows on their way to the table behind. */
const journal: Stage = async (world, jump) => {
  const dio = await world.open((builder) => builder.onStart(seedFromMaster));
  await dio.cache.insert("b", { id: "b", n: 1 });
  jump();
  await world.pass(1_000);
  await dio.cache.insert("c", { id: "c", n: 1 });
  await world.pass(1_000);
  await dio.refresh();
  same("rows", await dio.cache.count(), 1);
};

export const stages: Readonly<Record<string, Stage>> = {
  "a retry": retry,
  "an echo": echo,
  "an echo that moves to another id": movedEcho,
  "freshFor and staleFor of a table": fresh,
  "freshFor and staleFor of a row": freshRows,
  "a renewal that fails": failingRenewal,
  "a row of a table that is shown": shown,
  "a row that is shown": shownRows,
  refreshEvery,
  offline,
  "a deadline": deadline,
  "a feed that is lost": feed,
  "a viewport": viewport,
  "views that nobody uses": cleanup,
  "rows to be written": journal,
};
