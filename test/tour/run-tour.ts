import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const tourFolder = fileURLToPath(new URL("../../examples/tour/", import.meta.url));

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Called with all of standard output so far, each time there is more. */
  readonly onOutput?: (child: ChildProcess, stdout: string) => void;
  readonly script?: "main.ts" | "start.mjs";
}

/** What Node has compiled before: the tour starts sooner, and is the same. */
const compiled = process.env["NODE_COMPILE_CACHE"];
const environment: Readonly<Record<string, string>> =
  compiled === undefined ? {} : { NODE_COMPILE_CACHE: compiled };

/** Runs the tour on the built package, as a user would, with an environment that holds nothing of npm's. */
export function runTour(args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  const { cwd = tourFolder, env = {}, onOutput, script = "main.ts" } = options;
  const child = spawn(process.execPath, [`${tourFolder}${script}`, ...args], {
    cwd,
    env: { PATH: process.env["PATH"], ...environment, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    onOutput?.(child, stdout);
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  return new Promise((resolve, reject) => {
    child.once("error", reject).once("close", (code) => resolve({ code, stdout, stderr }));
  });
}
