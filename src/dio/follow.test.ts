import { describe, expect, test } from "vitest";
import { DioramaError, yieldToLoop } from "../base/index.ts";
import { createManualClock } from "../testing/index.ts";
import type { ChangeEvent } from "../vista/index.ts";
import { follow, type OpenFeed, positionNote } from "./follow.ts";

const changed = (id: string): ChangeEvent => ({ type: "updated", id });

/** A feed that is told from outside, and what became of each time that it was opened. */
class TestFeed implements AsyncIterator<ChangeEvent> {
  readonly #kept: IteratorResult<ChangeEvent>[] = [];
  readonly #waiting: PromiseWithResolvers<IteratorResult<ChangeEvent>>[] = [];
  #failure: { readonly error: unknown } | undefined;
  left = 0;

  tell(change: ChangeEvent): void {
    this.#push({ done: false, value: change });
  }

  end(): void {
    this.#push({ done: true, value: undefined });
  }

  break(error: unknown): void {
    this.#failure = { error };
    for (const waiting of this.#waiting.splice(0)) waiting.reject(error);
  }

  next(): Promise<IteratorResult<ChangeEvent>> {
    const kept = this.#kept.shift();
    if (kept !== undefined) return Promise.resolve(kept);
    const waiting = Promise.withResolvers<IteratorResult<ChangeEvent>>();
    if (this.#failure !== undefined) waiting.reject(this.#failure.error);
    else this.#waiting.push(waiting);
    return waiting.promise;
  }

  /** Never ends, as of a socket that is gone. */
  return(): Promise<IteratorResult<ChangeEvent>> {
    this.left += 1;
    return new Promise(() => undefined);
  }

  #push(step: IteratorResult<ChangeEvent>): void {
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#kept.push(step);
    else waiting.resolve(step);
  }
}

function createRig(open?: OpenFeed) {
  const clock = createManualClock();
  const feeds: TestFeed[] = [];
  const story: string[] = [];
  const closing = new AbortController();
  let position: string | undefined;
  let handle = (_change: ChangeEvent): Promise<void> => Promise.resolve();
  const host = {
    clock,
    closing: closing.signal,
    name: "products",
    position: () => position,
    handle: async (change: ChangeEvent) => {
      story.push(change.type === "invalidated" ? change.type : change.id);
      await handle(change);
      position = change.position;
    },
    onLoss: (error: DioramaError) => story.push(`lost: ${error.code} ${error.message}`),
    onSubscribed: async (times: string) => void story.push(times),
  };
  const positions: (string | undefined)[] = [];
  const following = follow(
    open ??
      ((call) => {
        positions.push(call.position);
        const feed = new TestFeed();
        feeds.push(feed);
        return { [Symbol.asyncIterator]: () => feed };
      }),
    host,
  );
  const onHandle = (handler: typeof handle): void => {
    handle = handler;
  };
  return { clock, feeds, story, closing, following, positions, onHandle };
}

const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 5; turn++) await yieldToLoop();
};

describe("a feed", () => {
  test("D31 its changes are handled one after the other, in order", async () => {
    const { feeds, story, onHandle } = createRig();
    const gate = Promise.withResolvers<void>();
    onHandle(() => gate.promise);
    feeds[0]?.tell(changed("a"));
    feeds[0]?.tell(changed("b"));
    await settle();
    expect(story).toEqual(["first", "a"]);
    gate.resolve();
    await settle();
    expect(story).toEqual(["first", "a", "b"]);
  });

  test("D31 it is ready when what changed before it has been looked at; the end of a feed ends it", async () => {
    const { feeds, story, following } = createRig();
    await following.ready;
    feeds[0]?.tell(changed("a"));
    feeds[0]?.end();
    await following.done;
    expect([story, feeds.length]).toEqual([["first", "a"], 1]);
  });

  test("D31 a change that can't be handled does not end it", async () => {
    const { feeds, story, onHandle } = createRig();
    onHandle((change) =>
      change.type !== "invalidated" && change.id === "a"
        ? Promise.reject(new Error("no"))
        : Promise.resolve(),
    );
    feeds[0]?.tell(changed("a"));
    feeds[0]?.tell(changed("b"));
    await settle();
    expect(story).toEqual(["first", "a", "b"]);
  });

  test("D31 notes of positions have names of their own", () => {
    expect(positionNote("watch")).not.toBe(positionNote("follow"));
  });
});

describe("a loss", () => {
  test("D31 is told, then it subscribes again at the stored position and what was missed is fetched", async () => {
    const { clock, feeds, story, positions } = createRig();
    feeds[0]?.tell({ ...changed("a"), position: "7" });
    await settle();
    feeds[0]?.break(new Error("gone"));
    await settle();
    expect(story).toEqual(["first", "a", "lost: unavailable products: the change feed broke: gone"]);
    expect([feeds.length, feeds[0]?.left]).toEqual([1, 1]);
    while (feeds.length < 2) await clock.advance(1);
    expect(positions).toEqual([undefined, "7"]);
    expect(story).toHaveLength(3);
    // It holds.
    await clock.advance(100);
    expect(story.at(-1)).toBe("again");
    feeds[1]?.tell(changed("b"));
    await settle();
    expect(story.slice(3)).toEqual(["again", "b"]);
  });

  test("D31 what was missed is fetched before the first change that comes again", async () => {
    const { clock, feeds, story } = createRig();
    feeds[0]?.break(new DioramaError("timeout", "too slow"));
    await settle();
    await clock.advance(250);
    feeds[1]?.tell(changed("b"));
    feeds[1]?.end();
    await settle();
    expect(story).toEqual(["first", "lost: timeout too slow", "again", "b"]);
    expect(clock.timerCount).toBe(0);
  });

  test("D31 a source that stays away is asked ever more seldom, and costs no fetch each time", async () => {
    let opened = 0;
    const { clock, story } = createRig(() => {
      opened += 1;
      throw new Error("refused");
    });
    await settle();
    for (let minute = 0; minute < 60; minute++) await clock.advance(60_000);
    // Full jitter: half of a ceiling that doubles up to a minute.
    expect(opened).toBeGreaterThan(60);
    expect(opened).toBeLessThan(250);
    expect(story.filter((line) => line === "again")).toEqual([]);
    expect(story.filter((line) => line.startsWith("lost")).length).toBe(opened);
  });

  test("D31 after a feed that held for long the waits begin anew, a flapping one waits longer", async () => {
    const { clock, feeds, story } = createRig();
    const lifeMs = async (ms: number): Promise<number> => {
      await clock.advance(ms);
      const before = feeds.length;
      feeds.at(-1)?.break(new Error("gone"));
      await settle();
      let waitedMs = 0;
      for (; feeds.length === before; waitedMs += 10) await clock.advance(10);
      return waitedMs;
    };
    const waits: number[] = [];
    for (let loss = 0; loss < 12; loss++) waits.push(await lifeMs(200));
    expect(Math.max(...waits.slice(6))).toBeGreaterThan(Math.max(...waits.slice(0, 1)));
    expect(waits[0]).toBeLessThanOrEqual(260);
    for (let loss = 0; loss < 5; loss++) expect(await lifeMs(10_000)).toBeLessThanOrEqual(260);
    expect(story.filter((line) => line === "again")).toHaveLength(16);
  });

  test("D31 what can never work is told once", async () => {
    const { clock, story, following } = createRig(() => {
      throw new DioramaError("unsupported", "no feed here");
    });
    await following.done;
    await following.ready;
    expect([story, clock.timerCount]).toEqual([["lost: unsupported no feed here"], 0]);
  });
});

describe("stopping", () => {
  test("D31 D36 ends a feed that says nothing and heeds no signal, and lets go of it", async () => {
    const { feeds, following, clock } = createRig();
    await settle();
    await following.stop();
    await following.stop();
    expect([feeds[0]?.left, clock.timerCount]).toEqual([1, 0]);
  });

  test("D31 while a change is being handled, waits for it and takes no more", async () => {
    const { feeds, story, following, onHandle } = createRig();
    const gate = Promise.withResolvers<void>();
    onHandle(() => gate.promise);
    feeds[0]?.tell(changed("a"));
    feeds[0]?.tell(changed("b"));
    await settle();
    let isStopped = false;
    const stopped = following.stop().then(() => (isStopped = true));
    await settle();
    expect(isStopped).toBe(false);
    gate.resolve();
    await stopped;
    expect([story, feeds[0]?.left]).toEqual([["first", "a"], 1]);
  });

  test("D31 while it waits to subscribe again, or has just done so", async () => {
    for (const isBack of [false, true]) {
      const { feeds, story, following, clock } = createRig();
      feeds[0]?.break(new Error("gone"));
      await settle();
      while (isBack && feeds.length < 2) await clock.advance(1);
      await following.stop();
      await clock.advance(100_000);
      expect([story.includes("again"), clock.timerCount]).toEqual([false, 0]);
    }
  });

  test("D36 the end of the Dio ends it, and a signal that lives on keeps nothing of it", async () => {
    const { following, closing, feeds } = createRig();
    await settle();
    closing.abort(new DioramaError("closed", "it is closed"));
    await following.done;
    expect(feeds[0]?.left).toBe(1);
    const late = createRig();
    let listeners = 0;
    const remove = late.closing.signal.removeEventListener.bind(late.closing.signal);
    late.closing.signal.removeEventListener = (...args: Parameters<typeof remove>) => {
      listeners += 1;
      remove(...args);
    };
    await late.following.stop();
    expect(listeners).toBeGreaterThan(0);
  });

  test("D31 a feed that was closed before it began is not opened", async () => {
    let opened = 0;
    const closing = AbortSignal.abort(new DioramaError("closed", "it is closed"));
    const { done, ready } = follow(
      () => {
        opened += 1;
        throw new Error("never");
      },
      {
        clock: createManualClock(),
        closing,
        name: "products",
        position: () => undefined,
        handle: () => Promise.resolve(),
        onLoss: () => undefined,
        onSubscribed: () => Promise.resolve(),
      },
    );
    await Promise.all([done, ready]);
    expect(opened).toBe(0);
  });
});
