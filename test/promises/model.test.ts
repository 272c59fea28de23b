import { expect, test } from "vitest";
import type { LifeSetting, Step } from "../dio/model-commands.ts";
import { wholeOnly } from "../dio/whole-only.ts";
import { COMMANDS, playFolder, playLives } from "./model-battery.ts";
import { seedsOf } from "./seeds.ts";

const RUNS = 500 * Number(process.env["DIORAMA_RUNS"] ?? 1);
const seed = Number(process.env["DIORAMA_SEED"] ?? Math.floor(Math.random() * 2 ** 31));

const onceFailed: [LifeSetting, Step[]][] = [
  // A row that a reload brought while it was read was shown as loading for ever.
  [
    {
      tables: [{ cache: "complete", capabilities: wholeOnly, rows: [], isShown: true }],
      keepsRows: true,
      decision: { letter: "discard" },
    },
    [{ of: 0, command: { do: "reload", rows: [["a", { category: "tarts", price: 1 }]] } }],
  ],
  // What a kept write brought at the start was read once more, as though it were of the session that ended in disorder.
  [
    {
      tables: [{ cache: "filled", capabilities: {}, rows: [] }],
      keepsRows: true,
      decision: { letter: "discard" },
    },
    [
      {
        of: 0,
        command: {
          do: "write",
          request: { kind: "insert", id: "d", row: { category: "tarts", price: 1 } },
          handle: false,
        },
      },
      {
        of: 0,
        command: {
          do: "crash during",
          requests: [
            { kind: "patch", id: "d", partial: {} },
            { kind: "delete", id: "a" },
          ],
          turns: 0,
          isOffline: false,
        },
      },
      { of: 0, command: { do: "upstream", id: "d", row: undefined } },
      { of: 0, command: { do: "get", id: "d" } },
    ],
  ],
];

test("P10 the whole API, crash and reopen included, equals a model", { timeout: 600_000 }, async () => {
  const { runs = 0, commands = 0, crashes = 0, reopenings = 0 } = await playLives(seed, RUNS, onceFailed);
  expect(runs).toBeGreaterThanOrEqual(RUNS);
  // Of any length, short ones too: a little more than these on average.
  expect(commands).toBeGreaterThan(RUNS * COMMANDS * 0.95);
  expect([crashes > 0, reopenings > 0]).toEqual([true, true]);
});

test("P10 over real folders, closed, and copied in the middle of a life", { timeout: 600_000 }, async () => {
  for (const each of seedsOf(3)) expect((await playFolder(each))["runs"]).toBe(1);
});
