export { runCli } from "./run-cli.ts";
export { interrupted, readerGone } from "./stopped.ts";
export type { Terminal } from "./terminal.ts";
