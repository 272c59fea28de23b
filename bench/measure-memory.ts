import { spawnSync } from "node:child_process";
import path from "node:path";

/** Bytes a row. */
export interface Memory {
  readonly store: number;
  /** Of one ordered view on top of it. */
  readonly view: number;
  /** Of a hundred windows on that view. */
  readonly windows?: number;
}

/** In a process of its own, which keeps nothing else. `undefined`: it took too long. */
export function measureMemory(subject: string, rows: number, timeoutMs = 60_000): Memory | undefined {
  const program = path.join(import.meta.dirname, "memory-of.ts");
  const child = spawnSync(process.execPath, ["--expose-gc", program, subject, String(rows)], {
    stdio: ["ignore", "pipe", "pipe"],
    timeout: timeoutMs,
  });
  if (child.signal === "SIGTERM") return undefined;
  if (child.status !== 0) throw new Error(`the memory of ${subject}: ${child.stderr.toString()}`);
  return JSON.parse(child.stdout.toString());
}
