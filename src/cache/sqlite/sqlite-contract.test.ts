import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, test } from "vitest";
import { cacheContract } from "../../testing/index.ts";
import { openDurableCache } from "./index.ts";

const seed = Number(process.env["DIORAMA_SEED"] ?? Math.floor(Math.random() * 2 ** 32));
const root = mkdtempSync(join(tmpdir(), "diorama-cache-"));

afterAll(() => rmSync(root, { recursive: true, force: true }));

describe("the durable cache", () => {
  cacheContract(test, {
    durable: true,
    keeps: true,
    orders: true,
    seed,
    open: (place) => openDurableCache(join(root, place)),
  });
});
