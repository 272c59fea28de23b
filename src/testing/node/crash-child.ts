import { writeSync } from "node:fs";
import { isMainThread } from "node:worker_threads";

/** What a child reports: a name, and anything that JSON can carry. */
export interface CrashReport {
  readonly is: string;
  readonly data?: unknown;
}

/** The pipe that reports go through: not stdout, which belongs to the program. */
export const REPORT_FD = 3;
/** Say to a child that a harness listens, and at which named point it is to die, and when. */
export const CHILD_VARIABLE = "DIORAMA_CRASH_CHILD";
export const POINT_VARIABLE = "DIORAMA_CRASH_POINT";
export const PASS_VARIABLE = "DIORAMA_CRASH_PASS";

const hasHarness = process.env[CHILD_VARIABLE] === "1";
const fatalPoint = hasHarness ? process.env[POINT_VARIABLE] : undefined;
let passesLeft = Number(process.env[PASS_VARIABLE] ?? 1);

// Nobody reads any more: a child never outlives the process that started it.
if (hasHarness && isMainThread) process.stdin.on("end", die).resume().unref();

/**
 * In a child of a crash harness: tells its parent. When it returns, the report arrives, whatever happens to this
 * process. Without a harness it prints the report instead, so that the program can be tried by hand.
 */
export function reportCrash(is: string, data?: unknown): void {
  const line = Buffer.from(`${JSON.stringify({ is, data })}\n`);
  let written = 0;
  try {
    while (written < line.length) written += writeSync(hasHarness ? REPORT_FD : 1, line, written);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EPIPE") die();
    throw error;
  }
}

/** In a child of a crash harness: the process ends here, as by `kill -9`, if this is the point and pass it was given. */
export function passCrashPoint(point: string): void {
  if (point !== fatalPoint) return;
  passesLeft -= 1;
  if (passesLeft === 0) die();
}

function die(): never {
  process.kill(process.pid, "SIGKILL");
  // The signal ends the process before this returns to it; nothing may run if it ever came late.
  for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}
