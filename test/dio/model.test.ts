import fc from "fast-check";
import { test } from "vitest";
import { runs } from "../properties/runs.ts";
import { command, type Command, type Setting, setting, shownSetting } from "./model-commands.ts";
import { Play } from "./model-play.ts";

// Random sequences of everything that can happen to a Dio, through its public API; beside it an oracle of maps
// and lists. After each step everything has settled.

const onceFailed: [Setting, Command[]][] = [
  // Letters are given up in their order, and each has what was parked behind it sent before the next one goes.
  [
    { cache: "incomplete", capabilities: {}, rows: [] },
    [
      { do: "fail", fate: "refused" },
      { do: "fail", fate: "refused" },
      { do: "fail", fate: "refused" },
      {
        do: "burst",
        requests: [
          { kind: "patch", id: "c", partial: {} },
          { kind: "delete", id: "d" },
          { kind: "insert", id: "d", row: { category: "tarts", price: 1 } },
          { kind: "insert", id: "c", row: { category: "tarts", price: 1 } },
        ],
      },
    ],
  ],
  // A row that was declared out of date while its deletion was being tried is read again.
  [
    { cache: "complete", capabilities: {}, rows: [] },
    [
      { do: "event", id: "b", row: { category: "tarts", price: 1 } },
      { do: "fail", fate: "down" },
      { do: "delete where", query: { conditions: [], order: [], search: "B" } },
      { do: "invalidate", id: "b" },
      { do: "time" },
      { do: "upstream", id: "b", row: { category: "tarts", price: 1 } },
      { do: "read", query: { conditions: [], order: [], search: "" }, shape: "list" },
    ],
  ],
];

async function playAll(given: Setting, commands: readonly Command[]): Promise<void> {
  const play = await Play.open(given);
  try {
    for (const next of commands) await play.step({ of: 0, command: next });
  } finally {
    await play.close();
  }
}

test(
  "D39 D40 D44 D45 D46 what Sceneries show is what maps and lists hold, and each change of it is told",
  { timeout: 120_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(shownSetting, fc.array(command, { maxLength: 40, size: "max" }), playAll),
      runs(300),
    );
  },
);

test(
  "D1 D3 D4 D21 D22 D23 D24 D26 D27 D30 a Dio does what maps and lists do",
  { timeout: 120_000 },
  async () => {
    await fc.assert(fc.asyncProperty(setting, fc.array(command, { maxLength: 40, size: "max" }), playAll), {
      ...runs(500),
      examples: onceFailed,
    });
  },
);
