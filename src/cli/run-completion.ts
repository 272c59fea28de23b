import tab from "@bomb.sh/tab/commander";
import type { Command } from "commander";
import { cacheRootOf, listCacheFolders } from "./cache-folders.ts";
import type { Shell } from "./completion-commands.ts";
import type { Frame } from "./frame.ts";
import { safeText } from "./safe-text.ts";

type Completion = ReturnType<typeof tab>;

const PROGRAM = "diorama";
/** Options whose value is a file or a folder. */
const PATH_OPTIONS = ["cache", "at", "source-options", "master"];
/** What an answer ends with: nothing else is to be completed, or the shell may complete a file. */
const NO_FILES = ":4";
const FILES = ":0";

export async function printScript(frame: Frame, shell: Shell, program: Command): Promise<void> {
  const completion = describe(program);
  const script = spoken(() => completion.setup(PROGRAM, PROGRAM, shell));
  await frame.write(shell === "bash" ? mendedForBash(script) : script);
}

/** Answers a script's question: a line for each completion, the last one for the shell itself. */
export async function printCompletions(
  frame: Frame,
  words: readonly string[],
  program: Command,
): Promise<void> {
  const completion = describe(program);
  let mayBeFile = false;
  for (const [name, command] of completion.commands) {
    for (const option of PATH_OPTIONS) {
      const path = command.options.get(option);
      if (path !== undefined) path.handler = () => void (mayBeFile = true);
    }
    const source = command.arguments.get("source");
    if (source === undefined) continue;
    source.handler = (complete) => {
      mayBeFile = true;
      for (const location of knownSources(frame, name)) complete(location, "kept");
    };
  }
  const answer = spoken(() => completion.parse([...words]));
  // The shell completes files itself where none of the sources fits.
  const isEmpty = answer.trimEnd() === NO_FILES;
  await frame.write(mayBeFile && isEmpty ? `${FILES}\n` : answer);
}

function describe(program: Command): Completion {
  const completion = tab(program, { completionCommandName: "completion" });
  // Options of the program, and of a group of commands, may stand behind every command of it.
  for (const [name, command] of completion.commands) {
    const groups = [...completion.commands].filter(([group]) => name.startsWith(`${group} `));
    for (const { options } of [completion, ...groups.map(([, group]) => group)]) {
      for (const [option, described] of options) {
        if (!command.options.has(option)) command.options.set(option, described);
      }
    }
  }
  return completion;
}

/** Sources of which something is kept; where one is looked after, its folder's name too. */
function knownSources(frame: Frame, command: string): string[] {
  const root = cacheRootOf(frame, undefined);
  if (root === undefined) return [];
  const takesNames = command.startsWith("cache ") || command === "queue ls" || command === "queue discard";
  const folders = listCacheFolders(root);
  const found = folders.flatMap(({ name, manifest }) => {
    const locations = manifest === undefined ? [] : [manifest.location];
    return takesNames ? [...locations, name] : locations;
  });
  // An answer is a line for each: what is none can't be one.
  return [...new Set(found)].filter((text) => safeText(text) === text);
}

/**
 * The library's script for bash says "readonly" of names that every program's script has, lets no file be completed,
 * repeats what stands before the colon of a URL, and takes it that the package bash-completion is there.
 */
function mendedForBash(script: string): string {
  return script
    .replace(/^readonly /gm, "")
    .replace(
      /^( *)(_get_comp_words_by_ref )/m,
      "$1declare -F _get_comp_words_by_ref >/dev/null || return 0\n$1$2",
    )
    .replace(/^complete -F /m, "complete -o default -F ")
    .replace(/^( *)(COMPREPLY=.*compgen -W .*)$/m, '$1$2\n$1__ltrim_colon_completions "$cur"');
}

/** The library answers through the console only, and at once. */
function spoken(speak: () => void): string {
  const lines: string[] = [];
  // oxlint-disable-next-line no-console -- it is what is listened to
  const { log } = console;
  const listen = (heard: Console["log"]): void => void Object.assign(console, { log: heard });
  listen((line: unknown) => void lines.push(String(line)));
  try {
    speak();
  } finally {
    listen(log);
  }
  return lines.map((line) => `${line}\n`).join("");
}
