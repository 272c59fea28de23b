import { type ChildProcess, fork, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Battery } from "../../test/promises/battery.ts";
import type { Outcome, Round } from "./totals.ts";

const roundFile = fileURLToPath(new URL("../soak-round.ts", import.meta.url));
/** Of what a round printed, for the message when it says nothing itself. */
const KEPT_OUTPUT = 4_000;

export interface PlaySettings {
  /** The module that exports the batteries. */
  readonly module: string;
  /** A round that lasts longer hangs, and is broken. */
  readonly limitMs: number;
  /** Ends the round: it counts for nothing. */
  readonly signal: AbortSignal;
}

/** Plays one round in a process of its own. Undefined: it was given up. Nothing of it is left behind. */
export async function playRound(
  battery: Battery,
  seed: number,
  settings: PlaySettings,
): Promise<Round | undefined> {
  const folder = mkdtempSync(join(tmpdir(), "diorama-soak-"));
  const startedAt = performance.now();
  const child = fork(roundFile, [settings.module, battery.promise, String(seed)], {
    // A process group of its own, so that its children can be ended with it.
    detached: true,
    env: { ...process.env, TMPDIR: folder },
    // As in vitest.config.ts: V8 would now and then end a process that starts so many threads.
    execArgv: ["--no-memory-protection-keys"],
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  const stop = (): void => endGroup(child);
  settings.signal.addEventListener("abort", stop);
  let isHung = false;
  const timer = setTimeout(() => {
    isHung = true;
    stop();
  }, settings.limitMs);
  const { told, code, output } = await watch(child);
  clearTimeout(timer);
  settings.signal.removeEventListener("abort", stop);
  stop();
  removeFolder(folder);
  if (settings.signal.aborted) return undefined;
  const ms = performance.now() - startedAt;
  const outcome = judge({ told, code, output, hungMs: isHung ? settings.limitMs : undefined });
  return { battery, seed, ms, outcome, output };
}

interface Seen {
  readonly told: Outcome | undefined;
  readonly code: number | null;
  readonly output: string;
}

async function watch(child: ChildProcess): Promise<Seen> {
  let told: Outcome | undefined;
  let output = "";
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- soak-round.ts sends nothing else
  child.on("message", (message) => (told = message as Outcome));
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding("utf8").on("data", (text: string) => (output = (output + text).slice(-KEPT_OUTPUT)));
  const failed = new Promise<number>((resolve) => {
    child.once("error", (error) => {
      output += error.message;
      resolve(1);
    });
  });
  const ended = once(child, "close").then(() => child.exitCode);
  const code = await Promise.race([ended, failed]);
  return { told, code, output };
}

function judge({ told, code, output, hungMs }: Seen & { readonly hungMs: number | undefined }): Outcome {
  if (told !== undefined && "reason" in told) return told;
  const last = output.trim().split("\n").at(-1) ?? "";
  if (hungMs !== undefined) {
    const what = told === undefined ? "it hung" : "it ended, and left something open";
    return { reason: `${what}: not gone after ${hungMs / 1_000} s. ${last}`.trim() };
  }
  if (told === undefined || code !== 0)
    return { reason: `its process ended with code ${code}. ${last}`.trim() };
  return told;
}

function endGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch (error) {
    // Nobody of the group is left.
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}

/** A round that was killed may leave files and disks that it mounted. */
function removeFolder(folder: string): void {
  if (process.platform === "linux") {
    const mounted = readFileSync("/proc/mounts", "utf8")
      .split("\n")
      .flatMap((line) => line.split(" ")[1] ?? [])
      .filter((path) => path.startsWith(`${folder}/`));
    for (const path of mounted) spawnSync("umount", ["--lazy", path]);
  }
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
}
