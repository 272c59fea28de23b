import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { openCliFolder, runInTerminal } from "./recording-terminal.ts";

const program = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));
const folder = openCliFolder();
const cache = join(folder.path, "cache");
const teas = folder.write("teas.csv", "sku,name\nt1,Green\n");
const env = { DIORAMA_CACHE: cache };

beforeAll(async () => {
  await runInTerminal(["count", teas, "--where", "sku is not null"], { env });
});

/** What a shell is offered for the last word, and the last line, which is for the shell. */
async function offered(
  ...words: string[]
): Promise<{ readonly words: string[]; readonly directive: string }> {
  const { code, out, err } = await runInTerminal(["complete", "--", ...words], { env });
  expect([code, err]).toEqual([0, ""]);
  const lines = out.trimEnd().split("\n");
  const directive = lines.pop() ?? "";
  return { words: lines.map((line) => line.split("\t")[0] ?? ""), directive };
}

describe("completion", () => {
  test.each([
    [["q"], ["query", "queue"]],
    [
      ["cache", ""],
      ["ls", "rm", "verify"],
    ],
    [["queue", "re"], ["retry"]],
    [["query", "x.csv", "--fo"], ["--format"]],
    [
      ["query", "x.csv", "--format", ""],
      ["table", "json", "ndjson", "csv"],
    ],
    [
      ["query", "x.csv", "--rest-preset", ""],
      ["json-server", "json-server-v1"],
    ],
    [["cache", "rm", "--old"], ["--older-than"]],
    [["cache", "rm", "--js"], ["--json"]],
    [["live", "api", "users", "list", "--deb"], ["--debug"]],
    [
      ["completion", ""],
      ["zsh", "bash", "fish", "powershell"],
    ],
  ])("CLI70 after %j come %j", async (words, expected) => {
    const { words: found, directive } = await offered(...words);
    expect(found.filter((word) => word !== "help")).toEqual(expected);
    expect(directive).toBe(":4");
  });

  test("CLI70 resources of the demo API", async () => {
    const { words } = await offered("live", "api", "");
    expect(words).toEqual(expect.arrayContaining(["users", "posts", "comments", "albums", "todos"]));
  });

  test("CLI70 CLI71 sources of which something is kept; where none fits, files", async () => {
    expect(await offered("query", "")).toEqual({ words: [teas], directive: ":4" });
    expect((await offered("cache", "verify", "")).words).toEqual([teas, expect.stringMatching(/^teas-csv-/)]);
    expect(await offered("query", "./te")).toEqual({ words: [], directive: ":0" });
    expect(await offered("query", teas, "--source-options", "")).toEqual({ words: [], directive: ":0" });
    expect(await offered("query", teas, "--search", "")).toEqual({ words: [], directive: ":4" });
  });

  test.each([
    ["bash", "complete -o default -F __diorama_complete diorama"],
    ["zsh", "#compdef diorama"],
    ["fish", "complete -c diorama"],
    ["powershell", "Register-ArgumentCompleter -CommandName 'diorama'"],
  ])("CLI70 completion %s prints its script", async (shell, line) => {
    const { code, out, err } = await runInTerminal(["completion", shell]);
    expect([code, err]).toEqual([0, ""]);
    expect(out).toContain(line);
    expect(out).toMatch(/diorama complete '?--/);
  });

  test("CLI70 a shell that isn't known is wrong usage", async () => {
    const { code, err } = await runInTerminal(["completion", "tcsh"]);
    expect(code).toBe(2);
    expect(err).toContain("Allowed choices are bash, zsh, fish, powershell.");
  });

  // Where everything has to be there, it is missed and not skipped.
  const hasBash = process.env["CI"] === "true" || spawnSync("bash", ["-c", "true"]).status === 0;
  test.skipIf(!hasBash)("CLI71 bash takes the script twice, and completes through it", async () => {
    const { out } = await runInTerminal(["completion", "bash"]);
    const script = folder.write("diorama.bash", out);
    // What the package bash-completion brings, in short.
    const helpers =
      '_get_comp_words_by_ref() { words=("${COMP_WORDS[@]}"); cword=$COMP_CWORD; cur=${COMP_WORDS[COMP_CWORD]}; }\n' +
      '__ltrim_colon_completions() { [[ $1 == *:* ]] && COMPREPLY=("${COMPREPLY[@]#"${1%"${1##*:}"}"}"); }\n' +
      "compopt() { :; }\n";
    const ask = (...words: string[]): string =>
      `COMP_WORDS=(diorama ${words.join(" ")}); COMP_CWORD=${words.length}; __diorama_complete; echo "\${COMPREPLY[*]}"\n`;
    const session =
      `${helpers}source ${script}; source ${script}\n` +
      `diorama() { ${process.execPath} ${program} "$@"; }\n` +
      ask("ca") +
      ask("query", teas, "--format", "nd");
    const { status, stdout, stderr } = spawnSync("bash", ["--norc", "-c", session], {
      encoding: "utf8",
      env: { PATH: process.env["PATH"], ...env },
    });
    expect(stderr).toBe("");
    expect([status, stdout]).toEqual([0, "cache\nndjson\n"]);
  });

  test.skipIf(!hasBash)("CLI71 bash without its package completes files, without a word", async () => {
    const { out } = await runInTerminal(["completion", "bash"]);
    const script = folder.write("alone.bash", out);
    const session = `source ${script}; COMP_WORDS=(diorama ca); COMP_CWORD=1; __diorama_complete; echo "[\${COMPREPLY[*]}]"`;
    const { status, stdout, stderr } = spawnSync("bash", ["--norc", "-c", session], { encoding: "utf8" });
    expect([status, stdout, stderr]).toEqual([0, "[]\n", ""]);
  });
});
