import { styleText } from "node:util";
import { cut, GLUE } from "./format.ts";

/** Wider lines are hard to read, and logs have no width of their own. */
const WIDEST = 100;
const NARROWEST = 20;
const CLEAR_LINE = "\r\u001b[2K";
const CLEAR_BELOW = "\u001b[J";

type Style = "bold" | "dim" | "green" | "yellow";

/** Where text goes: results to standard output, the line that moves to standard error where that is a terminal. */
export class Terminal {
  /** `quiet`: only `finish` writes to standard output. */
  readonly #quiet: boolean;
  readonly #moves = process.stderr.isTTY && process.env["TERM"] !== "dumb";
  readonly #redraws = process.stdout.isTTY && process.env["TERM"] !== "dumb";
  #status = "";
  #frameLines = 0;

  constructor(quiet: boolean) {
    this.#quiet = quiet;
  }

  /** Columns that a line may take; some terminals say that they have 0, and mean that they don't know. */
  get width(): number {
    return Math.max(NARROWEST, Math.min(WIDEST, process.stdout.columns || WIDEST));
  }

  get statusWidth(): number {
    return Math.max(NARROWEST, (process.stderr.columns || WIDEST) - 1);
  }

  /** Coloured where standard output is a terminal and the environment (NO_COLOR) has nothing against it. */
  style(style: Style, text: string): string {
    return styleText(style, text, { stream: process.stdout });
  }

  print(lines: readonly string[]): void {
    this.clearStatus();
    if (!this.#quiet) process.stdout.write(lines.map((line) => `${line.replaceAll(GLUE, " ")}\n`).join(""));
  }

  finish(text: string): void {
    this.clearStatus();
    process.stdout.write(`${text}\n`);
  }

  fail(line: string): void {
    this.clearStatus();
    this.endFrame();
    process.stderr.write(`${line}\n`);
  }

  /** Shows what is going on, in place of what was shown before; nothing where there is no terminal. */
  status(text: string): void {
    if (!this.#moves || text === this.#status) return;
    this.#status = text;
    process.stderr.write(`${CLEAR_LINE}${cut(text, this.statusWidth)}`);
  }

  /** Draws several lines in place of those that were drawn before; nothing where standard output is no terminal. */
  frame(draw: (width: number) => readonly string[]): void {
    if (this.#quiet || !this.#redraws) return;
    this.clearStatus();
    const rows = Math.max(1, (process.stdout.rows || NARROWEST) - 1);
    const lines = draw(this.width)
      .slice(0, rows)
      .map((line) => `${CLEAR_LINE}${cut(line, this.width)}\n`);
    process.stdout.write(`${this.#upOverFrame()}${lines.join("")}${CLEAR_BELOW}`);
    this.#frameLines = lines.length;
  }

  /** Takes away what was drawn. */
  endFrame(): void {
    if (this.#frameLines === 0) return;
    process.stdout.write(`${this.#upOverFrame()}${CLEAR_BELOW}`);
    this.#frameLines = 0;
  }

  /** To the first column too: a Ctrl-C that the terminal echoes has moved the cursor. */
  #upOverFrame(): string {
    return this.#frameLines === 0 ? "" : `\r\u001b[${this.#frameLines}A`;
  }

  clearStatus(): void {
    if (this.#status === "") return;
    this.#status = "";
    process.stderr.write(CLEAR_LINE);
  }
}
