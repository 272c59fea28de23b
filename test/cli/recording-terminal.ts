import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import type { Clock } from "../../src/base/index.ts";
import { interrupted, runCli, type Terminal } from "../../src/cli/index.ts";

export interface RecordingOptions {
  /** Both streams go to a terminal. */
  readonly isTerminal?: boolean;
  readonly width?: number;
  readonly env?: Readonly<Record<string, string>>;
  readonly folder?: string;
  /** The command's own time; the machine's otherwise. */
  readonly clock?: Clock;
  /** Called each time there is more on one of the streams. */
  readonly onText?: (terminal: RecordingTerminal) => void;
}

/** A terminal that keeps what it is given. */
export class RecordingTerminal implements Terminal {
  out = "";
  err = "";
  readonly isOutTerminal: boolean;
  readonly isErrTerminal: boolean;
  readonly width: number;
  readonly env: Readonly<Record<string, string>>;
  readonly folder: string;
  readonly #stopping = new AbortController();
  readonly #onText: RecordingOptions["onText"];

  /** Without further words a pipe: no colour, nothing kept on the disk. */
  constructor({
    isTerminal = false,
    width = 80,
    env = {},
    folder = tmpdir(),
    onText,
  }: RecordingOptions = {}) {
    this.isOutTerminal = isTerminal;
    this.isErrTerminal = isTerminal;
    this.width = width;
    this.env = { DIORAMA_CACHE: "none", NO_COLOR: "1", ...env };
    this.folder = folder;
    this.#onText = onText;
  }

  get signal(): AbortSignal {
    return this.#stopping.signal;
  }

  write(text: string): Promise<void> {
    this.out += text;
    this.#onText?.(this);
    return Promise.resolve();
  }

  tell(text: string): void {
    this.err += text;
    this.#onText?.(this);
  }

  /** Ctrl-C, unless another reason is given. */
  stop(reason: unknown = interrupted()): void {
    this.#stopping.abort(reason);
  }
}

export interface CliOutcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a command in this process, as a user would in that terminal. */
export async function runInTerminal(
  argv: readonly string[],
  options: RecordingOptions = {},
): Promise<CliOutcome> {
  const terminal = new RecordingTerminal(options);
  const code = await runCli(argv, terminal, options.clock);
  return { code, out: terminal.out, err: terminal.err };
}

export interface CliFolder {
  readonly path: string;
  /** Writes a file and answers with its path. */
  write(name: string, content: string): string;
}

/** A folder for the files of one test file, gone with it. */
export function openCliFolder(): CliFolder {
  const path = mkdtempSync(join(tmpdir(), "diorama-cli-"));
  afterAll(() => rmSync(path, { recursive: true, force: true }));
  return {
    path,
    write(name, content) {
      const file = join(path, name);
      writeFileSync(file, content);
      return file;
    },
  };
}
