import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { runInTerminal } from "./recording-terminal.ts";
import { shownCommands, toWords } from "./shown-commands.ts";

const page = new URL("../../docs/guide/cli.md", import.meta.url);
const examples = fileURLToPath(new URL("../../examples", import.meta.url));

/** The commands whose output the page shows as it is; what others show depends on time and place. */
const SHOWN = ["query", "get", "count", "explain"];

const shown = shownCommands(page).filter(({ command }) => SHOWN.includes(command.split(" ")[0] ?? ""));

describe("docs/guide/cli.md", () => {
  test.each(shown)("$command", async ({ command, output }) => {
    const { out, err } = await runInTerminal(toWords(command), { folder: examples });
    expect(`${out}${err}`.replaceAll(`${examples}/`, "/data/")).toBe(output);
  });

  test("shows every one of them", () => {
    const names = new Set(shown.map(({ command }) => command.split(" ")[0]));
    expect(SHOWN.filter((name) => !names.has(name))).toEqual([]);
  });
});
