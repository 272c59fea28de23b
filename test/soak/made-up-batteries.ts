import { spawn } from "node:child_process";
import { createServer } from "node:net";
import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Battery } from "../promises/battery.ts";

const made = (promise: string, run: Battery["run"], sharesMachine = false): Battery => ({
  promise,
  goals: { cases: 1_000_000 },
  least: { cases: 2 },
  sharesMachine,
  run,
});

/** Batteries that end in every way that a round can end. */
export const batteries: readonly Battery[] = [
  made("P1 P2", async (seed) => ({ cases: 1, acknowledged: seed, recovered: seed, duplicated: 1, lost: 0 })),
  made("P3", async (seed) => {
    if (seed === 13) throw new Error("a promise is broken", { cause: new Error("by thirteen") });
    writeFileSync(join(tmpdir(), "left behind"), "");
    await sleep(20);
    return { cases: 1 };
  }),
  made("P4", async () => {
    void Promise.reject(new Error("nobody caught this"));
    return { cases: 1 };
  }),
  made("P5", async () => {
    // Never ends, nor does what it started.
    const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "inherit" });
    console.log(`grandchild ${child.pid}`);
    return new Promise(() => {});
  }),
  made("P6", async () => {
    createServer().listen(0);
    return { cases: 1 };
  }),
  made("P7", async () => process.exit(3)),
  { ...made("P8", async () => ({ cases: 1 })), lacks: () => "a spoon" },
];
