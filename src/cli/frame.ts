import { messageOf, isDioramaError, systemClock, type Clock } from "../base/index.ts";
import { CliError, exitCodes } from "./cli-error.ts";
import { safeText } from "./safe-text.ts";
import { createStyles, type Styles } from "./styles.ts";
import type { Terminal } from "./terminal.ts";
import { withoutSecrets } from "./without-secrets.ts";

/** What the options of every command say. */
export interface FrameSettings {
  /** Results and what is told on stderr are JSON. */
  readonly json: boolean;
  /** No notes and no progress. */
  readonly quiet: boolean;
}

type Close = () => Promise<unknown> | void;

/** A line of progress is drawn again at most so often. */
const PROGRESS_EVERY_MS = 80;

const CLEAR_LINE = "\r\u001b[2K";

/** What all commands share: where they write, how they tell what happens, and what is closed when they end. */
export class Frame {
  readonly terminal: Terminal;
  /** For results. */
  readonly styles: Styles;
  /** For notes and errors. */
  readonly noteStyles: Styles;
  readonly clock: Clock;
  readonly #settings: () => FrameSettings;
  readonly #closes: Close[] = [];
  #closing: Promise<void> = Promise.resolve();
  #hasEnded = false;
  #progressShown = false;
  #progressAt = Number.NEGATIVE_INFINITY;

  /** `settings` is asked each time: options are read after the frame is made. */
  constructor(terminal: Terminal, settings: () => FrameSettings, clock: Clock = systemClock) {
    this.terminal = terminal;
    this.styles = createStyles(terminal.isOutTerminal, terminal.env);
    this.noteStyles = createStyles(terminal.isErrTerminal, terminal.env);
    this.#settings = settings;
    this.clock = clock;
  }

  get json(): boolean {
    return this.#settings().json;
  }

  get quiet(): boolean {
    return this.#settings().quiet;
  }

  /** Fires when the command has to end. */
  get signal(): AbortSignal {
    return this.terminal.signal;
  }

  /** A line of results. What comes from data goes through `safeText` first. */
  async print(line: string): Promise<void> {
    this.clearProgress();
    await this.terminal.write(`${line}\n`);
  }

  /** Results that are already whole lines. */
  async write(text: string): Promise<void> {
    this.clearProgress();
    if (text !== "") await this.terminal.write(text);
  }

  /** A line for people beside the results; with `--json` an object `{"note": …}`. */
  note(text: string): void {
    if (this.quiet) return;
    this.clearProgress();
    this.terminal.tell(this.json ? `${JSON.stringify({ note: text })}\n` : `${text}\n`);
  }

  /** What is going on, on one line that is drawn over and gone at the end. Only on a terminal. */
  progress(text: string): void {
    if (this.quiet || this.json || !this.terminal.isErrTerminal) return;
    const now = this.clock.monotonic();
    if (now - this.#progressAt < PROGRESS_EVERY_MS) return;
    this.#progressAt = now;
    this.#progressShown = true;
    const line = safeText(text).slice(0, Math.max(1, this.terminal.width - 1));
    this.terminal.tell(`${CLEAR_LINE}${this.noteStyles.dim(line)}`);
  }

  clearProgress(): void {
    if (!this.#progressShown) return;
    this.#progressShown = false;
    this.terminal.tell(CLEAR_LINE);
  }

  /** Called when the command ends, however it ends: the last one that was given first. */
  defer(close: Close): void {
    this.#closes.push(close);
    // An interrupted command may have been about to open it.
    if (this.#hasEnded) this.closeAll().catch(() => undefined);
  }

  /** Closes what is open; every one, whatever fails. Rejects with the first failure at the end. */
  closeAll(): Promise<void> {
    this.#hasEnded = true;
    this.#closing = this.#closing.catch(() => undefined).then(() => this.#closeEach());
    return this.#closing;
  }

  async #closeEach(): Promise<void> {
    const failures: unknown[] = [];
    for (let close = this.#closes.pop(); close !== undefined; close = this.#closes.pop()) {
      try {
        // One after the other: what was opened later may need what was opened before.
        await close();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }

  /** Tells an error in one line, or as `{"error": …}`; answers with the exit code that it stands for. */
  fail(error: unknown): number {
    this.clearProgress();
    if (this.json) {
      this.terminal.tell(`${JSON.stringify({ error: asPlain(error) })}\n`);
    } else {
      const code = isDioramaError(error) && !(error instanceof CliError) ? ` (${error.code})` : "";
      this.terminal.tell(`${this.noteStyles.red("diorama:")} ${oneLine(messageOf(error))}${code}\n`);
      if (error instanceof CliError && error.detail !== undefined) this.terminal.tell(`${error.detail}\n`);
    }
    return error instanceof CliError ? error.exitCode : exitCodes.failed;
  }
}

function asPlain(error: unknown): object {
  const message = oneLine(messageOf(error));
  return isDioramaError(error)
    ? { code: error.code, message, place: error.place }
    : { code: "unknown", message, place: {} };
}

/** Errors that list several problems have one on each line. */
function oneLine(message: string): string {
  const line = message.replace(/:\s*\n\s*(?:- )?/g, ": ").replace(/\s*\n\s*(?:- )?/g, "; ");
  return safeText(withoutSecrets(line));
}
