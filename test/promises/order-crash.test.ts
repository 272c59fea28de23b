import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";
import { openDurableCache } from "../../src/cache/sqlite/index.ts";
import { createRandom } from "../../src/testing/index.ts";

const seed = Number(process.env["DIORAMA_SEED"] ?? Math.floor(Math.random() * 2 ** 32));
const KILLS = Math.ceil(4 * Number(process.env["DIORAMA_RUNS"] ?? 1));
const writer = fileURLToPath(new URL("./order-writer.ts", import.meta.url));
const root = mkdtempSync(join(tmpdir(), "diorama-order-crash-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

test(`C37 a killed process leaves the earlier order or none, and nothing half-written (DIORAMA_SEED=${seed})`, async () => {
  const random = createRandom(seed);
  const folder = join(root, "killed");
  for (let kill = 0; kill < KILLS; kill++) {
    const child = spawn(process.execPath, [writer, folder], { stdio: ["ignore", "pipe", "inherit"] });
    await once(child.stdout, "data");
    await new Promise((resolve) => setTimeout(resolve, random.integer(0, 150)));
    child.kill("SIGKILL");
    await once(child, "exit");
    const cache = await openDurableCache(folder);
    const table = await cache.openTable("products");
    expect(readdirSync(join(folder, "orders")).filter((file) => !file.endsWith(".order"))).toEqual([]);
    const [stored] = await table.get(["edition"]);
    const wanted = Number(stored?.row["edition"]) & 0xff;
    const readBlock = async (block: number): Promise<Uint8Array | undefined> =>
      table.orders?.read("by price", table.orders.edition, block);
    const first = await readBlock(0);
    if (first !== undefined) {
      for (let block = 0; block < 20; block++) {
        const bytes = await readBlock(block);
        expect([kill, block, bytes?.length, bytes?.every((byte) => byte === wanted)]).toEqual([
          kill,
          block,
          50_000,
          true,
        ]);
      }
    }
    await cache.close();
  }
}, 60_000);
