import { describe, expect, test } from "vitest";
import { openCliFolder } from "./recording-terminal.ts";
import { shownCommands } from "./shown-commands.ts";
import { playCommand, withoutChance } from "./tour-player.ts";

const page = new URL("../../docs/guide/cli-tour.md", import.meta.url);

/** The parts of the tour that the page may not leave out. */
const PARTS = [
  "query",
  "get",
  "count",
  "explain",
  "cache ls",
  "cache verify",
  "cache rm",
  "queue ls",
  ...["seed", "list", "get", "add", "delete", "event-then-list", "info"].map((name) => `live local ${name}`),
  ...["users", "posts", "comments", "albums", "todos"].map((name) => `live api ${name}`),
];

// One after the other, in one folder: each command finds what those before it left.
describe("docs/guide/cli-tour.md", () => {
  const folder = openCliFolder();
  const shown = shownCommands(page);

  test.each(shown.map(({ command, output }, at) => ({ at: at + 1, command, output })))(
    "CLI43 $at: $command",
    { timeout: 30_000 },
    async ({ command, output }) => {
      expect(withoutChance(await playCommand(command, folder.path))).toBe(withoutChance(output));
    },
  );

  test("CLI43 shows every part of the tour", () => {
    const commands = shown.map(({ command }) => command);
    expect(PARTS.filter((part) => !commands.some((command) => command.startsWith(part)))).toEqual([]);
  });
});
