import { createMemoryCache, type DioramaError, Lens } from "vantage-diorama";
import { expect, onTestFinished, test } from "vitest";
import { KeptQueues } from "./kept-queues.ts";
import { createStage, openLens } from "./setup.ts";

const failure = (work: Promise<unknown>): Promise<DioramaError> =>
  work.then(
    () => expect.fail("it should have failed"),
    (error: DioramaError) => error,
  );

test("L13 what a queue can't keep is no setting: of a Lens, nor of one Dio", async () => {
  for (const durability of ["fsync", "process"] as const) {
    const error = await failure(Lens.builder().writeQueue({ durability }).build());
    expect([error.code, error.message]).toEqual([
      "invalid",
      expect.stringMatching(new RegExp(`"${durability}" needs a queue that outlives.*cacheAt.*queueSource`)),
    ]);
  }
  const notDurable = Lens.builder().queueSource(new KeptQueues({ durable: false }));
  expect((await failure(notDurable.writeQueue({ durability: "fsync" }).build())).code).toBe("invalid");
  const { source, builder, clock } = createStage();
  const lens = await openLens({ builder: builder.writeQueue({ durability: "memory" }), clock });
  const error = await failure(lens.makeDio(source, { writeQueue: { durability: "process" } }));
  expect(error.message).toContain('"process" needs a queue that outlives');
});

test("L13 a bad durability, a queueSource beside cacheAt, and what is no queue are told", async () => {
  const untyped: { queueSource: (given: unknown) => void } = Lens.builder() as never;
  untyped.queueSource({ openQueue: () => undefined });
  const builder: Lens extends never ? never : ReturnType<typeof Lens.builder> = untyped as never;
  const given = builder.cacheAt("./never-made").writeQueue({ durability: "disk" as never });
  const { message } = await failure(given.build());
  expect(message).toContain("queueSource: give an object with the methods openQueue, close");
  expect(message).toContain("cacheAt and queueSource contradict each other");
  expect(message).toContain('writeQueue.durability: give "fsync", "process" or "memory"');
});

test("L13 a durable queue keeps writes as it is asked to: by default against a power cut", async () => {
  const queues = new KeptQueues();
  const { source, builder, clock } = createStage();
  const lens = await openLens({ builder: builder.queueSource(queues), clock });
  const one = await lens.makeDio(source, { table: "one" });
  const two = await lens.makeDio(source, { table: "two", writeQueue: { durability: "process" } });
  const three = await lens.makeDio(source, { table: "three", writeQueue: { durability: "memory" } });
  expect(queues.opened.slice(0, 2)).toEqual([{ durability: "fsync" }, { durability: "process" }]);
  const told = [one, two, three].map((dio) => dio.diagnostics().writes.durability);
  expect(told).toEqual(["fsync", "process", "memory"]);
  queues.applied.length = 0;
  await three.vista().patch("a", { price: 1 });
  expect(queues.applied).toEqual([]);
  await two.vista().patch("a", { price: 2 });
  expect(queues.applied).toHaveLength(1);
});

test("L14 what an earlier session was promised is sent, though this one asks for memory only", async () => {
  const queues = new KeptQueues();
  const cache = createMemoryCache();
  onTestFinished(() => cache.close());
  const { backend, builder, clock } = createStage();
  const before = await builder
    .cacheSource(cache)
    .queueSource(queues)
    .onWrite(() => new Promise<never>(() => undefined))
    .build();
  const dio = await before.makeDio(backend);
  await dio.vista().patch("a", { price: 1 });
  const closing = before.close();
  await clock.advance(60_000);
  await closing;
  const after = await openLens({
    builder: Lens.builder().clock(clock).cacheSource(cache).queueSource(queues),
    clock,
  });
  const memory = { writeQueue: { durability: "memory" } } as const;
  const again = await after.makeDio(backend, memory);
  expect(again.diagnostics().writes.durability).toBe("process");
  expect((await again.vista().get("a"))?.price).toBe(1);
  await again.flush();
  expect((await backend.get("a"))?.price).toBe(1);
  await again.close();
  // Nothing is left of it: from now on there is as little as was asked for.
  expect(queues.ops.size).toBe(0);
  expect((await after.makeDio(backend, memory)).diagnostics().writes.durability).toBe("memory");
});

test("L8 a queue that was handed over is left open, whoever closes the Lens", async () => {
  const queues = new KeptQueues();
  const { source } = createStage();
  const lens = await Lens.builder().queueSource(queues).build();
  await lens.makeDio(source);
  await lens.close();
  expect(queues.isClosed).toBe(false);
});
