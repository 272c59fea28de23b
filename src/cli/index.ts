export type { Terminal } from "./terminal.ts";
