import { styleText } from "node:util";
import type { Terminal } from "./terminal.ts";

/** How a piece of output stands out; on anything but a terminal it stays as it is. */
export interface Styles {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly red: (text: string) => string;
  readonly green: (text: string) => string;
  readonly yellow: (text: string) => string;
  readonly cyan: (text: string) => string;
}

type Format = keyof Styles;

/** Styles for one of the two streams. */
export function createStyles(isTerminal: boolean, env: Terminal["env"]): Styles {
  const isOn = hasColour(isTerminal, env);
  const style =
    (format: Format) =>
    (text: string): string =>
      isOn && text !== "" ? styleText(format, text, { validateStream: false }) : text;
  return {
    bold: style("bold"),
    dim: style("dim"),
    red: style("red"),
    green: style("green"),
    yellow: style("yellow"),
    cyan: style("cyan"),
  };
}

/** FORCE_COLOR decides first, then NO_COLOR (any text, https://no-color.org), then whether it is a terminal. */
function hasColour(isTerminal: boolean, env: Terminal["env"]): boolean {
  const forced = env["FORCE_COLOR"];
  if (forced !== undefined) return forced !== "0" && forced !== "false";
  if ((env["NO_COLOR"] ?? "") !== "") return false;
  return isTerminal && env["TERM"] !== "dumb";
}
