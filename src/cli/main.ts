import { systemClock } from "../base/index.ts";
import { runCli } from "./run-cli.ts";
import { interrupted, readerGone, Stopped } from "./stopped.ts";
import type { Terminal } from "./terminal.ts";

/** Where the width can't be told. */
const USUAL_WIDTH = 80;
/** The system's codes for a reader that has closed its end, or a terminal that has. */
const GONE: ReadonlySet<unknown> = new Set(["EPIPE", "EIO", "ECONNRESET", "ERR_STREAM_DESTROYED"]);
/** While a command waits, nothing else may hold the process. */
const STAY_ALIVE_MS = 2 ** 30;

/** The process as a terminal. A second Ctrl-C ends it at once. */
function systemTerminal(): Terminal {
  const stopping = new AbortController();
  const { stdout, stderr } = process;
  process.once("SIGINT", () => stopping.abort(interrupted()));
  process.once("SIGTERM", () => stopping.abort(new Stopped("terminated", 143)));
  process.once("SIGHUP", () => stopping.abort(new Stopped("the terminal has gone", 129)));
  stdout.on("error", (error) => {
    const isGone = "code" in error && GONE.has(error.code);
    stopping.abort(isGone ? readerGone() : new Stopped(`the results can't be written: ${error.message}`, 1));
  });
  stderr.on("error", () => undefined);
  return {
    write: (text) => writeTo(stdout, text, stopping.signal),
    tell: (text) => void stderr.write(text),
    isOutTerminal: stdout.isTTY,
    isErrTerminal: stderr.isTTY,
    get width() {
      return (stdout.isTTY ? stdout.columns : stderr.columns) || USUAL_WIDTH;
    },
    env: process.env,
    folder: process.cwd(),
    signal: stopping.signal,
  };
}

/** Resolves when the text has gone out, or never will. */
function writeTo(stream: NodeJS.WriteStream, text: string, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      signal.removeEventListener("abort", done);
      resolve();
    };
    signal.addEventListener("abort", done, { once: true });
    stream.write(text, (error) => {
      // Of a failure the stream tells as well, which ends everything.
      if (error === undefined || error === null) done();
    });
  });
}

const alive = systemClock.setTimer(() => undefined, STAY_ALIVE_MS, { keepAlive: true });
const terminal = systemTerminal();
process.exitCode = await runCli(process.argv.slice(2), terminal);
alive.cancel();
// Interrupted work may still hold something open; what finished has let go of everything.
if (terminal.signal.aborted) process.exit();
