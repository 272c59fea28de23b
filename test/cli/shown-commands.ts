import { readFileSync } from "node:fs";

/** A command that a page shows behind `$ diorama`, with the lines that it shows below it. */
export interface ShownCommand {
  readonly command: string;
  readonly output: string;
}

/** Every `$ diorama …` of the page's console blocks, in their order. */
export function shownCommands(page: URL): ShownCommand[] {
  const blocks = [...readFileSync(page, "utf8").matchAll(/^```console\n([\s\S]*?)^```$/gm)];
  return blocks.flatMap(([, block = ""]) =>
    block
      .split(/^\$ diorama /m)
      .slice(1)
      .map((part) => {
        const [command = "", ...lines] = part.split("\n");
        return { command, output: lines.join("\n") };
      }),
  );
}

/** As a shell cuts a line: words, and quotes of both kinds around what holds blanks. */
export function toWords(command: string): string[] {
  return [...command.matchAll(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g)].map(([word]) =>
    word.replace(
      /"([^"]*)"|'([^']*)'/g,
      (_, double: string | undefined, single: string | undefined) => double ?? single ?? "",
    ),
  );
}
