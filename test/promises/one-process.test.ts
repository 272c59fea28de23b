import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";
import { isDioramaError, sleep, systemClock } from "../../src/base/index.ts";
import type { CacheBackend } from "../../src/cache/index.ts";
import { openDurableCache } from "../../src/cache/sqlite/index.ts";
import { createRandom } from "../../src/testing/index.ts";

const seed = Number(process.env["DIORAMA_SEED"] ?? Math.floor(Math.random() * 2 ** 32));
const kills = Number(process.env["DIORAMA_CASES"] ?? 10);
const root = mkdtempSync(join(tmpdir(), "diorama-p8-"));
const holder = fileURLToPath(new URL("./cache-holder.ts", import.meta.url));
const children = new Set<ChildProcess>();

afterAll(() => {
  for (const child of children) child.kill("SIGKILL");
  rmSync(root, { recursive: true, force: true });
});

/** A process that holds the folder, from the moment that it says so. */
async function holdElsewhere(folder: string): Promise<{ child: ChildProcess; stored: () => number }> {
  const child = spawn(process.execPath, [holder, folder], { stdio: ["ignore", "pipe", "inherit"] });
  children.add(child);
  const lines = createInterface({ input: child.stdout });
  let last = "";
  const held = new Promise<void>((resolve, reject) => {
    lines.on("line", (line) => {
      last = line;
      if (line === "held") resolve();
    });
    child.once("exit", () => reject(new Error("the holder ended before it held the folder")));
  });
  await held;
  return { child, stored: () => (last === "held" ? 0 : Number(last)) };
}

/** The holder's row of this id. */
function rowOf(id: string): object {
  const [batch, index] = id.split("-").map(Number);
  return { batch, index };
}

async function openWithin(folder: string, limitMs: number): Promise<CacheBackend> {
  const from = performance.now();
  for (;;) {
    try {
      return await openDurableCache(folder);
    } catch (error) {
      if (!isDioramaError(error, "inUse") || performance.now() - from > limitMs) throw error;
      await sleep(systemClock, 10);
    }
  }
}

test(
  `P8 one process a folder: ${kills} holders are named at once, killed and taken over from within 2 s`,
  async () => {
    const random = createRandom(seed);
    const folder = join(root, "folder");
    let refusedMs = 0;
    let takenOverMs = 0;
    for (let kill = 0; kill < kills; kill++) {
      const { child, stored } = await holdElsewhere(folder);
      const from = performance.now();
      const refused: unknown = await openDurableCache(folder).catch((error: unknown) => error);
      refusedMs = Math.max(refusedMs, performance.now() - from);
      expect(refused).toMatchObject({ code: "inUse" });
      const message = refused instanceof Error ? refused.message : "";
      expect(message).toContain(`process ${child.pid} on ${hostname()} since 2`);
      await sleep(systemClock, random.integer(0, 60));
      const exit = once(child, "exit");
      child.kill("SIGKILL");
      const killed = performance.now();
      await exit;
      const cache = await openWithin(folder, 2_000);
      takenOverMs = Math.max(takenOverMs, performance.now() - killed);
      const table = await cache.openTable("products");
      const { total = 0 } = table.meta;
      const context = `kill ${kill} of DIORAMA_SEED=${seed}`;
      expect(table.lost, context).toBeUndefined();
      expect(total, context).toBeGreaterThanOrEqual(stored());
      expect(table.rowCount, context).toBe(total * 50);
      for await (const batch of table.scan(1_000)) {
        for (const { id, row } of batch) expect(row).toEqual(rowOf(id));
      }
      await cache.close();
    }
    console.log(
      `P8 DIORAMA_SEED=${seed}: ${kills} kills, refused in ≤ ${refusedMs.toFixed(1)} ms, taken over in ≤ ${takenOverMs.toFixed(0)} ms`,
    );
    expect(refusedMs).toBeLessThan(1_000);
    expect(takenOverMs).toBeLessThan(2_000);
  },
  20_000 + kills * 3_000,
);
