import { styleText } from "node:util";
import { cut, GLUE } from "./format.ts";

/** Wider lines are hard to read, and logs have no width of their own. */
const WIDEST = 100;
const NARROWEST = 20;
const CLEAR_LINE = "\r\u001b[2K";

type Style = "bold" | "dim" | "green" | "yellow";

/** Where text goes: results to standard output, the line that moves to standard error where that is a terminal. */
export class Terminal {
  /** `quiet`: only `finish` writes to standard output. */
  readonly #quiet: boolean;
  readonly #moves = process.stderr.isTTY && process.env["TERM"] !== "dumb";
  #status = "";

  constructor(quiet: boolean) {
    this.#quiet = quiet;
  }

  /** Columns that a line may take. */
  get width(): number {
    return Math.max(NARROWEST, Math.min(WIDEST, process.stdout.columns ?? WIDEST));
  }

  get statusWidth(): number {
    return Math.max(NARROWEST, (process.stderr.columns ?? WIDEST) - 1);
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
    process.stderr.write(`${line}\n`);
  }

  /** Shows what is going on, in place of what was shown before; nothing where there is no terminal. */
  status(text: string): void {
    if (!this.#moves || text === this.#status) return;
    this.#status = text;
    process.stderr.write(`${CLEAR_LINE}${cut(text, this.statusWidth)}`);
  }

  clearStatus(): void {
    if (this.#status === "") return;
    this.#status = "";
    process.stderr.write(CLEAR_LINE);
  }
}
