import { expect, test } from "vitest";
import { RecordingTerminal, type RecordingOptions } from "../../test/cli/recording-terminal.ts";
import { DioramaError } from "../base/index.ts";
import { createManualClock } from "../testing/index.ts";
import { nothingFound, usageError } from "./cli-error.ts";
import { Frame, type FrameSettings } from "./frame.ts";
import { printFacts } from "./print-facts.ts";
import { safeText } from "./safe-text.ts";
import { createStyles } from "./styles.ts";

interface Rig {
  readonly frame: Frame;
  readonly terminal: RecordingTerminal;
  readonly clock: ReturnType<typeof createManualClock>;
}

function rig(options: RecordingOptions = {}, settings: Partial<FrameSettings> = {}): Rig {
  const terminal = new RecordingTerminal(options);
  const clock = createManualClock();
  return {
    terminal,
    clock,
    frame: new Frame(terminal, () => ({ json: false, quiet: false, ...settings }), clock),
  };
}

const full = new DioramaError("full", "the disk is full\n  make room", { place: { file: "cache.db" } });

test("CLI1 an error stands for 1, wrong usage for 2, nothing found for 3", () => {
  const { frame } = rig();
  expect(frame.fail(new Error("x"))).toBe(1);
  expect(frame.fail(full)).toBe(1);
  expect(frame.fail(usageError("x"))).toBe(2);
  expect(frame.fail(nothingFound("x", { id: "7" }))).toBe(3);
});

test("CLI2 an error is one line with its code, however many its message has", () => {
  const { frame, terminal } = rig();
  frame.fail(full);
  frame.fail(new DioramaError("invalid", "2 problems:\n  - one\n  - two"));
  frame.fail(usageError("no such thing"));
  expect(terminal.err).toBe(
    "diorama: the disk is full; make room (full)\n" +
      "diorama: 2 problems: one; two (invalid)\n" +
      "diorama: no such thing\n",
  );
});

test("CLI2 with --json an error is one object, and what is no DioramaError has no made-up code", () => {
  const { frame, terminal } = rig({}, { json: true });
  frame.fail(full);
  frame.fail("thrown text");
  const [first, second] = terminal.err.trimEnd().split("\n");
  expect(JSON.parse(first ?? "")).toEqual({
    error: { code: "full", message: "the disk is full; make room", place: { file: "cache.db" } },
  });
  expect(JSON.parse(second ?? "")).toEqual({
    error: { code: "unknown", message: "thrown text", place: {} },
  });
});

test("CLI3 results go to stdout, notes to stderr, with --json as an object; --quiet leaves notes out", async () => {
  const plain = rig();
  await plain.frame.print("a result");
  plain.frame.note("a note");
  expect([plain.terminal.out, plain.terminal.err]).toEqual(["a result\n", "a note\n"]);

  const json = rig({}, { json: true });
  json.frame.note("a note");
  expect(json.terminal.err).toBe('{"note":"a note"}\n');

  const quiet = rig({ isTerminal: true }, { quiet: true });
  quiet.frame.note("a note");
  quiet.frame.progress("10 %");
  expect(quiet.terminal.err).toBe("");
});

test.each([
  [false, {}, false],
  [true, {}, true],
  [true, { NO_COLOR: "1" }, false],
  [true, { NO_COLOR: "" }, true],
  [true, { TERM: "dumb" }, false],
  [false, { FORCE_COLOR: "1" }, true],
  [false, { FORCE_COLOR: "1", NO_COLOR: "1" }, true],
  [true, { FORCE_COLOR: "0" }, false],
  [true, { FORCE_COLOR: "false" }, false],
])("CLI4 colour: terminal %s with %o is %s", (isTerminal, env, isColoured) => {
  const { bold } = createStyles(isTerminal, env);
  expect(bold("x")).toBe(isColoured ? "\u001b[1mx\u001b[22m" : "x");
  expect(bold("")).toBe("");
});

test("CLI5 progress is drawn over at most every 80 ms, cut to the width, and cleared before anything else", async () => {
  const { frame, terminal, clock } = rig({ isTerminal: true, width: 12 });
  frame.progress("10 % of everything");
  frame.progress("too soon");
  await clock.advance(80);
  frame.progress("20 %");
  await frame.print("a result");
  frame.note("a note");
  const clear = "\r\u001b[2K";
  expect(terminal.err).toBe(`${clear}10 % of eve${clear}20 %${clear}a note\n`);
});

test("CLI5 progress is for terminals", () => {
  const { frame, terminal } = rig();
  frame.progress("10 %");
  expect(terminal.err).toBe("");
});

test("CLI6 everything is closed, the last opened first, whatever fails, and the first failure is told", async () => {
  const { frame } = rig();
  const closed: string[] = [];
  frame.defer(() => void closed.push("first"));
  frame.defer(() => {
    closed.push("second");
    throw new Error("second failed");
  });
  frame.defer(async () => {
    closed.push("third");
    await Promise.reject(new Error("third failed"));
  });
  await expect(frame.closeAll()).rejects.toThrow("third failed");
  expect(closed).toEqual(["third", "second", "first"]);
  await frame.closeAll();
  expect(closed).toHaveLength(3);
});

test("CLI9 what could do something to a terminal is shown escaped", () => {
  expect(safeText("a\u001b[31mred\u0007\r\n\tb")).toBe("a\\e[31mred\\x07\\r\\n\\tb");
  expect(safeText("\u009b2J \u202edcba \u2028")).toBe("\\x9b2J \\u202edcba \\u2028");
  expect(safeText("ordinary: grün, 古, 👩‍👩‍👧, עברית")).toBe("ordinary: grün, 古, 👩‍👩‍👧, עברית");
});

test("CLI9 an error whose message comes from data stays one harmless line", () => {
  const { frame, terminal } = rig();
  frame.fail(new DioramaError("invalid", 'row "\u001b]0;owned\u0007"\nnext'));
  expect(terminal.err).toBe('diorama: row "\\e]0;owned\\x07"; next (invalid)\n');
});

test("CLI9 facts are a line each, escaped; with --json one object", async () => {
  const plain = rig();
  await printFacts(plain.frame, { name: "a\u001b[2Jb", rows: 3, none: null });
  expect(plain.terminal.out).toBe("name  a\\e[2Jb\nrows  3\nnone  null\n");
  const json = rig({}, { json: true });
  await printFacts(json.frame, { name: "a\u001b", rows: 3 });
  expect(json.terminal.out).toBe('{"name":"a\\u001b","rows":3}\n');
});
