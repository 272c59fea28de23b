import type { Terminal } from "./terminal.ts";
import { wrap } from "./wrap.ts";

export const INDENT = "  ";

export function heading(text: string, terminal: Terminal): string[] {
  return ["", ...wrap(text, terminal.width, "").map((line) => terminal.style("bold", line))];
}

export function prose(text: string, terminal: Terminal): string[] {
  return wrap(text, terminal.width, INDENT);
}
