import { expect, test } from "vitest";
import { openChannel, openWorkChannel } from "./no-channels.ts";

test("TR10 without channels of the host nobody listens, and work is done", async () => {
  const told = openChannel<{ n: number }>("diorama.event");
  const work = openWorkChannel<{ n: number }>("diorama.call");
  expect([told.hasSubscribers, work.hasSubscribers]).toEqual([false, false]);
  told.publish({ n: 1 });
  expect(await work.trace({ n: 1 }, async () => 7)).toBe(7);
  const steps = work.begin({ n: 1 });
  expect(steps.step(() => 8)).toBe(8);
  steps.failed(new Error("nobody is told"));
  steps.ended();
  const failed = new Error("as it was");
  await expect(work.trace({ n: 1 }, () => Promise.reject(failed))).rejects.toBe(failed);
});
