import { fileURLToPath } from "node:url";
import { failureLine, UsageError } from "./failure.ts";
import { help, readOptions } from "./options.ts";
import { renderEnd } from "./render-report.ts";
import { Terminal } from "./terminal.ts";
import { takeTour } from "./take-tour.ts";

/** Exit codes of a program that a signal ended, by custom. */
const signalCodes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
/** npm passes on the signal that the terminal has sent already: one Ctrl-C arrives several times. */
const SAME_SIGNAL_MS = 500;
/** For closing what is open, after a signal. */
const LONGEST_END_MS = 3_000;

async function main(): Promise<number> {
  const stop = endOnSignals();
  let terminal = new Terminal(false);
  try {
    const options = readOptions(process.argv.slice(2), {
      env: process.env,
      cwd: process.cwd(),
      defaultCache: fileURLToPath(new URL("../../.tmp/tour", import.meta.url)),
    });
    if (options === undefined) {
      terminal.finish(help);
      return 0;
    }
    terminal = new Terminal(options.json);
    const report = await takeTour({ options, terminal, signal: stop.signal });
    if (options.json) terminal.finish(JSON.stringify(report, undefined, 2));
    else terminal.print(renderEnd(report, terminal));
    return 0;
  } catch (error) {
    if (stop.code !== undefined) {
      if (stop.code !== 0) terminal.fail("stopped");
      return stop.code;
    }
    terminal.fail(failureLine(error));
    return error instanceof UsageError ? 2 : 1;
  }
}

interface Stop {
  readonly signal: AbortSignal;
  /** The exit code, once a signal has come. */
  code: number | undefined;
}

/** A signal ends the tour where it stands, so that what is open is closed; a second one ends it at once. */
function endOnSignals(): Stop {
  const ending = new AbortController();
  const stop: Stop = { signal: ending.signal, code: undefined };
  let stoppedAt = 0;
  const end = (code: number): void => {
    if (stop.code !== undefined) {
      if (performance.now() - stoppedAt > SAME_SIGNAL_MS) process.exit(code);
      return;
    }
    stop.code = code;
    stoppedAt = performance.now();
    ending.abort();
    setTimeout(() => process.exit(code), LONGEST_END_MS).unref();
  };
  for (const [name, code] of Object.entries(signalCodes)) process.on(name, () => end(code));
  // Who reads the output has read enough (`| head`).
  process.stdout.on("error", () => end(0));
  return stop;
}

process.exitCode = await main();
