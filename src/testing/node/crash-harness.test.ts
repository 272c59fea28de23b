import { afterAll, expect, test } from "vitest";
import { messageOf } from "../../base/index.ts";
import { createCrashHarness, type CrashLife } from "./crash-harness.ts";

const script = new URL("../../../test/promises/crash-counter.ts", import.meta.url);
const harness = createCrashHarness({ script, seed: 7 });
afterAll(() => harness.close());

/** The numbers that a child said; the last is what it had got to. */
const counted = ({ reports }: CrashLife): unknown[] =>
  reports.filter((report) => report.is === "counted").map((report) => report.data);

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

test("TN4 a child is killed at a moment of the seed, and every report before its end has arrived, in order", async () => {
  const kill = { withinMs: [0, 30], since: "started" } as const;
  const life = await harness.run({ args: ["count"], kill });
  expect(life.end).toBe("killed");
  expect(life.reports[0]).toMatchObject({ is: "started", data: { args: ["count"] } });
  const numbers = counted(life);
  expect(numbers).toEqual(Array.from({ length: numbers.length }, (_, index) => index + 1));
});

test("TN5 a child dies exactly where it passes the named point, the n-th time", async () => {
  const life = await harness.run({ kill: { point: "counted", pass: 1_234 } });
  expect([life.end, counted(life).length]).toEqual(["died", 1_234]);
  const first = await harness.run({ kill: { point: "counted" } });
  expect([first.end, counted(first)]).toEqual(["died", [1]]);
});

test("TN5 a named point is for the child that was given it, not for those that it starts", async () => {
  const { reports } = await harness.run({ args: ["grandparent"], kill: { point: "counted" } });
  expect(reports.at(-1)).toEqual({ is: "ended", data: { end: "killed", hasCounted: true } });
});

test("TN6 a child that hangs is ended, one that fails or ends is told apart, with what it said and printed", async () => {
  let hung: unknown;
  // A busy machine may take longer to start a child than a quiet one to end it.
  for (const limitMs of [1_000, 5_000, 20_000]) {
    const impatient = createCrashHarness({ script, limitMs });
    hung = await impatient.run({ args: ["hang"] }).catch((error: unknown) => error);
    expect(hung).toMatchObject({
      code: "timeout",
      message: expect.stringContaining(`hang was not over after ${limitMs} ms`),
    });
    if (messageOf(hung).includes("this is printed")) break;
  }
  expect(messageOf(hung)).toMatch(/ms.*\n.*"started".*\n.*\nthis is printed/);
  const pid = Number(/"pid":(\d+)/.exec(messageOf(hung))?.[1]);
  expect(isAlive(pid)).toBe(false);
  await expect(harness.run({ args: ["fail"] })).rejects.toMatchObject({
    code: "rejected",
    message: expect.stringContaining("the child went wrong"),
  });
  expect(await harness.run({ args: ["end"] })).toMatchObject({ end: "ended", reports: [{ is: "started" }] });
});

test("TN7 closing a harness ends its children", async () => {
  const other = createCrashHarness({ script });
  const life = other.run({ args: ["hang"] });
  await new Promise((resolve) => setTimeout(resolve, 300));
  await other.close();
  expect((await life).end).toBe("killed");
});

test("TN7 a child dies with the process that started it, however that one ends", async () => {
  let pid = 0;
  const life = await harness.run({
    args: ["parent"],
    kill: { withinMs: [0, 0], since: "child" },
    onReport: ({ is, data }) => {
      if (is === "child" && typeof data === "object" && data !== null && "pid" in data)
        pid = Number(data.pid);
    },
  });
  expect([life.end, pid > 0]).toEqual(["killed", true]);
  await expect.poll(() => isAlive(pid), { timeout: 5_000 }).toBe(false);
});

test("TN4 reports are heard as they come; a listener that throws ends the child and its error is the life's", async () => {
  const heard: unknown[] = [];
  const broken = new Error("the listener broke");
  const life = harness.run({
    onReport: ({ data }) => {
      heard.push(data);
      if (data === 10) throw broken;
    },
  });
  await expect(life).rejects.toBe(broken);
  expect(heard.slice(1, 11)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
});
