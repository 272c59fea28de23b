import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createRandom } from "../../src/testing/index.ts";
import { openDurableCache } from "../../src/cache/sqlite/index.ts";

const KILLS = Math.ceil(3 * Number(process.env["DIORAMA_RUNS"] ?? 1));
const seed = Number(process.env["DIORAMA_SEED"] ?? Math.floor(Math.random() * 2 ** 32));
const writer = fileURLToPath(new URL("./journal-writer.ts", import.meta.url));

let folder = "";
beforeAll(() => (folder = mkdtempSync(path.join(tmpdir(), "journal-crash-"))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function begin(): Promise<ChildProcess> {
  const child = spawn(process.execPath, [writer, folder], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(child, "exit").then(() => {
    throw new Error("the writer ended before it was killed");
  });
  await Promise.race([once(child.stdout ?? child, "data"), ended]);
  ended.catch(() => undefined);
  return child;
}

test(`D8 D10 what a killed process leaves is never ahead of its rows (DIORAMA_SEED=${seed})`, async () => {
  const random = createRandom(seed);
  let lastAt = 0;
  for (let kill = 0; kill < KILLS; kill++) {
    const child = await begin();
    await new Promise((resolve) => setTimeout(resolve, random.integer(0, 400)));
    child.kill("SIGKILL");
    await once(child, "exit");
    const cache = await openDurableCache(folder);
    const table = await cache.openTable("products");
    const { complete, clean, notes } = table.meta;
    const at = Number(notes["at"]);
    let rows = 0;
    let oldest = Infinity;
    for await (const batch of table.scan(5_000)) {
      rows += batch.length;
      for (const { row } of batch) oldest = Math.min(oldest, Number(row["at"]));
    }
    expect({ kill, clean, lost: table.lost, isBehind: oldest < at }).toEqual({
      kill,
      clean: false,
      lost: undefined,
      isBehind: false,
    });
    if (complete) expect(rows).toBe(25_000);
    expect(at).toBeGreaterThan(lastAt);
    lastAt = at;
    await cache.close();
  }
}, 60_000);
