import type { Command } from "commander";
import type { Frame } from "./frame.ts";

/** query, get, count, watch, explain. */
export function addQueryCommands(program: Command, frame: Frame): void {
  program
    .command("query")
    .argument("<source>")
    .description("print rows of a source")
    .action(() => frame.print(""));
}
