import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { runInTerminal } from "./recording-terminal.ts";

const page = new URL("../../docs/guide/cli.md", import.meta.url);
const examples = fileURLToPath(new URL("../../examples", import.meta.url));

/** The commands whose output the page shows as it is; what others show depends on time and place. */
const SHOWN = ["query", "get", "count", "explain"];

interface Shown {
  readonly command: string;
  readonly output: string;
}

/** Every `$ diorama …` of the page's console blocks, with the lines below it. */
function shownCommands(): Shown[] {
  const blocks = [...readFileSync(page, "utf8").matchAll(/^```console\n([\s\S]*?)^```$/gm)];
  return blocks.flatMap(([, block = ""]) =>
    block
      .split(/^\$ diorama /m)
      .slice(1)
      .map((part) => {
        const [command = "", ...lines] = part.split("\n");
        return { command, output: lines.join("\n") };
      })
      .filter(({ command }) => SHOWN.includes(command.split(" ")[0] ?? "")),
  );
}

/** As a shell cuts a line: words, and quotes of both kinds around what holds blanks. */
function toWords(command: string): string[] {
  return [...command.matchAll(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g)].map(([word]) =>
    word.replace(
      /"([^"]*)"|'([^']*)'/g,
      (_, double: string | undefined, single: string | undefined) => double ?? single ?? "",
    ),
  );
}

describe("docs/guide/cli.md", () => {
  test.each(shownCommands())("$command", async ({ command, output }) => {
    const { out, err } = await runInTerminal(toWords(command), { folder: examples });
    expect(`${out}${err}`.replaceAll(`${examples}/`, "")).toBe(output);
  });

  test("shows every one of them", () => {
    const shown = new Set(shownCommands().map(({ command }) => command.split(" ")[0]));
    expect(SHOWN.filter((name) => !shown.has(name))).toEqual([]);
  });
});
