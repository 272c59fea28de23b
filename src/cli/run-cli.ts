import { Command, CommanderError } from "commander";
import { abortable, type Clock, sleep, systemClock } from "../base/index.ts";
import { addCacheCommands } from "./cache-commands.ts";
import { exitCodes, usageError } from "./cli-error.ts";
import { addCompletionCommands } from "./completion-commands.ts";
import { Frame, type FrameSettings } from "./frame.ts";
import { addLiveCommands } from "./live-commands.ts";
import { addQueryCommands } from "./query-commands.ts";
import { addQueueCommands } from "./queue-commands.ts";
import { Stopped } from "./stopped.ts";
import type { Terminal } from "./terminal.ts";
import { versionOf } from "./version.ts";
import { parserText } from "./without-secrets.ts";
import { addWriteCommands } from "./write-commands.ts";

const EXAMPLES = `
Examples:
  diorama query products.csv --where "price > 10" --order price:desc
  diorama query https://api.example.com/users --search ann --json
  diorama get products.csv 7 --id sku
  diorama watch products.csv --rows

Exit codes: 0 done, 1 it failed, 2 wrong usage, 3 get found nothing, 130 interrupted.`;

/** How long an interrupted command may take to notice. */
const GRACE_MS = 2_000;

/** Runs one command and resolves with its exit code; `argv` without the program's own name. Never rejects. */
export async function runCli(
  argv: readonly string[],
  terminal: Terminal,
  clock: Clock = systemClock,
): Promise<number> {
  const written: string[] = [];
  const program = createProgram(terminal, (text) => written.push(text));
  const settings = (): FrameSettings => {
    const { json, quiet } = program.opts<{ json?: boolean; quiet?: boolean }>();
    return { json: json === true, quiet: quiet === true };
  };
  const frame = new Frame(terminal, settings, clock);
  addCommands(program, frame);
  addCompletionCommands(program, frame, () => {
    const described = createProgram(terminal, () => undefined);
    addCommands(described, frame);
    return described;
  });
  const running = program.parseAsync([...argv], { from: "user" });
  const code = await endOf(frame, running);
  try {
    await frame.closeAll();
    if (terminal.signal.aborted) {
      // What it was about to open when it was interrupted is closed too.
      await settledWithin(frame, running, GRACE_MS);
      await frame.closeAll();
    }
    // Help is printed by the parser in one go; here there is room to wait for the reader.
    if (!terminal.signal.aborted) await frame.write(written.join(""));
  } catch (error) {
    return terminal.signal.aborted || code !== exitCodes.done ? code : frame.fail(error);
  }
  return code;
}

/** The exit code: the command's own end, or the signal's where that comes first. */
async function endOf(frame: Frame, running: Promise<unknown>): Promise<number> {
  const { signal } = frame;
  try {
    await abortable(running, signal);
    return exitCodes.done;
  } catch (error) {
    if (!signal.aborted) return codeOf(frame, error);
    frame.clearProgress();
    const { reason } = signal;
    if (!(reason instanceof Stopped)) return exitCodes.failed;
    if (reason.exitCode === exitCodes.failed) frame.fail(reason);
    return reason.exitCode;
  }
}

async function settledWithin({ clock }: Frame, running: Promise<unknown>, delayMs: number): Promise<void> {
  const settled = new AbortController();
  const work = running.catch(() => undefined).finally(() => settled.abort());
  await Promise.race([work, sleep(clock, delayMs, settled.signal)]);
}

/** What the parser says is wrong usage, or no error at all: help was asked for. */
function codeOf(frame: Frame, error: unknown): number {
  if (!(error instanceof CommanderError)) return frame.fail(error);
  if (error.exitCode === 0) return exitCodes.done;
  if (error.code === "commander.help") return exitCodes.usage;
  const text = parserText(error.message);
  return frame.fail(usageError(`${text}${/[.?]$/.test(text) ? "" : ";"} --help shows what there is`));
}

function addCommands(program: Command, frame: Frame): void {
  addQueryCommands(program, frame);
  addWriteCommands(program, frame);
  addCacheCommands(program, frame);
  addQueueCommands(program, frame);
  addLiveCommands(program, frame);
}

function createProgram(terminal: Terminal, write: (text: string) => void): Command {
  const program = new Command("diorama");
  const hasColours = (isTerminal: boolean): boolean => isTerminal && (terminal.env["NO_COLOR"] ?? "") === "";
  program
    .exitOverride()
    .configureOutput({
      writeOut: write,
      writeErr: (text) => terminal.tell(text),
      outputError: () => undefined,
      getOutHelpWidth: () => terminal.width,
      getErrHelpWidth: () => terminal.width,
      getOutHasColors: () => hasColours(terminal.isOutTerminal),
      getErrHasColors: () => hasColours(terminal.isErrTerminal),
    })
    .configureHelp({ showGlobalOptions: true })
    .description("A local, live copy of a data source: query it, watch it, look after its cache.")
    .version(versionOf(), "-V, --version", "print the version")
    .helpOption("-h, --help", "show help")
    .option("--json", "print JSON, also what is told on stderr")
    .option("-q, --quiet", "no notes and no progress")
    .addHelpText("after", EXAMPLES);
  return program;
}
